"""PerkinElmer EnVision exports in plate format: comma or semicolon text of any version, and Excel.

A file is a run of sections: "Plate information", "Background information", and blocks of readings titled "Results for
<label> - channel <n> (<unit>)" (raw) or "Calculated results: <formula>" (such as crosstalk correction). The raw blocks
are taken unless another is named. Plate information may stand before or after its block, titles, row letters and column
numbers may be left out, and what follows the last block (protocol, plate map, instrument) is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sensitome.errors import SourceError, listed, suggestion
from sensitome.io.cells import Row
from sensitome.io.envision_sections import RAW, EnvisionBlock, envision_blocks, text_rows
from sensitome.io.grid import Grid, column_numbers, lay_out, values_of
from sensitome.io.readings import PlateMatrix, Readings, readings_from, take_channel
from sensitome.io.sheets import is_workbook, read_sheet
from sensitome.io.sources import decode, read_bytes

__all__ = ["read_envision"]


def read_envision(
    path: str | Path,
    *,
    block: str | None = None,
    channel: str | None = None,
    sheet: str | int | None = None,
    decimal: str | None = None,
) -> Readings:
    """Readings of an EnVision export.

    Parameters
    ----------
    path : .csv, .txt or .xlsx as the instrument writes it
    block : title of the blocks to take, or a part of it ("crosstalk"); None takes the raw ones ("Results for …")
    channel : the only channel to keep, by name or number; None keeps all
    sheet : sheet of a workbook; None takes the first that is not empty
    decimal : "." or ","; None finds it over all blocks

    Returns
    -------
    One row per well that the file lists. With several plates `block` is the barcode where each plate has one of its
    own, else the running number; with several raw blocks a plate `channel` is the block's title without "Results for".

    Raises
    ------
    SourceError
        No block of readings; no raw block, or none of the name asked for (those that are there are named); cells that
        are not numbers; more wells in a row than its header says.

    Notes
    -----
    Values equal those that gDRimport (Excel) and allotropy (luminescence) read from the same files, exactly. Where a
    file leaves rows out, the row letters of the file hold here, while allotropy counts rows from A.
    """
    rows, sheets = _rows(path, sheet)
    blocks = envision_blocks(rows)
    if not blocks:
        raise SourceError(
            "no block of readings",
            where=path,
            expected='"Plate information" and "Results for …", as EnVision writes in plate format',
            next_step="Export in plate format, or choose another reader.",
        )
    titles = list(dict.fromkeys(b.title for b in blocks))
    chosen = _chosen(titles, block, path)
    taken = [b for b in blocks if b.title in chosen]
    names = _plate_names(taken)
    grids = [_grid(b.rows, path) for b in taken]
    values = values_of(grids, decimal=decimal, path=path)
    if values.faults:
        raise SourceError(
            "readings cannot be read", where=path, faults=values.faults, next_step="Correct these places:"
        )
    plates = [
        PlateMatrix(
            matrix,
            block=name,
            barcode=b.plate.barcode if b.plate else None,
            channel="1" if len(chosen) == 1 else b.title.removeprefix(RAW),
            rows=grid.rows,
            columns=grid.columns,
        )
        for b, name, grid, matrix in zip(taken, names, grids, values.matrices, strict=True)
    ]
    over = [f"{well} of plate {name}" for name, wells in zip(names, values.overflowed, strict=True) for well in wells]
    others = [*(title for title in titles if title not in chosen), *sheets]
    readings = readings_from(plates, taken="; ".join(chosen), others=others, overflowed=over)
    return take_channel(readings, channel, path=path)


def _rows(path: str | Path, sheet: str | int | None) -> tuple[list[Row], tuple[str, ...]]:
    """Rows of the file, and the names of sheets that were left."""
    data = read_bytes(path)
    if is_workbook(data):
        taken = read_sheet(path, sheet=sheet)
        return taken.rows, tuple(f"sheet {name}" for name in taken.others)
    return text_rows(decode(data, path=path)), ()


def _chosen(titles: Sequence[str], wanted: str | None, path: str | Path) -> list[str]:
    if wanted is None:
        raw = [title for title in titles if title.casefold().startswith(RAW.strip().casefold())]
        if raw:
            return raw
        raise SourceError(
            "no raw block of readings",
            where=path,
            found=listed(titles, last="and"),
            expected='a block "Results for …"',
            next_step="Export the raw readings too, or name the block to take.",
        )
    folded = wanted.casefold()
    exact = [title for title in titles if title.casefold() == folded]
    chosen = exact or [title for title in titles if folded in title.casefold()]
    if not chosen:
        raise SourceError(
            "no such block of readings",
            where=path,
            found=repr(wanted),
            expected=listed(titles),
            next_step=suggestion(wanted, titles) or "Name one of these blocks, or a part of its title.",
        )
    return chosen


def _plate_names(blocks: Sequence[EnvisionBlock]) -> list[str]:
    """Name of the plate of each block: a title that comes again for the same plate begins the next one."""
    seen: dict[tuple[object, str], int] = {}
    keys = []
    for block in blocks:
        key = (block.plate.key, block.plate.barcode) if block.plate else None
        seen[key, block.title] = seen.get((key, block.title), 0) + 1
        keys.append((key, seen[key, block.title]))
    plates = list(dict.fromkeys(keys))
    barcodes = [key[1] if key else None for key, _ in plates]
    if len(plates) > 1 and all(barcodes) and len(set(barcodes)) == len(plates):
        named = dict(zip(plates, map(str, barcodes), strict=True))
    else:
        named = {plate: str(number) for number, plate in enumerate(plates, 1)}
    return [named[key] for key in keys]


def _grid(rows: Sequence[Row], path: str | Path) -> Grid:
    columns = column_numbers(rows[0][1])
    return lay_out(rows[1:] if columns else rows, columns=columns, path=path)
