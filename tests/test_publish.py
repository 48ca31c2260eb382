"""What people open of a run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from tests.small_run import small_run

from sensitome.io.run_folder import RunFolder
from sensitome.publish import publish


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Folder of a run with a few of its tables."""
    tables, manifest = small_run()
    folder = RunFolder(tmp_path / "results")
    for name in ("wells", "reagents", "plates", "scores", "hits", "funnel"):
        folder.write_table(name, tables[name])
    folder.write_json("manifest.json", manifest)
    return folder.path


def test_files_do_not_depend_on_the_number_of_processes(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("sensitome.publish"), "FEW_CELLS", 0)
    assert publish(results, jobs=2) == results / "report.html"
    made = {path.relative_to(results): path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert {Path("report.html"), Path("results.xlsx"), Path("figures/funnel.svg")} <= set(made)
    publish(results)
    again = {path.relative_to(results): path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert again == made


def test_figures_and_workbook_can_be_left_out(results: Path) -> None:
    publish(results, figures=False, workbook=False)
    assert (results / "report.html").is_file()
    assert not (results / "results.xlsx").exists()
    assert not (results / "figures").exists()
