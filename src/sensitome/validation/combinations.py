"""Combination effects of the validation assay: reagent with drug, drug with drug, and all three."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.combination import (
    Resamples,
    bliss_bootstrap,
    bliss_excess,
    bliss_log2,
    hsa_bootstrap,
    hsa_excess,
    resamples,
    three_way_log2,
)
from sensitome.core.multiple import adjust_p
from sensitome.validation.comparators import ALL, by_comparator
from sensitome.validation.settings import CombinationSettings
from sensitome.validation.tables import Combinations

__all__ = ["combination_effects", "in_words"]

FloatArray = npt.NDArray[np.float64]

#: Name and kind.
_Reagent = tuple[str, str]
#: A point of viability below this is no difference worth a word.
WORD = 0.05


class _Combination(NamedTuple):
    """One combination: viabilities (agents, replicates) of its parts, and of all together."""

    name: str
    treatment: str
    reagent: str | None
    kind: str | None
    parts: FloatArray
    combined: FloatArray
    pairs: FloatArray | None


def combination_effects(
    wells: pl.DataFrame,
    *,
    vehicle: str,
    combinations: Mapping[str, Sequence[str]],
    settings: CombinationSettings,
) -> pl.DataFrame:
    """Compare every combination of the assay with what its parts explain.

    Parameters
    ----------
    wells : from `normalize_validation` with the controls without drug as 100 %; from `match_controls` where kinds have
        controls of their own
    vehicle : the arm without drug
    combinations : arm with several drugs → the arms of each alone
    settings : level, resamples, seed

    Returns
    -------
    Table `combinations`: Bliss and HSA for reagent + drug, drug + drug and reagent + drug + drug, in viability
    (percentage points) and log2, and the three-way term. Biological replicates are n.

    Notes
    -----
    Viability under an agent alone is relative to the control without drug on the same plates, for a reagent with
    controls of its class to the median of those; a replicate counts where all arms of the combination were measured.
    """
    rows = []
    for line in wells["cell_line"].unique().sort().to_list():
        own = wells.filter((pl.col("cell_line") == line) & pl.col("viability").is_not_null())
        for replicates, group in _by_replicates(_collect(own, vehicle, combinations)):
            over = resamples(replicates, rng=np.random.default_rng(settings.seed), draws=settings.draws)
            rows += [{"cell_line": line, **row} for row in _scored(group, over, settings.level)]
    return _finished(rows)


def in_words(points: float, reference: str) -> str:
    """Say an excess in viability in words.

    Parameters
    ----------
    points : expected − observed viability, percentage points
    reference : "Bliss" or "HSA"

    >>> in_words(16.5, "Bliss"), in_words(-3.2, "HSA")
    ('16.5 points more killing than Bliss expects', '3.2 points less killing than the best agent alone')
    """
    than = {"Bliss": "Bliss expects", "HSA": "the best agent alone", "three-way": "the pairs explain"}[reference]
    if np.isnan(points):
        return f"no estimate against what {than}" if reference != "HSA" else "no estimate against the best agent alone"
    if abs(points) < WORD:
        return f"as much killing as {than}"
    return f"{abs(points):.1f} points {'more' if points > 0 else 'less'} killing than {than}"


def _collect(wells: pl.DataFrame, vehicle: str, combinations: Mapping[str, Sequence[str]]) -> list[_Combination]:
    """Every combination of one cell line with its viabilities."""
    replicates = wells["replicate"].unique().sort().to_list()
    means: dict[tuple[_Reagent, str], dict[int, float]] = {}
    control = {key: values for key, values in _controls(wells).items() if key[0] is None}
    for comparator, group in by_comparator(wells):
        own = group if comparator == ALL else _to_own_control(group, vehicle)
        means |= _means(own)
        control |= {key: values for key, values in _controls(own).items() if key[0] is not None}
    labels = _labels([reagent for reagent, _ in means])
    drugs = [arm for arm in wells["treatment"].unique().sort().to_list() if arm != vehicle]
    found = []
    for arm in drugs:
        singles = [part for part in combinations.get(arm, ()) if part in drugs]
        everywhere = _series(control.get((None, arm)), replicates)
        if len(singles) > 1:
            parts = np.stack([_series(control.get((None, part)), replicates) for part in singles])
            found.append(_Combination(" + ".join(singles), arm, None, None, parts, everywhere, None))
        for (reagent, treatment), values in sorted(means.items()):
            if treatment != arm:
                continue
            alone = _series(means.get((reagent, vehicle)), replicates)
            drug = _series(control.get((reagent, arm)), replicates)
            combined = _series(values, replicates)
            name = f"{labels[reagent]} + {arm}"
            found.append(_Combination(name, arm, *reagent, np.stack([alone, drug]), combined, None))
            if len(singles) > 1:
                drug_alone = [_series(control.get((reagent, part)), replicates) for part in singles]
                pairs = [_series(means.get((reagent, part)), replicates) for part in singles]
                name = " + ".join([labels[reagent], *singles])
                triple = np.stack([alone, *drug_alone])
                found.append(_Combination(name, arm, *reagent, triple, combined, np.stack([*pairs, drug])))
    return found


def _to_own_control(wells: pl.DataFrame, vehicle: str) -> pl.DataFrame:
    """Viabilities relative to the median control without drug of these wells.

    That of the plate where every plate has one, else that of the replicate: one scale for all arms.
    """
    base = wells.filter((pl.col("role") == "negative") & (pl.col("treatment") == vehicle))
    everywhere = wells.join(base, on="plate", how="anti").is_empty()
    place = "plate" if everywhere else "replicate"
    levels = base.group_by(place).agg(pl.col("viability").median().alias("_level"))
    joined = wells.join(levels, on=place, how="left", maintain_order="left")
    return joined.with_columns(pl.col("viability") / pl.col("_level")).drop("_level")


def _labels(reagents: Iterable[_Reagent]) -> dict[_Reagent, str]:
    """What combinations call each reagent: its name, with its kind where two kinds share the name."""
    every = set(reagents)
    names = [name for name, _ in every]
    return {(name, kind): name if names.count(name) == 1 else f"{name} ({kind})" for name, kind in every}


def _means(wells: pl.DataFrame) -> dict[tuple[_Reagent, str], dict[int, float]]:
    """(Reagent, arm) → replicate → mean viability of the samples."""
    table = (
        wells.filter(pl.col("role") == "sample")
        .group_by("reagent", "kind", "treatment", "replicate")
        .agg(pl.col("viability").sort().mean())
    )
    answer: dict[tuple[_Reagent, str], dict[int, float]] = {}
    for reagent, kind, arm, replicate, value in table.iter_rows():
        answer.setdefault(((reagent, kind), arm), {})[replicate] = value
    return answer


def _controls(wells: pl.DataFrame) -> dict[tuple[_Reagent | None, str], dict[int, float]]:
    """(Reagent, arm) → replicate → mean viability of the control on the plates of that reagent; None = all plates."""
    control = wells.filter(pl.col("role") == "negative").select("plate", "treatment", "replicate", "viability")
    beside = wells.filter(pl.col("role") == "sample").select("reagent", "kind", "plate", "replicate").unique()
    near = control.join(beside, on=["plate", "replicate"])
    answer: dict[tuple[_Reagent | None, str], dict[int, float]] = {}
    for frame, keys in ((near, ["reagent", "kind"]), (control, [])):
        table = frame.group_by(*keys, "treatment", "replicate").agg(pl.col("viability").sort().mean())
        for row in table.iter_rows(named=True):
            own = (row["reagent"], row["kind"]) if keys else None
            answer.setdefault((own, row["treatment"]), {})[row["replicate"]] = row["viability"]
    for (name, arm), values in list(answer.items()):
        if name is None:
            for reagent in beside.select("reagent", "kind").unique().iter_rows():
                # A plate with one arm only has the controls of the other arms on other plates.
                answer.setdefault((reagent, arm), values)
    return answer


def _series(values: Mapping[int, float] | None, replicates: Sequence[int]) -> FloatArray:
    """Viabilities in the order of the replicates; NaN where there is none."""
    return np.array([np.nan if values is None else values.get(replicate, np.nan) for replicate in replicates])


def _by_replicates(found: list[_Combination]) -> list[tuple[int, list[_Combination]]]:
    """Combinations by how many complete replicates they have; only those replicates are kept."""
    groups: dict[tuple[int, int, bool], list[_Combination]] = {}
    for item in found:
        joint = np.vstack([item.parts, item.combined, *([] if item.pairs is None else [item.pairs])])
        there = np.isfinite(joint).all(axis=0)
        if not there.any():
            continue
        pairs = None if item.pairs is None else item.pairs[:, there]
        kept = item._replace(parts=item.parts[:, there], combined=item.combined[there], pairs=pairs)
        groups.setdefault((int(there.sum()), len(item.parts), item.pairs is None), []).append(kept)
    return [(key[0], group) for key, group in sorted(groups.items())]


def _scored(group: list[_Combination], over: Resamples, level: float) -> list[dict[str, object]]:
    """Rows of combinations with the same number of agents and replicates."""
    parts, combined = np.stack([item.parts for item in group]), np.stack([item.combined for item in group])
    rows: list[dict[str, object]] = []
    boots = {"Bliss": bliss_bootstrap, "HSA": hsa_bootstrap}
    for reference, score in (("Bliss", bliss_excess), ("HSA", hsa_excess)):
        excess, boot = score(parts, combined, level=level), boots[reference](parts, combined, over=over, level=level)
        for i, item in enumerate(group):
            numbers = {
                "effect": excess.excess[i],
                "ci_low": excess.ci_low[i],
                "ci_high": excess.ci_high[i],
                "standard_error": excess.standard_error[i],
                "boot_low": boot.ci_low[i],
                "boot_high": boot.ci_high[i],
                "expected": excess.expected[i],
                "observed": excess.observed[i],
            }
            row = _row(item, reference, "viability", {name: 100 * float(value) for name, value in numbers.items()})
            row |= {"p_value": float(excess.p_value[i]), "boot_p": float(boot.p_value[i])}
            row["direction"] = in_words(100 * float(excess.excess[i]), reference)
            rows.append(row)
    rows += _log_rows(group, "Bliss", bliss_log2(parts, combined, level=level), level)
    if group[0].pairs is not None and parts.shape[1] == 3:
        pairs = np.stack([item.pairs for item in group if item.pairs is not None])
        rows += _log_rows(group, "three-way", three_way_log2(parts, pairs, combined, level=level), level)
    return rows


def _log_rows(group: list[_Combination], reference: str, test: object, level: float) -> list[dict[str, object]]:
    """Rows of a log2 test."""
    names = ("effect", "ci_low", "ci_high", "standard_error", "p_value")
    rows = []
    for i, item in enumerate(group):
        numbers = {name: float(getattr(test, name)[i]) for name in names}
        row = _row(item, reference, "log2", numbers)
        factor = 2.0 ** numbers["effect"]
        than = "Bliss expects" if reference == "Bliss" else "the pairs explain"
        row["direction"] = f"viability {factor:.2f} times what {than}"
        rows.append(row)
    return rows


def _row(item: _Combination, reference: str, scale: str, numbers: Mapping[str, float]) -> dict[str, object]:
    return {
        "combination": item.name,
        "treatment": item.treatment,
        "reagent": item.reagent,
        "kind": item.kind,
        "reference": reference,
        "scale": scale,
        "n": len(item.combined),
        **numbers,
    }


_NUMBERS = (
    "effect",
    "ci_low",
    "ci_high",
    "p_value",
    "standard_error",
    "boot_low",
    "boot_high",
    "boot_p",
    "expected",
    "observed",
)


def _finished(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Table with adjusted p, nulls for NaN, sorted."""
    texts = ("cell_line", "combination", "treatment", "reagent", "kind", "reference", "scale", "direction")
    schema = {**dict.fromkeys(texts, pl.String), "n": pl.Int32, **dict.fromkeys(_NUMBERS, pl.Float64)}
    table = pl.DataFrame(rows, schema=schema).with_columns(pl.col(_NUMBERS).fill_nan(None))
    parts = []
    keys = ["cell_line", "combination", "treatment", "reference", "scale"]
    for _, family in table.sort(keys).group_by("reference", "scale", maintain_order=True):
        p = family["p_value"].fill_null(np.nan).to_numpy()
        parts.append(family.with_columns(pl.Series("q_value", adjust_p(p)).fill_nan(None)))
    done = pl.concat(parts) if parts else table.with_columns(pl.lit(None, pl.Float64).alias("q_value"))
    return done.select(Combinations.column_names()).sort(keys)
