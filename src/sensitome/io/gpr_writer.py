"""Writes spots as GenePix results, for simulated lysate arrays that start from raw files."""

from __future__ import annotations

import polars as pl

__all__ = ["gpr_text"]


def gpr_text(spots: pl.DataFrame, *, wavelength: str = "700", comment: str = "") -> str:
    r"""Text of a GenePix result (ATF 1.0), lines ended by ``\r\n``.

    Parameters
    ----------
    spots : columns `block`, `row`, `column`, `id`, `foreground`, `background`, `flag`
    wavelength : of the scan
    comment : header record

    Returns
    -------
    The text; numbers in as few digits as give them back exactly
    """
    records = [
        "Type=GenePix Results 3",
        f"Wavelengths={wavelength}",
        "BackgroundSubtraction=LocalFeature",
        "Scanner=Odyssey",
        f"Comment={comment}",
    ]
    own, around = f"F{wavelength}", f"B{wavelength}"
    names = ["Block", "Column", "Row", "Name", "ID", f"{own} Median", f"{around} Median", f"{own} % Sat.", "Flags"]
    table = spots.select(
        "block",
        "column",
        "row",
        pl.lit("").alias("name"),
        "id",
        "foreground",
        "background",
        pl.lit(0).alias("saturated"),
        "flag",
    )
    lines = ["ATF\t1.0", f"{len(records)}\t{len(names)}", *(f'"{record}"' for record in records)]
    lines.append("\t".join(f'"{name}"' for name in names))
    lines += ["\t".join("" if cell is None else _cell(cell) for cell in row) for row in table.iter_rows()]
    return "\r\n".join(lines) + "\r\n"


def _cell(value: object) -> str:
    """A number without a needless point, or a quoted text."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value)
