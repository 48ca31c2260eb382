"""``study.toml``: read, resolved against its preset, and checked, with the line of every fault."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from sensitome.errors import Fault, SettingsError, SourceError, listed, suggestion
from sensitome.settings import PRESETS, Preset, Study

__all__ = ["preset", "preset_text", "read_preset", "read_study", "resolve_study"]

_TABLE = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


def read_study(path: str | Path) -> Study:
    """Read ``study.toml``.

    Parameters
    ----------
    path : the file, or the folder that holds it

    Raises
    ------
    SourceError
        There is no such file, or it is not text.
    SettingsError
        It is not TOML, names an unknown preset, or has keys or values that the settings do not allow: all at once,
        each with its line.
    """
    path = Path(path)
    path = path / "study.toml" if path.is_dir() else path
    if not path.is_file():
        raise SourceError(
            "no study file",
            where=str(path),
            expected="a study.toml",
            next_step="Run `sensitome init FOLDER` to make one to fill in.",
        )
    text = path.read_text(encoding="utf-8-sig")
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            "not valid TOML", where=str(path), found=str(error), next_step="Mend that line; see https://toml.io."
        ) from error
    given.setdefault("name", path.resolve().parent.name)
    return resolve_study(given, source=str(path), text=text)


def resolve_study(given: Mapping[str, Any], *, source: str = "study", text: str = "") -> Study:
    """Lay the study's own settings over its preset and check them.

    Parameters
    ----------
    given : the settings as nested tables
    source : what messages call it
    text : the TOML text, to name lines

    Raises
    ------
    SettingsError
        As `read_study`.
    """
    chosen = given.get("preset")
    merged = dict(given)
    if chosen is not None:
        _refuse_unknown(chosen, source=source)
        base = read_preset(chosen)
        version = base.pop("version")
        merged = {**_merge(base, given), "preset_version": version}
    try:
        return Study.model_validate(merged)
    except ValidationError as error:
        lines = dict(_lines(text))
        faults = [_fault(detail, source=source, lines=lines) for detail in error.errors(include_url=False)]
        raise SettingsError(
            "the study cannot be used as it is",
            where=source,
            faults=faults,
            next_step="" if chosen else f"A preset answers what is missing: preset = {listed(PRESETS)}.",
        ) from None


def preset(name: str) -> Preset:
    """Settings of a preset, for use in Python.

    Raises
    ------
    SettingsError
        There is no such preset.

    >>> preset("normann2021").hits.k
    3.0
    """
    _refuse_unknown(name, source="preset")
    return Preset.model_validate(read_preset(name))


def preset_text(name: str) -> str:
    """Text of a preset file of the package."""
    return resources.files("sensitome").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")


def read_preset(name: str) -> dict[str, Any]:
    """Settings of a preset, with its ``version``."""
    return tomllib.loads(preset_text(name))


def _refuse_unknown(name: object, *, source: str) -> None:
    if name not in PRESETS:
        raise SettingsError(
            "unknown preset",
            where=source,
            found=repr(name),
            expected=listed(PRESETS),
            next_step=suggestion(str(name), PRESETS),
        )


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested tables over each other; lists and values are replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Where each table and key of a TOML text stands, 1-based."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = tuple(part.strip().strip("\"'") for part in header.group(1).split("."))
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *(part.strip("\"'") for part in key.group(1).split("."))), number


def _fault(detail: Any, *, source: str, lines: Mapping[tuple[str, ...], int]) -> Fault:
    """One fault of pydantic in the words of this project."""
    place = tuple(str(part) for part in detail["loc"] if not isinstance(part, int))
    line = next((lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines), None)
    kind = detail["type"]
    name = ".".join(place)
    if kind == "extra_forbidden":
        known = _fields_at(place[:-1])
        return Fault(
            rule=f"a known key: {listed(known)}",
            file=source,
            line=line,
            column=name,
            value=place[-1],
            next_step=suggestion(place[-1], known),
        )
    if kind == "missing":
        return Fault(rule=f"the key {name!r} is missing", file=source, line=line)
    value = detail.get("input")
    rule = str(detail["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    hint = suggestion(value, re.findall(r"'([^']+)'", rule)) if isinstance(value, str) else ""
    shown = None if isinstance(value, dict) else value
    rule = f"expected {rule}" if shown is None else rule
    return Fault(rule=rule, file=source, line=line, column=name, value=shown, next_step=hint)


def _fields_at(place: tuple[str, ...]) -> list[str]:
    """Names of the settings at a place of the study."""
    model: type[BaseModel] = Study
    for part in place:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        annotation = next((option for option in get_args(annotation) if option is not type(None)), annotation)
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
