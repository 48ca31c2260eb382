"""Seed families of a screen: what their members do together, by the model and against random reagents."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.core.heb.model import Sensitization
from sensitome.core.multiple import adjust_p
from sensitome.screen.effects import EffectCube
from sensitome.screen.sensitization_fit import pattern_text
from sensitome.screen.sensitization_labels import codes
from sensitome.screen.tables import Families

__all__ = ["family_table"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

#: Random groups that each size of family is held against.
GROUPS = 19_999
#: Scaled MADs beyond which an interaction counts no more: one wild member must not speak for its family.
CLIP = 4.0
#: Numbers that are worked on together.
BLOCK = 4_000_000
#: Shared patterns with less probability are not named.
NAMED = 0.01


def family_table(
    sensitizers: pl.DataFrame,
    families: pl.DataFrame | None,
    *,
    found: Sensitization | None,
    cube: EffectCube,
    seed: int,
) -> pl.DataFrame:
    """Table `families`: one row per seed with two reagents or more.

    Parameters
    ----------
    sensitizers : table `sensitizers` of the cube, all contexts, in the order of its key
    families : columns reagent, kind, seed_family; None = not known
    found : fit of the hierarchical model, where it was the test
    cube : the screen
    seed : of the random groups

    Returns
    -------
    Rows sorted by p_shared (the surest first), then p_value; empty without families

    Notes
    -----
    p_value holds the mean standardized interaction of the members, clipped at ±4, in the context where it is lowest,
    against 19,999 random groups of as many reagents of the same kinds: it needs no model. Effect and interval are those
    of that context, so that they flatter it.

    References
    ----------
    Marine et al. 2012, doi:10.1177/1087057111427348 (common seed analysis)
    """
    family = np.full(cube.items.height, -1) if families is None else codes(cube, families, column="seed_family")
    own, count = np.unique(family[family >= 0], return_counts=True)
    chosen = own[count > 1]
    if families is None or not len(chosen):
        return Families.create_empty()
    shape = (cube.items.height, len(cube.lines) * len(cube.drugs))
    raw = sensitizers.select(pl.col("effect_with_drug") - pl.col("vehicle_effect")).to_series().fill_null(np.nan)
    change = raw.to_numpy().reshape(shape)
    change = change - robust.nan_median(change, axis=0)
    called = np.asarray(sensitizers["is_sensitizer"].to_numpy().reshape(shape).any(axis=1))
    kinds = cube.items["kind"].to_numpy()
    evidence = _Random(change, kinds, rng=np.random.default_rng(seed))
    seeds = _seeds(cube, families, family)
    rows = [_row(seeds[code], np.flatnonzero(family == code), change, called, cube, evidence) for code in chosen]
    table = pl.DataFrame(rows, schema=_measured())
    joined = table.join(_modelled(found, cube, seeds), on="seed_family", how="left")
    q = adjust_p(joined["p_value"].fill_null(np.nan).to_numpy())
    joined = joined.with_columns(pl.Series("q_value", q, dtype=pl.Float64).fill_nan(None))
    order = pl.col("p_shared").fill_null(-1.0).round(9)
    return joined.sort([-order, "p_value", "seed_family"], nulls_last=True).select(Families.column_names())


def _measured() -> dict[str, pl.DataType]:
    """Columns that need no model."""
    of_model = ("loyalty", "p_shared", "pattern", "p_pattern", "q_value")
    return {name: rule.dtype for name, rule in Families.columns().items() if name not in of_model}


def _seeds(cube: EffectCube, families: pl.DataFrame, family: IntArray) -> dict[int, str]:
    """Seed of each code."""
    own = families.select("reagent", "kind", "seed_family").unique(["reagent", "kind"], keep="first")
    names = cube.items.join(own, on=["reagent", "kind"], how="left", maintain_order="left")["seed_family"]
    return {int(code): str(name) for code, name in zip(family, names, strict=True) if code >= 0}


class _Random:
    """Lowest mean of random groups, by size and kinds; each drawn once."""

    def __init__(self, change: FloatArray, kinds: npt.NDArray[np.object_], *, rng: np.random.Generator) -> None:
        spread = robust.nan_mad(change, axis=0)
        self.z = np.clip(change / np.where(spread > 0, spread, np.nan), -CLIP, CLIP)
        self.kinds, self.rng = kinds, rng
        self.drawn: dict[tuple[int, tuple[str, ...]], FloatArray] = {}

    def lowest(self, members: IntArray) -> tuple[int, float]:
        """Context where the mean of the members is lowest, and its p; (0, NaN) where nothing was measured."""
        mean = robust.nan_mean(self.z[members], axis=0)
        if not np.isfinite(mean).any():
            return 0, float("nan")
        context = int(np.nanargmin(mean))
        key = (len(members), tuple(sorted(set(self.kinds[members]))))
        if key not in self.drawn:
            self.drawn[key] = self._draw(*key)
        null = self.drawn[key]
        return context, float((1 + (null <= mean[context] + 1e-12).sum()) / (1 + len(null)))

    def _draw(self, size: int, kinds: tuple[str, ...]) -> FloatArray:
        """Lowest mean over contexts of random groups."""
        pool = self.z[np.isin(self.kinds, kinds)]
        step = max(1, BLOCK // (size * pool.shape[1]))
        found = []
        for first in range(0, GROUPS, step):
            number = min(step, GROUPS - first)
            places = self.rng.integers(0, len(pool), (number, size))
            found.append(np.nanmin(_means(pool[places]), axis=1))
        return np.concatenate(found)


def _means(groups: FloatArray) -> FloatArray:
    """(groups, contexts) mean over members that are there; +∞ without any, so that a lowest mean passes it over."""
    there = np.isfinite(groups)
    count = there.sum(axis=1)
    total = np.where(there, groups, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def _row(
    seed: str, members: IntArray, change: FloatArray, called: BoolArray, cube: EffectCube, evidence: _Random
) -> dict[str, object]:
    """One family without what the model says of it."""
    from scipy import special

    context, p_value = evidence.lowest(members)
    values = change[members, context]
    values = values[np.isfinite(values)]
    n = len(values)
    mean = float(values.mean()) if n else None
    reach = float(special.stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    names = cube.items["reagent"].to_list()
    kinds = sorted(set(cube.items["kind"].gather(members).to_list()))
    return {
        "seed_family": seed,
        "kind": "/".join(kinds),
        "n_members": len(members),
        "members": ";".join(names[i] for i in members),
        "n_called": int(called[members].sum()),
        "called": ";".join(names[i] for i in members if called[i]),
        "cell_line": cube.lines[context // len(cube.drugs)],
        "treatment": cube.drugs[context % len(cube.drugs)],
        "effect": mean,
        "ci_low": None if reach is None or mean is None else mean - reach,
        "ci_high": None if reach is None or mean is None else mean + reach,
        "p_value": None if np.isnan(p_value) else p_value,
    }


def _modelled(found: Sensitization | None, cube: EffectCube, seeds: dict[int, str]) -> pl.DataFrame:
    """What the hierarchical model says of each family."""
    schema = {"seed_family": pl.String, "loyalty": pl.Float64, "p_shared": pl.Float64}
    schema |= {"pattern": pl.String, "p_pattern": pl.Float64}
    rows = []
    for code, loyalty, each in () if found is None else zip(*found.families, strict=True):
        hits = each[: len(found.patterns)] if found is not None else each
        best = int(hits.argmax()) if hits.size else 0
        name = found is not None and hits.size > 0 and hits[best] >= NAMED
        text = pattern_text(found.patterns[best], cube.lines, cube.drugs) if found is not None and name else None
        shared = float(np.clip(hits.sum(), 0.0, 1.0))
        rows.append((seeds[int(code)], float(loyalty), shared, text, float(hits[best]) if name else None))
    return pl.DataFrame(rows, schema=schema, orient="row")
