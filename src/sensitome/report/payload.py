"""Data that travel inside the page: JSON that no reagent name can break out of, column tables, packed plates."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Column", "Packed", "column_table", "pack", "safe_json"]

#: Characters that could end a script element or a line of it.
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}

FloatArray = npt.NDArray[np.float64]
#: Title, digits after the point (None = text), and use: "filter", "reagent", "card" (opens one), "verdict", "mark" (its
#: sign alone), "share", "long", "code", "rate" (has a floor), "size" (no closer than its digits), "pick" (filter
#: alone), "hidden" (in the CSV alone) or "".
Column = tuple[str, int | None, str]
Packed = dict[str, Any]


def safe_json(value: object) -> str:
    r"""JSON that may stand inside a script element.

    >>> safe_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


def column_table(frame: pl.DataFrame, columns: Mapping[str, Column], *, caption: str, name: str) -> dict[str, Any]:
    """Columns of a table for the page's own table widget: texts as levels and codes, numbers rounded.

    Parameters
    ----------
    frame : the rows, in the order in which they are first shown
    columns : column → title, digits, use
    caption : of the table
    name : file name of the CSV download, without its ending

    Returns
    -------
    JSON-able: ``{"name", "caption", "rows", "columns": [{"id", "title", "digits", "use", "levels"?, "values"}]}``
    """
    packed = []
    for column, (title, digits, use) in columns.items():
        series = frame[column]
        entry: dict[str, Any] = {"id": column, "title": title, "digits": digits, "use": use}
        if digits is None:
            texts = series.cast(pl.String)
            levels = texts.drop_nulls().unique(maintain_order=True)
            codes = {level: index for index, level in enumerate(levels)}
            entry["levels"] = levels.to_list()
            entry["values"] = [-1 if text is None else codes[text] for text in texts]
        else:
            numbers = series.cast(pl.Float64).fill_nan(None)
            finite = pl.select(pl.when(numbers.is_finite()).then(numbers.round(max(digits + 2, 0)))).to_series()
            entry["values"] = [None if v is None else int(v) if v == int(v) else v for v in finite]
        packed.append(entry)
    return {"name": name, "caption": caption, "rows": frame.height, "columns": packed}


def pack(values: FloatArray, low: FloatArray, high: FloatArray, *, wide: bool) -> str:
    """Quantize values between per-plate limits and write them as base64.

    Parameters
    ----------
    values : (plates, cells); NaN = no value
    low, high : (plates,) limits of each plate
    wide : two bytes a value (little endian) instead of one

    Returns
    -------
    base64; code 0 = no value, codes 1 … 255 (or 65,535) evenly from low to high
    """
    top = 65535 if wide else 255
    span = np.where(high > low, high - low, 1.0)
    with np.errstate(invalid="ignore"):
        share = np.clip((values - low[:, None]) / span[:, None], 0.0, 1.0)
    codes = np.where(np.isfinite(values), 1 + np.rint(np.nan_to_num(share) * (top - 1)), 0)
    return base64.b64encode(codes.astype("<u2" if wide else "u1").tobytes()).decode()
