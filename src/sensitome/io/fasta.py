"""Sequences in FASTA."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError
from sensitome.io.columns import raise_faults
from sensitome.io.text import read_text

__all__ = ["read_fasta"]

_LETTERS = r"^[ACGTUNRYSWKMBDHVacgtunryswkmbdhv.*-]*$"


def read_fasta(path: str | Path) -> pl.DataFrame:
    """Read sequences of RNA or DNA.

    Parameters
    ----------
    path : FASTA, also gzipped

    Returns
    -------
    ``name`` (the first word behind ">"), ``description`` (the rest, null when there is none) and ``sequence`` (letters
    as they are, lines joined), in the order of the file

    Raises
    ------
    SourceError
        The file is no FASTA, a name is missing or stands twice, a sequence is empty or holds other letters than those
        of nucleotides; all faults at once.
    """
    text = read_text(path)
    head, *parts = ("\n" + text).split("\n>")
    if head.strip() or not parts:
        raise SourceError(
            "file is not FASTA",
            where=path,
            found=repr(text.strip()[:40]),
            expected='a line that begins with ">"',
            next_step="Export the sequences as FASTA.",
        )
    heads = [part.partition("\n")[0].strip() for part in parts]
    frame = pl.DataFrame(
        {
            "name": [line.split(maxsplit=1)[0] if line else "" for line in heads],
            "description": [line.split(maxsplit=1)[1] if len(line.split(maxsplit=1)) > 1 else None for line in heads],
            "sequence": ["".join(part.partition("\n")[2].split()) for part in parts],
        },
        schema={"name": pl.String, "description": pl.String, "sequence": pl.String},
    )
    lines = pl.Series("line", [part.count("\n") + 1 for part in parts]).cum_sum().shift(1, fill_value=0) + 1
    raise_faults("sequences", _faults(frame.with_columns(lines), path), kind=SourceError)
    return frame


def _faults(frame: pl.DataFrame, path: str | Path) -> list[Fault]:
    counts = Counter(frame["name"].to_list())
    faults = []
    for name, line in (
        frame.filter(pl.col("name").is_duplicated() | (pl.col("name") == "")).select("name", "line").rows()
    ):
        rule = f"each name once ({counts[name]} have it)" if name else 'a name behind ">"'
        faults.append(Fault(rule, path, line, "", name))
    for name, line in frame.filter(pl.col("sequence") == "").select("name", "line").rows():
        faults.append(Fault("a sequence below the name", path, line, "", name))
    for name, line, sequence in (
        frame.filter(~pl.col("sequence").str.contains(_LETTERS)).select("name", "line", "sequence").rows()
    ):
        wrong = sorted(set(sequence) - set("ACGTUNRYSWKMBDHVacgtunryswkmbdhv.*-"))
        faults.append(Fault(f"letters of nucleotides in {name!r}", path, line, "", "".join(wrong)))
    return sorted(faults, key=lambda fault: fault.line or 0)
