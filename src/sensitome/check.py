"""Every fault of every input at once, without writing anything."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

from sensitome.errors import Caution, SensitomeError
from sensitome.inputs import read_expression, read_inputs, split_reagents
from sensitome.io.study_file import read_study
from sensitome.screen.arms import check_treatments
from sensitome.screen.hits import call_hits
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.stability import settings_grid
from sensitome.settings import Study

__all__ = ["Report", "check_study"]

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    errors : what must be mended before a run, in the order of the pipeline
    cautions : what a run would say beside its answers
    summary : what was checked, in words
    """

    errors: tuple[SensitomeError, ...]
    cautions: tuple[Caution, ...]
    summary: str = ""

    @property
    def faults(self) -> int:
        """How many single faults the errors hold."""
        return sum(max(len(error.faults), 1) for error in self.errors)


def check_study(path: str | Path) -> Report:
    """Read a study and all its inputs as a run would, and go on after a fault as far as the rest can be judged.

    Parameters
    ----------
    path : ``study.toml`` or its folder

    Returns
    -------
    All errors and cautions; nothing is written
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    found = _Findings()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Caution)
        study = found.attempt(lambda: read_study(path))
        summary = _check_inputs(study, folder, found) if study is not None else ""
    cautions = tuple(warning.message for warning in caught if isinstance(warning.message, Caution))
    return Report(tuple(found.errors), cautions, summary)


class _Findings:
    """Errors met so far."""

    def __init__(self) -> None:
        self.errors: list[SensitomeError] = []

    def attempt(self, step: Callable[[], Answer]) -> Answer | None:
        """Answer of a step, or None and its error kept."""
        try:
            return step()
        except SensitomeError as error:
            self.errors.append(error)
            return None


def _check_inputs(study: Study, folder: Path, found: _Findings) -> str:
    """Judge each input by itself, then what they make together."""
    found.attempt(lambda: list(settings_grid(study)))
    expressed = found.attempt(lambda: read_expression(study.inputs, folder=folder))
    wells = found.attempt(lambda: read_inputs(study.inputs, folder=folder))
    if wells is None:
        return ""
    arms = wells["treatment"].unique().sort().to_list()
    found.attempt(lambda: check_treatments(study.treatments, arms=arms))
    normalized = found.attempt(lambda: normalize(wells, settings=study.normalize))
    if normalized is not None and not found.errors:
        found.attempt(lambda: _call(normalized, study, expressed))
    return f"{wells['plate'].n_unique()} plates, {wells.height:,} wells, {len(arms)} treatments"


def _call(wells: pl.DataFrame, study: Study, expressed: pl.DataFrame | None) -> pl.DataFrame:
    """Score and call, as the run would."""
    scores = score(wells, settings=study.score)
    _, reagents = split_reagents(wells)
    targets = reagents.select("reagent", "kind", "target") if "target" in reagents.columns else None
    return call_hits(scores, settings=study.hits, treatments=study.treatments, expressed=expressed, targets=targets)
