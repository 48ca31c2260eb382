"""Numbers as people and instruments write them: decimal commas, thousands separators, marks for no reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["DECIMALS", "detect_decimal", "is_overflow", "parse_number", "parse_numbers"]

DECIMALS = (".", ",")

_MISSING = frozenset({"", "-", "--", "---", "—", ".", "na", "n/a", "#n/a", "nan", "null", "none", "n.a.", "nd", "n.d."})
_OVERFLOW = frozenset({"over", "ovrflw", "overflow", "ovfl", "over range", "overrange", "saturated", "inf", "∞"})
# Plain, hard, narrow and thin spaces, and apostrophes, between thousands.
_SPACES = re.compile("(?<=\\d)[ \\u00a0\\u202f\\u2009'\u2019](?=\\d{3}(?!\\d))")
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"([+-]?)([1-9]\d{0,2}(?:[.,]\d{3})+)((?:[.,]\d*)?(?:[eE][+-]?\d+)?)")


def is_overflow(text: str) -> bool:
    """Whether a cell says that the signal was beyond the detector's range.

    >>> is_overflow("OVRFLW"), is_overflow("> 1E6"), is_overflow("12")
    (True, True, False)
    """
    folded = text.strip().strip("#*").casefold().lstrip("+")
    return folded in _OVERFLOW or folded.startswith(">")


def parse_number(text: str, *, decimal: str | None = None) -> float | None:
    """Number in a cell; None when the cell says that there is no reading.

    Parameters
    ----------
    text : the cell, e.g. ``"1,234,567"``, ``"1.234.567,8"``, ``"1 234"``, ``"1'234"``, ``"2,5E3"``, ``"NA"``
    decimal : "." or "," as found for the whole file by `detect_decimal`; None decides from this cell alone, where one
        comma before exactly three digits ("1,234") separates thousands and one point never does

    Returns
    -------
    The number; None for an empty cell, "NA", "N/A", "NaN", "null", "-" and their kin, and for overflow
    (`is_overflow` tells it apart)

    Raises
    ------
    ValueError
        The text is not a number.

    >>> parse_number("1,234,567"), parse_number("12,5"), parse_number("1.234,5"), parse_number("1.234", decimal=",")
    (1234567.0, 12.5, 1234.5, 1234.0)
    >>> parse_number("N/A") is None, parse_number("OVER") is None
    (True, True)
    """
    cell = text.strip()
    if _PLAIN.fullmatch(cell) and (decimal != "," or "." not in cell):
        return float(cell)
    if cell.casefold() in _MISSING or is_overflow(cell):
        return None
    cell = _SPACES.sub("", cell.replace("\u2212", "-"))
    plain = _with_point(cell, detect_decimal([cell]) if decimal is None else decimal)
    if plain is None:
        raise ValueError(f"{text!r} is not a number")
    return float(plain)


def detect_decimal(cells: Iterable[str]) -> str:
    """Decimal separator of a whole block of cells: "." or ",".

    Parameters
    ----------
    cells : every cell that holds a number, in any order; other text is passed over

    Returns
    -------
    The sign for which more cells speak. A cell speaks when only one reading is possible: both signs occur (the last
    one is decimal), one sign occurs twice (it separates thousands), or the digits around a single sign cannot be a
    group of thousands ("12,5", "0,123", "1234,567"). When no cell speaks, or as many for each, the answer is ".": then
    "1,234" is one thousand two hundred and thirty-four, and "1.234" a little more than one.

    >>> detect_decimal(["12,5", "1.234"]), detect_decimal(["1,234"]), detect_decimal(["1.234.567"])
    (',', '.', ',')
    """
    cells = list(cells)
    if not any("," in cell or cell.count(".") > 1 for cell in cells):
        return "."
    votes = {".": 0, ",": 0}
    for cell in cells:
        if "," in cell or "." in cell:
            sign = _spoken(_SPACES.sub("", cell.strip()))
            if sign:
                votes[sign] += 1
    return "," if votes[","] > votes["."] else "."


def parse_numbers(
    cells: Sequence[str], *, decimal: str | None = None
) -> tuple[npt.NDArray[np.float64], list[int], list[int]]:
    """Numbers of many cells at once, by the rules of `parse_number`.

    Parameters
    ----------
    cells : (n,) text of the cells
    decimal : "." or ","; None finds it over all cells together (`detect_decimal`)

    Returns
    -------
    values : (n,) float64; NaN = no reading, overflow or not a number
    bad : positions of the cells that are not numbers
    overflowed : positions of the cells that say overflow
    """
    decimal = detect_decimal(cells) if decimal is None else decimal
    quick = _quick(cells) if decimal == "." else None
    if quick is not None:
        return quick, [], []
    values = np.full(len(cells), np.nan)
    bad: list[int] = []
    overflowed: list[int] = []
    for position, cell in enumerate(cells):
        try:
            number = parse_number(cell, decimal=decimal)
        except ValueError:
            bad.append(position)
            continue
        if number is not None:
            values[position] = number
        elif is_overflow(cell):
            overflowed.append(position)
    return values, bad, overflowed


def _quick(cells: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """All cells through Python's own float, or None where that might read a cell otherwise than `parse_number`."""
    try:
        values = np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
    except ValueError:
        return None
    strange = any(cells[int(position)] for position in np.flatnonzero(~np.isfinite(values)))
    return None if strange or any("_" in cell for cell in cells) else values


def _with_point(cell: str, decimal: str) -> str | None:
    """Cell as Python writes numbers, thousands joined; None when it is not a number under this decimal sign."""
    thousands = "," if decimal == "." else "."
    grouped = _GROUPED.fullmatch(cell)
    if grouped and decimal not in grouped.group(2) and thousands not in grouped.group(3):
        cell = grouped.group(1) + grouped.group(2).replace(thousands, "") + grouped.group(3)
    if thousands in cell:
        return None
    plain = cell.replace(",", ".")
    return plain if _PLAIN.fullmatch(plain) else None


def _spoken(cell: str) -> str:
    """Decimal sign that this cell proves, or an empty string."""
    points, commas = cell.count("."), cell.count(",")
    if not re.fullmatch(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?", cell):
        return ""
    if points and commas:
        return "." if cell.rfind(".") > cell.rfind(",") else ","
    if points + commas > 1:
        return "," if points else "."
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", cell):
        return ""
    return "." if points else ","
