"""From the tables of a run to what people open: page, figures and workbook. Reads tables and the manifest alone."""

from __future__ import annotations

from pathlib import Path

from sensitome.io.run_folder import RunFolder

__all__ = ["publish"]


def publish(results: str | Path, *, figures: bool = True, workbook: bool = True) -> Path:
    """Write ``report.html``, ``figures/*.svg`` and ``*.pdf`` and ``results.xlsx`` of a run.

    Parameters
    ----------
    results : folder of the run
    figures, workbook : whether to write these too

    Returns
    -------
    Path of the page

    Raises
    ------
    SourceError
        The folder is not that of a run, or cannot be written.
    """
    from sensitome.charts.export import render_both
    from sensitome.charts.registry import FIGURES
    from sensitome.io.workbook import workbook_bytes
    from sensitome.report.page import build_page

    folder = RunFolder(results)
    tables, manifest = folder.read_tables(), folder.read_manifest()
    if folder.table_path("truth").is_file():
        tables["truth"] = folder.read_table("truth")
    page = folder.write_bytes("report.html", build_page(tables, manifest).encode())
    if workbook:
        folder.write_bytes("results.xlsx", workbook_bytes(tables))
    for figure in FIGURES if figures else ():
        if not all(name in tables for name in figure.needs):
            continue
        specification = figure.specify(tables, manifest)
        if specification is None:
            continue
        svg, pdf = render_both(specification)
        folder.write_bytes(f"figures/{figure.name}.svg", svg)
        folder.write_bytes(f"figures/{figure.name}.pdf", pdf)
    return page
