"""Gene symbols that a spreadsheet turned into dates, and symbols that were renamed because it does."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["mend_symbols"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Family behind a month, and how many members it has.
_FAMILIES = {"sep": ("SEPTIN", 14), "mar": ("MARCHF", 11), "dec": ("DELEC", 1)}
# 1-Mar and 2-Mar are also what MARC1 and MARC2 (now MTARC1, MTARC2) become.
_TWO_MEANINGS = {"1": "'MARCHF1' and 'MTARC1'", "2": "'MARCHF2' and 'MTARC2'"}
_NUMBER_FIRST = r"^(?P<day>\d{1,4})[-./ ](?P<month>[A-Za-z]{3})[a-z]*$"
_MONTH_FIRST = r"^(?P<month>[A-Za-z]{3})[a-z]*[-./ ](?P<day>\d{1,4})$"
_WRITTEN_OUT = r"^(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?: 00:00:00)?$"
_RENAMED = r"^(?P<family>SEPT|MARCH|MARC|DEC)(?P<number>\d{1,2})$"
_NOW = {"SEPT": "SEPTIN", "MARCH": "MARCHF", "MARC": "MTARC", "DEC": "DELEC"}


def mend_symbols(symbols: pl.Series) -> pl.DataFrame:
    """Give symbols that became dates, or were renamed for that reason, their present form.

    Parameters
    ----------
    symbols : (n,) String: ``10-Sep``, ``Sep-10``, ``2024-09-10``, ``SEPT10``, ``ERBB2`` …

    Returns
    -------
    (n,) rows: ``symbol`` (null where a date or a number cannot be mended), ``is_date`` (the cell was one), ``problem``
    (in words; null when there is none)

    Notes
    -----
    HGNC renamed SEPT#, MARCH#, MARC# and DEC1 to SEPTIN#, MARCHF#, MTARC# and DELEC1; old and new forms are brought
    together. 1-Mar and 2-Mar have two meanings and are not mended.

    References
    ----------
    Ziemann et al. 2016, doi:10.1186/s13059-016-1044-7; Bruford et al. 2020, doi:10.1038/s41588-020-0669-3
    """
    distinct = symbols.cast(pl.String).unique(maintain_order=True).rename("_given")
    mended = [_mended(cell) for cell in distinct.to_list()]
    table = pl.DataFrame(
        {
            "_given": distinct,
            "symbol": [symbol for symbol, _, _ in mended],
            "is_date": [is_date for _, is_date, _ in mended],
            "problem": [problem for _, _, problem in mended],
        },
        schema={"_given": pl.String, "symbol": pl.String, "is_date": pl.Boolean, "problem": pl.String},
    )
    given = pl.DataFrame({"_given": symbols.cast(pl.String)})
    return given.join(table, on="_given", how="left", maintain_order="left", nulls_equal=True).drop("_given")


def _mended(cell: str | None) -> tuple[str | None, bool, str | None]:
    """Symbol, whether the cell was a date, and what is wrong with it."""
    text = "" if cell is None else cell.strip()
    if not text:
        return None, False, "the cell is empty"
    day = _day(text)
    if day is not None:
        return _of_date(text, *day)
    if text.replace(".", "", 1).isdigit():
        return None, False, f"{text!r} is a number, not a symbol"
    return _present(text), False, None


def _day(text: str) -> tuple[str, str] | None:
    """Day and month of a date, the month as three small letters; None when the text is none."""
    if not any(sign in text for sign in "-./ "):
        return None
    for pattern in (_NUMBER_FIRST, _MONTH_FIRST):
        found = _match(pattern, text)
        if found and found["month"].lower() in _MONTHS:
            return found["day"].lstrip("0"), found["month"].lower()
    found = _match(_WRITTEN_OUT, text)
    if found and 1 <= int(found["month"]) <= 12:
        return found["day"].lstrip("0"), _MONTHS[int(found["month"]) - 1]
    return None


def _of_date(text: str, day: str, month: str) -> tuple[str | None, bool, str | None]:
    if month == "mar" and day in _TWO_MEANINGS:
        return None, True, f"{text!r} is a date that stands for both {_TWO_MEANINGS[day]}"
    family, members = _FAMILIES.get(month, ("", 0))
    if not day.isdigit() or not 1 <= int(day) <= members:
        return None, True, f"{text!r} is a date that stands for no known symbol"
    return f"{family}{day}", True, None


def _present(text: str) -> str:
    """Present name of a renamed symbol; others as they are."""
    if text[:3] not in ("SEP", "MAR", "DEC"):
        return text
    found = _match(_RENAMED, text)
    return f"{_NOW[found['family']]}{int(found['number'])}" if found else text


def _match(pattern: str, text: str) -> dict[str, str] | None:
    found = re.match(pattern, text)
    return found.groupdict() if found else None
