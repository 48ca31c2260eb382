"""The folder of a run: tables, figures, page, manifest, and the ledger by which a run is resumed.

Every file is written under another name in the same folder and moved into place: after an interruption there is either
the old file or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl

from sensitome.errors import Fault, SourceError
from sensitome.tables import TABLES

__all__ = [
    "InputFile",
    "RunFolder",
    "StageRecord",
    "fingerprint",
    "refuse_changed",
    "write_atomically",
]

#: Tables with more rows are written as Parquet alone: their CSV would be larger than anybody opens.
MOST_CSV_ROWS = 1_000_000
_BLOCK = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One input as it was when the run began."""

    file: str
    sha256: str
    bytes: int
    modified_ns: int


@dataclass(frozen=True)
class StageRecord:
    """What the ledger keeps of a finished stage."""

    key: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[Mapping[str, Any], ...] = ()


class RunFolder:
    """Where the results of one study go.

    Parameters
    ----------
    path : the folder; made when it does not exist
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def table_path(self, name: str) -> Path:
        """File of a table: published tables lie in ``tables``, what only a resumed run needs in ``.cache``."""
        return self.path / ("tables" if name in TABLES else ".cache") / f"{name}.parquet"

    def read_table(self, name: str) -> pl.DataFrame:
        """Read a table of an earlier run.

        Raises
        ------
        SourceError
            The run has no such table.
        """
        path = self.table_path(name)
        if not path.is_file():
            raise SourceError(
                "no such table", where=str(path), next_step="Run `sensitome run` on the study that makes it."
            )
        return pl.read_parquet(path, memory_map=False)

    def read_tables(self) -> dict[str, pl.DataFrame]:
        """Every published table that is there.

        Raises
        ------
        SourceError
            The folder has none.
        """
        names = [name for name in TABLES if self.table_path(name).is_file()]
        if not names:
            raise SourceError(
                "no tables of a run",
                where=str(self.path),
                next_step="Name the results folder of a run, the one with manifest.json.",
            )
        return {name: self.read_table(name) for name in names}

    def write_table(self, name: str, table: pl.DataFrame) -> str:
        """Write a table as Parquet, and as CSV when it is published and not huge; return the sha256 of the Parquet."""
        path = self.table_path(name)
        with write_atomically(path) as part:
            table.write_parquet(part, compression="zstd", compression_level=1, statistics=True)
        if name in TABLES:
            csv = path.with_suffix(".csv")
            if table.height <= MOST_CSV_ROWS:
                with write_atomically(csv) as part:
                    table.write_csv(part)
            else:
                csv.unlink(missing_ok=True)
        return fingerprint(path).sha256

    def forget(self, names: Iterable[str]) -> None:
        """Take tables away that an earlier run left and this one does not make."""
        for name in names:
            for path in (self.table_path(name), self.table_path(name).with_suffix(".csv")):
                path.unlink(missing_ok=True)

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write one file of the run, such as ``figures/fig1.svg``."""
        path = self.path / name
        with write_atomically(path) as part:
            part.write_bytes(content)
        return path

    def write_json(self, name: str, content: Mapping[str, Any]) -> Path:
        """Write a JSON file, keys in the order given."""
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        return self.write_bytes(name, text.encode())

    def read_manifest(self) -> dict[str, Any]:
        """Read the manifest of an earlier run.

        Raises
        ------
        SourceError
            There is none.
        """
        path = self.path / "manifest.json"
        if not path.is_file():
            raise SourceError("no manifest of a run", where=str(path), next_step="Run `sensitome run` first.")
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))

    def read_ledger(self) -> dict[str, StageRecord]:
        """Records of the stages that an earlier run finished; empty when there are none, or none that can be read."""
        path = self.path / ".cache" / "ledger.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return {
                stage: StageRecord(record["key"], record["outputs"], tuple(record["cautions"]))
                for stage, record in content.items()
            }
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def write_ledger(self, ledger: Mapping[str, StageRecord]) -> None:
        """Keep the records of the finished stages."""
        self.write_json(".cache/ledger.json", {stage: asdict(record) for stage, record in ledger.items()})

    def holds(self, outputs: Mapping[str, str]) -> bool:
        """Whether every table is still the bytes that were written."""
        return bool(outputs) and all(
            self.table_path(name).is_file() and fingerprint(self.table_path(name)).sha256 == digest
            for name, digest in outputs.items()
        )


def fingerprint(path: str | Path, *, name: str | None = None) -> InputFile:
    """Content hash, size and time of a file.

    Raises
    ------
    SourceError
        It cannot be read.
    """
    path = Path(path)
    digest = hashlib.sha256()
    try:
        stat = path.stat()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise SourceError("a file cannot be read", where=str(path), found=error.strerror) from error
    return InputFile(name or str(path), digest.hexdigest(), stat.st_size, stat.st_mtime_ns)


def refuse_changed(files: Mapping[Path, InputFile]) -> None:
    """Make sure that no input changed since its fingerprint was taken.

    Raises
    ------
    SourceError
        Some did; all are named.
    """
    changed = []
    for path, before in files.items():
        stat = path.stat() if path.exists() else None
        if stat is None or (stat.st_size, stat.st_mtime_ns) != (before.bytes, before.modified_ns):
            changed.append(Fault(rule="the file changed while it was being read", file=before.file))
    if changed:
        raise SourceError(
            "inputs changed during the run",
            faults=changed,
            next_step="Wait until the instrument or the copy has finished, then run again.",
        )


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Give a file to write beside the one that is meant, and move it into place when all went well.

    Raises
    ------
    SourceError
        The disk is full, or the folder cannot be written; what stood there before still stands.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except (OSError, pl.exceptions.ComputeError) as error:
        part.unlink(missing_ok=True)
        raise SourceError(
            "a result cannot be written",
            where=str(path),
            found=getattr(error, "strerror", None) or str(error),
            next_step="Free some space or choose another folder; the run goes on from where it stopped.",
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
