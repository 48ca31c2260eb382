"""The stability map: how often each reagent is called over the grid of choices that the paper left open."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.replicates import Summary, summarize_replicates
from sensitome.errors import MethodError, listed, suggestion
from sensitome.screen.hits import Calls, Significance, call_matrix, judge_groups
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.score_matrix import ITEM, ScoreMatrix, score_matrix
from sensitome.settings import HitSettings, NormalizeSettings, Study

__all__ = ["NORMALIZATIONS", "Setting", "map_stability", "settings_grid"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

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
    summary: Summary
    hits: HitSettings


def map_stability(
    wells: pl.DataFrame,
    own_hits: pl.DataFrame,
    *,
    study: Study,
    own_scores: pl.DataFrame | None = None,
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
    own_scores : table `scores` of the study's own setting, so that it need not be made again
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
    counts: list[_Counts] = []
    rows = []
    scored = _scored(wells, grid, study=study, own_scores=own_scores, jobs=jobs)
    judged = _judged(scored, study=study, expressed=expressed, targets=targets)
    for number, (setting, matrix, significance) in enumerate(judged, start=1):
        calls = call_matrix(matrix, settings=setting.hits, judged=significance)
        count = _counts_of(matrix, counts, own=own)
        count.called += calls.hit
        rows.append(_setting_row(number, setting, calls, own=count.own, n_own=own.height))
        if advance:
            advance(number, len(grid))
    return _stability_table(counts, len(grid)), _settings_table(rows)


def settings_grid(study: Study) -> Iterator[Setting]:
    """Every combination of the grid, normalizations outermost; the study's own setting is always among them."""
    choices, own = study.stability, study.hits
    normalizations = _with_own(choices.normalizations, "own")
    summaries = _with_own(choices.summary, study.score.summary)
    exclusions = _with_own(choices.exclusion, own.exclusion) if study.treatments.vehicle else ["off"]
    rules = (
        _with_own(choices.controls, own.controls),
        _with_own(choices.spread, own.spread),
        _with_own(choices.pool, own.pool),
        exclusions,
    )
    unknown = [name for name in normalizations if name not in NORMALIZATIONS]
    if unknown:
        raise MethodError(
            "unknown normalization",
            where="stability.normalizations",
            found=listed(unknown, last="and"),
            expected=listed(NORMALIZATIONS, most=len(NORMALIZATIONS)),
            next_step=suggestion(unknown[0], NORMALIZATIONS),
        )
    names = ("controls", "spread", "pool", "exclusion")
    for normalization, summary, *rule in itertools.product(normalizations, summaries, *rules):
        yield Setting(
            normalization, cast("Summary", summary), own.model_copy(update=dict(zip(names, rule, strict=True)))
        )


def _with_own(choices: Iterable[str], own: str) -> list[str]:
    """The study's own choice first, then the others."""
    return [own, *(choice for choice in dict.fromkeys(choices) if choice != own)]


def _scored(
    wells: pl.DataFrame, grid: list[Setting], *, study: Study, own_scores: pl.DataFrame | None, jobs: int
) -> Iterator[tuple[Setting, pl.DataFrame]]:
    """The scores of each setting, summarized as the study does: the replicates are in them."""
    last = ""
    scores = pl.DataFrame()
    for setting in grid:
        if setting.normalization != last:
            if setting.normalization == "own" and own_scores is not None:
                scores = own_scores
            else:
                normalized = _normalized(wells, setting.normalization, own=study.normalize, jobs=jobs)
                scores = score(normalized, settings=study.score)
        last = setting.normalization
        yield setting, scores


def _judged(
    scored: Iterator[tuple[Setting, pl.DataFrame]],
    *,
    study: Study,
    expressed: pl.DataFrame | None,
    targets: pl.DataFrame | None,
) -> Iterator[tuple[Setting, ScoreMatrix, Significance]]:
    """The score matrix of each setting and its groups; what settings of one normalization share is computed once."""
    plain: dict[str, ScoreMatrix] = {}
    summarized: dict[tuple[str, Summary], ScoreMatrix] = {}
    groups: dict[tuple[str, ...], Significance] = {}
    last = ""
    for setting, scores in scored:
        hits = setting.hits
        if setting.normalization != last:
            last, plain, summarized, groups = setting.normalization, {}, {}, {}
        if hits.controls not in plain:
            plain[hits.controls] = score_matrix(
                scores, settings=hits, treatments=study.treatments, expressed=expressed, targets=targets
            )
        key = (hits.controls, setting.summary)
        if key not in summarized:
            replicates = plain[hits.controls].replicates
            summary = summarize_replicates(replicates.reshape(len(replicates), -1), method=setting.summary)
            summarized[key] = replace(plain[hits.controls], scores=summary.reshape(replicates.shape[1:]))
        group = (*key, hits.spread, hits.pool)
        if group not in groups:
            groups[group] = judge_groups(summarized[key], settings=hits)
        yield setting, summarized[key], groups[group]


