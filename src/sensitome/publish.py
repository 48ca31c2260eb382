"""From the tables of a run to what people open: page, figures and workbook. Reads tables and the manifest alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl

from sensitome.io.run_folder import RunFolder

__all__ = ["publish"]

Tables = Mapping[str, pl.DataFrame]
#: Tables and manifest → bytes of files by name.
Part = Callable[[Tables, Mapping[str, Any]], dict[str, bytes]]

#: Below so many cells a run is published sooner than other processes are started.
FEW_CELLS = 300_000
#: Figures are drawn in so many heaps, so that processes share them.
HEAPS = 4


def publish(results: str | Path, *, figures: bool = True, workbook: bool = True, jobs: int = 1) -> Path:
    """Write ``report.html``, ``figures/*.svg`` and ``*.pdf`` and ``results.xlsx`` of a run.

    Parameters
    ----------
    results : folder of the run
    figures, workbook : whether to write these too
    jobs : processes for a large run; the files do not depend on it. With more than one, a script that calls this needs
        the usual ``if __name__ == "__main__":``

    Returns
    -------
    Path of the page

    Raises
    ------
    SourceError
        The folder is not that of a run, or cannot be written.
    """
    folder = RunFolder(results)
    tables, manifest = _read(folder)
    # The longest first.
    parts: list[Part] = [_workbook] if workbook else []
    parts += [_page, *(partial(_figures, heap=heap) for heap in range(HEAPS if figures else 0))]
    if jobs > 1 and sum(table.height * table.width for table in tables.values()) >= FEW_CELLS:
        made = _beside(parts, results=folder.path, jobs=jobs)
    else:
        made = (part(tables, manifest) for part in parts)
    for files in made:
        for name, content in files.items():
            folder.write_bytes(name, content)
    return folder.path / "report.html"


def _beside(parts: list[Part], *, results: Path, jobs: int) -> Iterator[dict[str, bytes]]:
    """Files of every part, made in processes of their own: neither the workbook nor the renderer lets threads pass."""
    with ProcessPoolExecutor(min(jobs, len(parts)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_make, results=results), parts)


def _make(part: Part, *, results: Path) -> dict[str, bytes]:
    """Files of one part, from the folder of the run."""
    return part(*_read(RunFolder(results)))


def _read(folder: RunFolder) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Tables, known truth included, and the manifest."""
    tables, manifest = folder.read_tables(), folder.read_manifest()
    if folder.table_path("truth").is_file():
        tables["truth"] = folder.read_table("truth")
    return tables, manifest


def _page(tables: Tables, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    from sensitome.report.page import build_page

    return {"report.html": build_page(tables, manifest).encode()}


def _workbook(tables: Tables, _manifest: Mapping[str, Any]) -> dict[str, bytes]:
    from sensitome.io.workbook import workbook_bytes

    return {"results.xlsx": workbook_bytes(tables)}


def _figures(tables: Tables, manifest: Mapping[str, Any], *, heap: int) -> dict[str, bytes]:
    """Every figure of a heap that the tables allow."""
    from sensitome.charts.export import render_both
    from sensitome.charts.registry import FIGURES

    files = {}
    for figure in FIGURES[heap::HEAPS]:
        drawn = figure.specify(tables, manifest) if all(name in tables for name in figure.needs) else None
        if drawn is not None:
            files[f"figures/{figure.name}.svg"], files[f"figures/{figure.name}.pdf"] = render_both(drawn)
    return files
