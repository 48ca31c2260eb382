"""Every error and caution of the project: what, where, found, expected, next step.

A message always has the same shape, so that a person at the bench can act on it::

    too few negative wells in plate "P7": found 0, expected at least 3. Mark the controls in the layout.

The parts are kept as fields, so that the command, the page and a log can lay them out each in its own way.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Caution",
    "ControlError",
    "Fault",
    "LayoutError",
    "MethodError",
    "MissingExtraError",
    "NetworkError",
    "SensitomeError",
    "SettingsError",
    "SourceError",
    "TableError",
    "listed",
    "suggestion",
]

SHOWN_FAULTS = 5


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in one place of one input.

    Parameters
    ----------
    rule : what should be there, in words
    file : the file, as the user named it; "" when the fault is not in a file
    line : 1-based line (or row of a sheet); None when the fault concerns the whole file
    column : the column by name, letter or number; "" when it concerns the whole line
    value : what was found, verbatim; None when nothing was found
    next_step : what to do about it
    """

    rule: str
    file: str | Path = ""
    line: int | None = None
    column: str = ""
    value: object = None
    next_step: str = ""

    def __str__(self) -> str:
        place = [str(self.file)] if str(self.file) not in ("", ".") else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.column:
            place.append(f"column {self.column}")
        text = f"{', '.join(place)}: " if place else ""
        if self.value is not None:
            text += f"found {self.value!r}, "
        text += f"expected {self.rule}." if self.value is not None else f"{self.rule}."
        return f"{text} {self.next_step}".rstrip()


def listed(options: Iterable[object], *, last: str = "or", most: int = 12) -> str:
    """Options as a readable list: ``'a', 'b' or 'c'``; past `most` the rest is counted.

    >>> listed(["a", "b", "c"])
    "'a', 'b' or 'c'"
    >>> listed(range(5), most=2)
    '0, 1 and 3 more'
    """
    shown = [repr(option) for option in options]
    if not shown:
        return "none"
    if len(shown) > most:
        return f"{', '.join(shown[:most])} and {len(shown) - most} more"
    if len(shown) == 1:
        return shown[0]
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def suggestion(name: str, options: Iterable[str]) -> str:
    """``Did you mean 'x'?`` for the closest option, or an empty string.

    >>> suggestion("spam", ["span", "degree"])
    "Did you mean 'span'?"
    """
    by_fold = {option.casefold(): option for option in options}
    close = difflib.get_close_matches(name.casefold(), list(by_fold), n=1, cutoff=0.6)
    return f"Did you mean {by_fold[close[0]]!r}?" if close else ""


class SensitomeError(Exception):
    """Something that the user can mend; the base of every error that the project raises.

    Parameters
    ----------
    what : what is wrong, a phrase without a capital or a full stop
    where : the file, plate, column or setting
    found : the value met
    expected : the rule
    next_step : what to do, one sentence with its full stop
    faults : all single faults, when there are several; at most five are shown, all are counted
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        found: object = None,
        expected: str = "",
        next_step: str = "",
        faults: Sequence[Fault] = (),
    ) -> None:
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.next_step = next_step
        self.faults = tuple(faults)
        super().__init__(what)

    def __str__(self) -> str:
        text = _sentence(self.what, self.where, self.found, self.expected, self.next_step)
        if not self.faults:
            return text
        lines = [text, *(f"  {fault}" for fault in self.faults[:SHOWN_FAULTS])]
        if len(self.faults) > SHOWN_FAULTS:
            lines.append(f"  … and {len(self.faults) - SHOWN_FAULTS} more ({len(self.faults)} in all).")
        return "\n".join(lines)


class SourceError(SensitomeError):
    """A file cannot be read as what it was said to be."""


class TableError(SensitomeError):
    """A table lacks a column, or has values that its schema does not allow."""


class LayoutError(SensitomeError):
    """Plates, plate list and library do not fit together."""


class ControlError(SensitomeError):
    """A method needs control or sample wells that a plate does not have."""


class MethodError(SensitomeError):
    """A method is unknown, or this design cannot support it."""


class NetworkError(SensitomeError):
    """A download that was asked for did not arrive whole."""

    exit_code = 3


class SettingsError(SensitomeError):
    """``study.toml`` has a key or a value that the settings do not allow."""


class MissingExtraError(SensitomeError):
    """A feature needs an optional package that is not installed."""

    exit_code = 2

    def __init__(self, feature: str, *, extra: str, package: str) -> None:
        super().__init__(
            f"{feature} needs the package {package!r}, which is not installed",
            next_step=f"Run: pip install 'sensitome[{extra}]'.",
        )


class Caution(UserWarning):
    """An answer that stands but needs care; cautions travel with the result into the report.

    The parts are those of `SensitomeError`.
    """

    def __init__(
        self, what: str, *, where: object = None, found: object = None, expected: str = "", next_step: str = ""
    ) -> None:
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.next_step = next_step
        super().__init__(_sentence(what, where, found, expected, next_step))


def _sentence(what: str, where: object, found: object, expected: str, next_step: str) -> str:
    text = what
    if where is not None:
        text += f" in {where}"
    details = []
    if found is not None:
        details.append(f"found {found}")
    if expected:
        details.append(f"expected {expected}")
    if details:
        text += f": {', '.join(details)}"
    text = text if text.endswith((".", "?", "!")) else f"{text}."
    return f"{text} {next_step}".rstrip()
