"""The stability map: how often each reagent is called over the grid of choices that the paper left open."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import MethodError, listed, suggestion
from sensitome.screen.hits import call_matrix
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.score_matrix import ITEM, ScoreMatrix, score_matrix
from sensitome.settings import HitSettings, NormalizeSettings, Study

__all__ = ["NORMALIZATIONS", "Setting", "map_stability", "settings_grid"]

BoolArray = npt.NDArray[np.bool_]

#: Named normalizations of the map: what each changes in the study's own settings.
NORMALIZATIONS: Mapping[str, Mapping[str, object]] = {
    "own": {},
    "none": {"method": "none"},
    "plate-median": {"method": "median"},
    "plate-mean": {"method": "mean"},
    "plate-shorth": {"method": "shorth"},
    "negatives": {"method": "negatives"},
    "robust-z": {"method": "robust-z"},
    "b-score": {"method": "bscore-cellhts2", "scale": "log2"},
    "loess": {"method": "stats-loess", "scale": "log2", "family": "symmetric"},
    "loess-gaussian": {"method": "stats-loess", "scale": "log2", "family": "gaussian"},
    "loess-span-0.5": {"method": "stats-loess", "scale": "log2", "span": 0.5},
    "loess-raw": {"method": "stats-loess", "scale": "raw"},
    "cellhts2-loess-2007": {"method": "cellhts2-loess-2007", "scale": "log2", "span": 0.6},
    "cellhts2-locfit": {"method": "cellhts2-locfit", "scale": "log2", "span": 0.7},
    "row-column-loess": {"method": "sights-loess", "scale": "log2"},
    "blup": {"method": "blup", "scale": "log2"},
}


@dataclass(frozen=True)
class Setting:
    """One point of the grid."""

    normalization: str
    summary: str
    hits: HitSettings


def map_stability(
    wells: pl.DataFrame,
    own_hits: pl.DataFrame,
    *,
    study: Study,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
    jobs: int = 1,
    advance: Callable[[int, int], None] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Call sensitizers under every setting of the study's grid.

    Parameters
    ----------
    wells : table `wells` with readings; what its own normalization wrote is used for "own"
    own_hits : table `hits` of the study's own setting, against which every other is held
    study : resolved study; `study.stability` is the grid
    expressed, targets : as in `call_hits`
    jobs : threads
    advance : called with (settings done, settings in all)

    Returns
    -------
    stability : table `stability`, one row per context that any setting calls
    settings : table `stability_settings`

    Raises
    ------
    MethodError
        The grid names a normalization that does not exist.
    """
    grid = list(settings_grid(study))
    own = own_hits.filter("is_hit").select(*ITEM, "cell_line", "treatment")
    own_keys = set(own.iter_rows())
    called: dict[tuple[str, ...], int] = {}
    rows = []
    matrices = _matrices(wells, grid, study=study, expressed=expressed, targets=targets, jobs=jobs)
    for number, (setting, matrix) in enumerate(matrices, start=1):
        calls = call_matrix(matrix, settings=setting.hits)
        keys = _keys(matrix, calls.hit)
        for key in keys:
            called[key] = called.get(key, 0) + 1
        rows.append(_setting_row(number, setting, keys, calls.candidate, own_keys))
        if advance:
            advance(number, len(grid))
    return _stability_table(called, own_keys, len(grid)), _settings_table(rows)


def settings_grid(study: Study) -> Iterator[Setting]:
    """Every combination of the grid, normalizations outermost; the study's own setting is always among them."""
    choices, own = study.stability, study.hits
    axes = [
        _with_own(choices.normalizations, "own"),
        _with_own(choices.summary, study.score.summary),
        _with_own(choices.controls, own.controls),
        _with_own(choices.spread, own.spread),
        _with_own(choices.pool, own.pool),
        _with_own(choices.exclusion, own.exclusion if study.treatments.vehicle else "off"),
    ]
    unknown = [name for name in axes[0] if name not in NORMALIZATIONS]
    if unknown:
        raise MethodError(
            "unknown normalization",
            where="stability.normalizations",
            found=listed(unknown, last="and"),
            expected=listed(NORMALIZATIONS, most=len(NORMALIZATIONS)),
            next_step=suggestion(unknown[0], NORMALIZATIONS),
        )
    if not study.treatments.vehicle:
        axes[5] = ["off"]
    for normalization, summary, controls, spread, pool, exclusion in itertools.product(*axes):
        changed = {"spread": spread, "pool": pool, "controls": controls, "exclusion": exclusion}
        yield Setting(normalization, summary, own.model_copy(update=changed))


