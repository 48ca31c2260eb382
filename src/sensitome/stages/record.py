"""What a stage is: a record of what it needs, what it makes, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from sensitome.settings import Study

__all__ = ["Context", "Progress", "Stage", "Tables"]

Tables = dict[str, pl.DataFrame]
#: Called with (stage, done, total): total 0 = not known.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Context:
    """What a stage may look at beside the tables."""

    study: Study
    folder: Path
    jobs: int = 1
    progress: Progress = field(default=lambda _stage, _done, _total: None)
    out: Path | None = None


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    Parameters
    ----------
    name : the word for it, also on the progress bar
    needs : tables that it reads
    makes : tables that it writes
    settings : sections of the study that it depends on
    inputs : inputs of the study that it reads
    run : (tables, context) → tables
    applies : whether a study has what the stage needs; without it the stage leaves no table
    version : raised whenever its results change for the same inputs
    uses : tables that it reads as well, where the study makes them
    """

    name: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]
    settings: tuple[str, ...]
    inputs: tuple[str, ...]
    run: Callable[[Mapping[str, pl.DataFrame], Context], Tables]
    applies: Callable[[Study], bool] = lambda _study: True
    version: int = 1
    uses: tuple[str, ...] = ()
