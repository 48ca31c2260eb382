"""The run folder: atomic files, the ledger, and inputs that change."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import SourceError
from sensitome.io.run_folder import RunFolder, StageRecord, fingerprint, refuse_changed, write_atomically

TABLE = pl.DataFrame({"step": [1, 2], "name": ["a", "b"]})


def test_a_table_is_written_as_parquet_and_csv_and_reads_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    digest = folder.write_table("funnel", TABLE)
    assert folder.read_table("funnel").equals(TABLE)
    assert (tmp_path / "tables" / "funnel.csv").read_text() == "step,name\n1,a\n2,b\n"
    assert digest == fingerprint(tmp_path / "tables" / "funnel.parquet").sha256
    assert folder.write_table("funnel", TABLE) == digest


def test_what_only_a_resumed_run_needs_stays_out_of_the_published_tables(tmp_path: Path) -> None:
    RunFolder(tmp_path).write_table("readings", TABLE)
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*.*")) if path.is_file()] == [
        ".cache/readings.parquet"
    ]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted() -> None:
        with write_atomically(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_a_full_disk_is_told_with_the_file_and_what_to_do(tmp_path: Path) -> None:
    message = (
        f"a result cannot be written in {tmp_path / 'a.txt'}: found No space left on device. "
        "Free some space or choose another folder; the run goes on from where it stopped."
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"), write_atomically(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_changed_input_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plate.csv"
    path.write_text("1")
    before = {path: fingerprint(path, name="plate.csv")}
    refuse_changed(before)
    path.write_text("12")
    message = (
        "inputs changed during the run. Wait until the instrument or the copy has finished, then run again.\n"
        "  plate.csv: the file changed while it was being read."
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        refuse_changed(before)


def test_the_ledger_reads_back_and_a_broken_one_is_as_none(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    digest = folder.write_table("funnel", TABLE)
    record = StageRecord("key", {"funnel": digest}, ({"what": "x"},))
    folder.write_ledger({"hits": record})
    assert folder.read_ledger() == {"hits": record}
    assert folder.holds(record.outputs)
    (tmp_path / "tables" / "funnel.parquet").write_bytes(b"other")
    assert not folder.holds(record.outputs)
    (tmp_path / ".cache" / "ledger.json").write_text("{")
    assert folder.read_ledger() == {}


def test_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=re.escape(f"no tables of a run in {tmp_path}. Name the results folder")):
        RunFolder(tmp_path).read_tables()