def _with_own(choices: tuple[str, ...], own: str) -> list[str]:
    """The study's own choice first, then the others."""
    return [own, *(choice for choice in dict.fromkeys(choices) if choice != own)]


def _matrices(
    wells: pl.DataFrame,
    grid: list[Setting],
    *,
    study: Study,
    expressed: pl.DataFrame | None,
    targets: pl.DataFrame | None,
    jobs: int,
) -> Iterator[tuple[Setting, ScoreMatrix]]:
    """The score matrix of each setting; what neighbors in the grid share is computed once."""
    last: tuple[str, ...] = ()
    normalized = wells
    scores = pl.DataFrame()
    matrix: ScoreMatrix | None = None
    for setting in grid:
        key = (setting.normalization, setting.summary, setting.hits.controls)
        if last[:1] != key[:1]:
            normalized = _normalized(wells, setting.normalization, own=study.normalize, jobs=jobs)
        if last[:2] != key[:2]:
            summarized = study.score.model_copy(update={"summary": setting.summary})
            scores = score(normalized, settings=summarized)
        if matrix is None or last != key:
            matrix = score_matrix(
                scores, settings=setting.hits, treatments=study.treatments, expressed=expressed, targets=targets
            )
        last = key
        yield setting, matrix


def _normalized(wells: pl.DataFrame, name: str, *, own: NormalizeSettings, jobs: int) -> pl.DataFrame:
    """Wells under a named normalization."""
    if name == "own":
        return wells
    return normalize(wells, settings=own.model_copy(update=dict(NORMALIZATIONS[name])), jobs=jobs)


def _keys(matrix: ScoreMatrix, hit: BoolArray) -> list[tuple[str, ...]]:
    """Reagent, kind, position, cell line and treatment of each call."""
    items, contexts = np.nonzero(hit)
    labels = matrix.items[items.tolist()].select(*ITEM).rows()
    places = matrix.contexts[contexts.tolist()].select("cell_line", "treatment").rows()
    return [(*label, *place) for label, place in zip(labels, places, strict=True)]


def _setting_row(
    number: int,
    setting: Setting,
    keys: list[tuple[str, ...]],
    candidate: BoolArray,
    own_keys: set[tuple[str, ...]],
) -> dict[str, object]:
    """What one setting chose and called; the grid begins with the study's own."""
    calls = set(keys)
    union = len(calls | own_keys)
    hits = setting.hits
    return {
        "setting": number,
        "normalization": setting.normalization,
        "spread": hits.spread,
        "pool": hits.pool,
        "controls": hits.controls,
        "exclusion": hits.exclusion,
        "summary": setting.summary,
        "n_hits": len(calls),
        "n_reagents": len({key[:3] for key in calls}),
        "n_candidates": int(candidate.sum()),
        "jaccard": len(calls & own_keys) / union if union else None,
        "is_own": number == 1,
    }


def _stability_table(called: dict[tuple[str, ...], int], own: set[tuple[str, ...]], n_settings: int) -> pl.DataFrame:
    """One row per context that any setting calls."""
    columns = (*ITEM, "cell_line", "treatment")
    rows = [(*key, n_settings, count, count / n_settings, key in own) for key, count in called.items()]
    schema = {
        **dict.fromkeys(columns, pl.String),
        "n_settings": pl.Int32,
        "n_called": pl.Int32,
        "share": pl.Float64,
        "is_hit": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort(columns)


def _settings_table(rows: list[dict[str, object]]) -> pl.DataFrame:
    """One row per setting."""
    counts = dict.fromkeys(("setting", "n_hits", "n_reagents", "n_candidates"), pl.Int32)
    return pl.DataFrame(rows, schema_overrides={**counts, "jaccard": pl.Float64})
