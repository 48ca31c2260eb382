"""Writes readings as EnVision does in plate format, for simulated screens that start from raw files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sensitome.io.readings import PlateMatrix
from sensitome.plates import row_letters

__all__ = ["envision_text", "write_envision"]

_LABEL = "US LUM 384"
_FOOTER = (
    "",
    "Basic assay information ",
    "Assay ID: {d}{d}{d}{d}1",
    "Protocol Name: {d}{d}{d}{d}Luminescence",
    "",
    "Protocol information",
    "Protocol name{d}{d}{d}{d}Luminescence",
    "",
    "Exported with EnVision Workstation version 1.14 (format)",
)


def write_envision(
    plates: Sequence[PlateMatrix],
    path: str | Path,
    *,
    delimiter: str = ";",
    label: str = _LABEL,
    crosstalk: bool = False,
) -> None:
    """Write plates as one EnVision export.

    Parameters
    ----------
    plates : in order; plates that follow each other with one `block` are channels of one plate
    path : the file to write
    delimiter : ";" or ","
    label : name of the measurement
    crosstalk : also write the block that the instrument calculates, before the raw one, as the semicolon dialect does;
        it holds the same numbers

    Raises
    ------
    OSError
        The file cannot be written.
    """
    text = envision_text(plates, delimiter=delimiter, label=label, crosstalk=crosstalk)
    Path(path).write_bytes(text.encode("utf-8"))


def envision_text(
    plates: Sequence[PlateMatrix], *, delimiter: str = ";", label: str = _LABEL, crosstalk: bool = False
) -> str:
    r"""Text of an EnVision export, lines ended by ``\r\n``; numbers in as few digits as give them back exactly."""
    lines: list[str] = []
    numbers = {block: str(n) for n, block in enumerate(dict.fromkeys(plate.block for plate in plates), 1)}
    for plate in plates:
        name = label if plate.channel == "1" else plate.channel
        formula = f"Calc 1: Crosstalk = Crosstalk correction where Label : {name}(1) channel 1"
        if crosstalk:
            lines += [*_information(plate, numbers[plate.block], delimiter, formula=formula), ""]
            lines += [f"Calculated results: {formula}", *_matrix(plate, delimiter), ""]
        lines += [*_information(plate, numbers[plate.block], delimiter, label=name), ""]
        title = f"Results for {name}(1) - channel 0 (CPS)" if plate.channel == "1" else f"Results for {name}"
        lines += [title, *_matrix(plate, delimiter), ""]
    lines += [line.format(d=delimiter) for line in _FOOTER]
    return "\r\n".join(lines) + "\r\n"


def _information(plate: PlateMatrix, number: str, d: str, *, label: str = "", formula: str = "") -> list[str]:
    # As the instrument does, so that neither Excel nor a delimiter in it changes a barcode.
    barcode = f'"=""{plate.barcode}"""' if plate.barcode else ""
    what, value = ("Formula", formula) if formula else ("Label", f"{label}(1)")
    return [
        "Plate information ",
        d.join(["Plate", "Repeat", "Barcode", what, "Measurement date", ""]),
        d.join([number, "1", barcode, value, "1/1/2021 9:00:00 AM", ""]),
    ]


def _matrix(plate: PlateMatrix, d: str) -> list[str]:
    height, width = plate.values.shape
    rows = plate.rows or tuple(range(1, height + 1))
    columns = plate.columns or tuple(range(1, width + 1))
    lines = [d.join(["", *(f"{column:02d}" for column in columns), ""])]
    for row, values in zip(rows, plate.values.tolist(), strict=True):
        lines.append(d.join([row_letters(row), *(_number(value) for value in values), ""]))
    return lines


def _number(value: float) -> str:
    """Shortest text that gives the same float64 back; nothing for no reading."""
    if np.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
