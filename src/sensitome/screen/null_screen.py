"""Null screens: a screen like this one in which no drug changes anything, and what would be called in it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.errors import Caution, MethodError
from sensitome.frames import to_polars
from sensitome.screen.effects import EffectCube, effect_cube
from sensitome.screen.tables import NullCalls
from sensitome.settings import Treatments

__all__ = ["null_calls", "null_scores", "null_table"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: From a table `scores` to a table with a Boolean column of calls.
Way = Callable[[pl.DataFrame], pl.DataFrame]


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
    call: Way,
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
    found = _count(scores, {"": lambda table: call(table).select(called=called)}, treatments, rounds=rounds, seed=seed)
    return _summary(own, np.array(found[""]))


def null_table(
    scores: pl.DataFrame,
    ways: Mapping[str, Way],
    *,
    treatments: Treatments,
    rounds: int,
    seed: int,
    advance: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Table `null_calls`: several ways of calling, held against the same null screens.

    Parameters
    ----------
    scores : table `scores`
    ways : name → from a table `scores` to a table with the Boolean column ``called``
    treatments : which arm is the vehicle
    rounds, seed : null screens, and chance
    advance : called with (null screens done, null screens in all)

    Returns
    -------
    One row a way; where null screens cannot be made, the calls and a remark that says why
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        own = {name: int(way(scores)["called"].sum()) for name, way in ways.items()}
    try:
        found = _count(scores, ways, treatments, rounds=rounds, seed=seed, advance=advance)
    except MethodError as error:
        rows = [{"called_by": name, "calls": calls, "rounds": 0, "remark": str(error)} for name, calls in own.items()]
    else:
        rows = [
            {"called_by": name, **_summary(calls, np.array(found[name])), "rounds": rounds}
            for name, calls in own.items()
        ]
    return pl.DataFrame(rows, schema={name: rule.dtype for name, rule in NullCalls.columns().items()})


def _count(
    scores: pl.DataFrame,
    ways: Mapping[str, Way],
    treatments: Treatments,
    *,
    rounds: int,
    seed: int,
    advance: Callable[[int, int], None] | None = None,
) -> dict[str, list[int]]:
    """Calls of each way in each null screen."""
    found: dict[str, list[int]] = {name: [] for name in ways}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        for turn in range(rounds):
            screen = null_scores(scores, treatments=treatments, seed=seed + turn)
            for name, way in ways.items():
                found[name].append(int(way(screen)["called"].sum()))
            if advance:
                advance(turn + 1, rounds)
    return found


def _summary(own: int, found: IntArray) -> dict[str, float]:
    """Calls of a screen beside those of its null screens."""
    rounds, mean = len(found), float(found.mean())
    return {
        "calls": own,
        "expected": mean,
        "standard_error": float(found.std(ddof=1) / np.sqrt(rounds)) if rounds > 1 else float("nan"),
        "p_value": (1 + int((found >= own).sum())) / (1 + rounds),
        "false_share": min(mean / own, 1.0) if own else 0.0,
    }


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
