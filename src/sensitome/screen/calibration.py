"""How far the calls of a screen can be trusted: their chance under new noise, the calls that chance alone gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.core.heb.noise import contrast_variance
from sensitome.core.interaction import replicate_variance
from sensitome.core.sensitization.shrinkage import ash
from sensitome.errors import Caution, MethodError
from sensitome.frames import to_polars
from sensitome.screen.effects import EffectCube, effect_cube
from sensitome.screen.hits import call_matrix
from sensitome.screen.score_matrix import ITEM, ScoreMatrix, score_matrix
from sensitome.settings import HitSettings, Treatments

__all__ = ["call_probability", "null_calls", "null_scores", "shrink_effects"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

_REACH = 1.959963984540054
_KEY = (*ITEM, "cell_line", "treatment")


def call_probability(
    scores: pl.DataFrame,
    *,
    settings: HitSettings,
    treatments: Treatments,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
    rounds: int = 200,
    seed: int = 20210526,
) -> pl.DataFrame:
    """Chance that the threshold rule would call each context again, had the noise of the wells fallen otherwise.

    Parameters
    ----------
    scores, settings, treatments, expressed, targets : as `hits.call_hits`
    rounds : parametric bootstrap samples
    seed : chance

    Returns
    -------
    One row per library reagent × cell line × drug arm, sorted by its key: is_hit, p_call (share of the samples that
    call it), rounds

    Raises
    ------
    MethodError
        The noise of a well cannot be told: one replicate and no vehicle, or readings that do not vary.

    Notes
    -----
    Adds normal noise to every reading and applies the whole rule again, exclusions included. Its variance is that of a
    well from the replicates; with one replicate half the robust variance of all interactions, which holds background
    interactions as well. The readings hold their own noise already, so that a context that just passes has p_call near
    one half: what p_call shows is how close to the edge a call lies.

    References
    ----------
    Efron & Tibshirani 1993, doi:10.1201/9780429246593
    """
    matrix = score_matrix(
        to_polars(scores), settings=settings, treatments=treatments, expressed=expressed, targets=targets
    )
    sd = float(np.sqrt(_well_variance(matrix)))
    rng = np.random.default_rng(seed)
    count = np.zeros(matrix.scores.shape)
    for _ in range(rounds):
        noise = sd * rng.standard_normal(matrix.replicates.shape)
        moved = np.where(np.isfinite(matrix.replicates), noise, np.nan)
        again = replace(
            matrix, replicates=matrix.replicates + noise, scores=matrix.scores + robust.nan_mean(moved, axis=0)
        )
        count += call_matrix(again, settings=settings).hit
    return _rows(matrix, call_matrix(matrix, settings=settings).hit, count / rounds, rounds=rounds)


def null_scores(scores: pl.DataFrame, *, treatments: Treatments, seed: int) -> pl.DataFrame:
    """Make a screen like this one in which no drug changes anything.

    Parameters
    ----------
    scores : table `scores`, two replicates or more
    treatments : which arm is the vehicle
    seed : chance

    Returns
    -------
    Table `scores` with the library reagents' columns score_r<n> and score (their mean) replaced; controls stay

    Raises
    ------
    MethodError
        There is one replicate.

    Notes
    -----
    x = general effect of the reagent in the line (mean over arms and replicates) + typical effect of the arm + noise.
    The noise is that of the screen: deviations of the replicates from their mean, scaled by √(R/(R − 1)), dealt out
    again among the reagents of the same library plate and kind, line by line and replicate by replicate, all arms of a
    reagent together. So reagents stay as toxic as they are, and drugs do to all of them the same. A well that went
    wrong shows half as large in each of two replicates.
    """
    cube = effect_cube(scores, treatments=treatments)
    values = cube.values
    replicates = np.isfinite(values).sum(axis=-1, keepdims=True)
    if replicates.max(initial=0) < 2:
        raise MethodError(
            "a null screen cannot be made from one replicate",
            found="1 replicate",
            expected="two replicates or more: what they share is taken for real",
        )
    center = robust.nan_mean(values, axis=-1)
    typical = robust.nan_median(center, axis=0)[None]
    general = robust.nan_mean(center - typical, axis=2)[:, :, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = np.where(replicates > 1, (values - center[..., None]) * np.sqrt(replicates / (replicates - 1)), np.nan)
    dealt = _deal(noise, _decks(cube.items), rng=np.random.default_rng(seed))
    return _written(to_polars(scores), replace(cube, values=(general + typical)[..., None] + dealt))


def null_calls(
    scores: pl.DataFrame,
    call: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    treatments: Treatments,
    called: str,
    rounds: int = 20,
    seed: int = 20210526,
) -> dict[str, float]:
    """How many contexts a method would call in this very screen if no drug changed anything.

    Parameters
    ----------
    scores : table `scores`, two replicates or more
    call : from a table `scores` to a table with a Boolean column of calls, such as `test_sensitization` or `call_hits`
        with its settings filled in
    treatments : which arm is the vehicle
    called : name of that column
    rounds : null screens
    seed : chance

    Returns
    -------
    calls : in the screen itself; expected : mean over the null screens; standard_error of that; p_value : (1 + null
    screens with as many calls) / (1 + rounds); false_share : expected / calls, at most 1 (0 when nothing is called)

    Raises
    ------
    MethodError
        There is one replicate.
    """
    own = int(call(scores)[called].sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        found = np.array(
            [
                int(call(null_scores(scores, treatments=treatments, seed=seed + turn))[called].sum())
                for turn in range(rounds)
            ]
        )
    mean = float(found.mean())
    return {
        "calls": own,
        "expected": mean,
        "standard_error": float(found.std(ddof=1) / np.sqrt(rounds)) if rounds > 1 else float("nan"),
        "p_value": (1 + int((found >= own).sum())) / (1 + rounds),
        "false_share": min(mean / own, 1.0) if own else 0.0,
    }


def shrink_effects(sensitizers: pl.DataFrame) -> pl.DataFrame:
    """Draw interactions to the size that interactions usually have, against the winner's curse.

    Parameters
    ----------
    sensitizers : table `sensitizers` of a method with intervals

    Returns
    -------
    The table with shrunk_effect, shrunk_ci_low and shrunk_ci_high, log2: effects that stand out because noise helped
    them are smaller than they look

    Raises
    ------
    MethodError
        The method gives no intervals.

    References
    ----------
    Stephens 2017, doi:10.1093/biostatistics/kxw041
    """
    table = to_polars(sensitizers)
    columns = table.select(pl.col("effect", "ci_low", "ci_high").cast(pl.Float64).fill_null(np.nan)).to_numpy()
    error = (columns[:, 2] - columns[:, 1]) / 2 / _REACH
    if not (error > 0).any():
        raise MethodError(
            "effects without intervals cannot be shrunk",
            found=f"no interval from {table['method'][0]!r}" if table.height else "an empty table",
            expected="a method that gives intervals, such as 'moderated-t' or 'heb'",
        )
    found = ash(columns[:, 0], error)
    return table.with_columns(
        pl.Series("shrunk_effect", found.mean).fill_nan(None),
        pl.Series("shrunk_ci_low", found.mean - _REACH * found.sd).fill_nan(None),
        pl.Series("shrunk_ci_high", found.mean + _REACH * found.sd).fill_nan(None),
    )


def _well_variance(matrix: ScoreMatrix) -> float:
    """Variance of one reading, log2²."""
    readings = np.moveaxis(matrix.replicates, 0, -1)[:, :, None, :]
    variance = replicate_variance(readings)
    vehicle = matrix.contexts["vehicle"].to_numpy()
    drugs = np.flatnonzero(matrix.contexts["is_drug"].to_numpy() & (vehicle >= 0))
    if not np.isfinite(variance) and drugs.size:
        pairs = np.stack([matrix.scores[:, vehicle[drugs]], matrix.scores[:, drugs]], axis=-1)
        variance = contrast_variance(pairs)
    if not variance > 0:
        raise MethodError(
            "the noise of a well cannot be told from these scores",
            found="one replicate and no vehicle" if not drugs.size else "readings that do not vary",
            expected="two replicates, or a vehicle and a drug arm",
        )
    return float(variance)


def _rows(matrix: ScoreMatrix, hit: BoolArray, share: FloatArray, *, rounds: int) -> pl.DataFrame:
    """Unfold library reagents × drug contexts."""
    samples = np.flatnonzero((matrix.items["role"].cast(pl.String) == "sample").to_numpy())
    drugs = np.flatnonzero(matrix.contexts["is_drug"].to_numpy())
    block = np.ix_(samples, drugs)
    labels = matrix.contexts[drugs.tolist()].select("cell_line", "treatment")
    return (
        matrix.items[samples.tolist()]
        .select(*ITEM)
        .join(labels, how="cross", maintain_order="left_right")
        .with_columns(
            pl.Series("is_hit", hit[block].ravel()),
            pl.Series("p_call", share[block].ravel()),
            pl.lit(rounds, pl.Int32).alias("rounds"),
        )
        .sort(*_KEY)
    )


def _decks(items: pl.DataFrame) -> IntArray:
    """Number of the library plate and kind of each item; reagents of several plates make a deck of their own."""
    plates = (
        pl.col("position").str.split(";").list.eval(pl.element().str.split(":").list.first()).list.unique().list.sort()
    )
    deck = items.select(pl.concat_str(plates.list.join(";"), pl.col("kind"), separator="|").rank("dense"))
    return deck.to_series().to_numpy().astype(np.intp)


def _deal(change: FloatArray, decks: IntArray, *, rng: np.random.Generator) -> FloatArray:
    """Permute (items, lines, arms, replicates) among the items of each deck, by line and replicate."""
    dealt = np.full(change.shape, np.nan)
    for deck in np.unique(decks):
        members = np.flatnonzero(decks == deck)
        for line, replicate in np.ndindex(change.shape[1], change.shape[3]):
            dealt[members, line, :, replicate] = change[rng.permutation(members), line, :, replicate]
    return dealt


def _written(scores: pl.DataFrame, cube: EffectCube) -> pl.DataFrame:
    """Write a cube back over the library reagents of a score table, by key."""
    names = [f"score_r{number}" for number in cube.replicates]
    items = cube.items.select("reagent", "kind").with_row_index("item")
    lines = pl.DataFrame({"cell_line": list(cube.lines)}).with_row_index("line")
    arms = pl.DataFrame({"treatment": list(cube.arms)}).with_row_index("arm")
    key = items.join(lines, how="cross").join(arms, how="cross")
    flat = cube.values[key["item"].to_numpy(), key["line"].to_numpy(), key["arm"].to_numpy()]
    new = key.select("reagent", "kind", "cell_line", "treatment").with_columns(
        *(pl.Series(name, flat[:, i]).fill_nan(None) for i, name in enumerate(names)),
        pl.Series("score", robust.nan_mean(flat, axis=1)).fill_nan(None),
        pl.Series("n", np.isfinite(flat).sum(axis=1).astype(np.int32)),
    )
    is_sample = pl.col("role").cast(pl.String) == "sample"
    changed = [name for name in (*names, "score", "n") if name in scores.columns]
    samples = scores.filter(is_sample).drop(changed)
    joined = samples.join(
        new.select("reagent", "kind", "cell_line", "treatment", *changed),
        on=["reagent", "kind", "cell_line", "treatment"],
        how="left",
        maintain_order="left",
    )
    return pl.concat([joined.select(scores.columns), scores.filter(~is_sample)], how="vertical_relaxed")