def _normalized(wells: pl.DataFrame, name: str, *, own: NormalizeSettings, jobs: int) -> pl.DataFrame:
    """Wells under a named normalization."""
    if name == "own":
        return wells
    return normalize(wells, settings=own.model_copy(update=dict(NORMALIZATIONS[name])), jobs=jobs)


@dataclass
class _Counts:
    """How many settings call each context of matrices with the same labels, and whether the study's own does."""

    matrix: ScoreMatrix
    own: BoolArray
    called: IntArray


def _counts_of(matrix: ScoreMatrix, counts: list[_Counts], *, own: pl.DataFrame) -> _Counts:
    """The counts that go with the labels of a matrix; new ones are added to the list."""
    for count in counts:
        ours = count.matrix
        if ours.items is matrix.items or (ours.items.equals(matrix.items) and ours.contexts.equals(matrix.contexts)):
            return count
    places = (
        own.join(matrix.items.select(ITEM).with_row_index("item"), on=ITEM)
        .join(matrix.contexts.select("cell_line", "treatment", "context"), on=["cell_line", "treatment"])
        .select("item", "context")
        .to_numpy()
    )
    is_own = np.zeros(matrix.scores.shape, dtype=np.bool_)
    is_own[places[:, 0], places[:, 1]] = True
    counts.append(_Counts(matrix, is_own, np.zeros(matrix.scores.shape, dtype=np.intp)))
    return counts[-1]


def _setting_row(number: int, setting: Setting, calls: Calls, *, own: BoolArray, n_own: int) -> dict[str, object]:
    """What one setting chose and called; the grid begins with the study's own, which calls `n_own` contexts."""
    n_hits, common = int(calls.hit.sum()), int((calls.hit & own).sum())
    union = n_hits + n_own - common
    hits = setting.hits
    return {
        "setting": number,
        "normalization": setting.normalization,
        "spread": hits.spread,
        "pool": hits.pool,
        "controls": hits.controls,
        "exclusion": hits.exclusion,
        "summary": setting.summary,
        "n_hits": n_hits,
        "n_reagents": int(calls.hit.any(axis=1).sum()),
        "n_candidates": int(calls.candidate.sum()),
        "jaccard": common / union if union else None,
        "is_own": number == 1,
    }


def _stability_table(counts: list[_Counts], n_settings: int) -> pl.DataFrame:
    """One row per context that any setting calls."""
    columns = (*ITEM, "cell_line", "treatment")
    parts = []
    for count in counts:
        items, contexts = np.nonzero(count.called)
        labels = count.matrix.items.select(ITEM)[items]
        places = count.matrix.contexts.select("cell_line", "treatment")[contexts]
        called, own = count.called[items, contexts], count.own[items, contexts]
        parts.append(labels.hstack(places).with_columns(n_called=pl.Series(called), is_hit=pl.Series(own)))
    table = pl.concat(parts).group_by(columns).agg(pl.col("n_called").sum(), pl.col("is_hit").any()).sort(columns)
    share = table["n_called"].to_numpy() / n_settings
    counted = table.with_columns(pl.lit(n_settings, pl.Int32).alias("n_settings"), pl.Series("share", share))
    return counted.select(*columns, "n_settings", pl.col("n_called").cast(pl.Int32), "share", "is_hit")


def _settings_table(rows: list[dict[str, object]]) -> pl.DataFrame:
    """One row per setting."""
    counts = dict.fromkeys(("setting", "n_hits", "n_reagents", "n_candidates"), pl.Int32)
    return pl.DataFrame(rows, schema_overrides={**counts, "jaccard": pl.Float64})
