"""The cells of an assay as arrays: reagents × biological replicates of one arm, with the control in place 0."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.validation.comparators import ALL, by_comparator

__all__ = ["Cells", "line_cells", "wells_by_cell"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

CONTROL = "\0control"


@dataclass(frozen=True)
class Cells:
    """All arms of one cell line.

    Parameters
    ----------
    reagents : (groups − 1) pairs (reagent, kind); group 0 is the control
    arms : names of the arms
    replicates : biological replicates, in order
    log2, viability : (arms, groups, replicates), means of technical replicates, plates aligned; NaN = none
    wells : (arms, groups, replicates), wells with a reading
    readings : one row per well: `arm`, `group`, `replicate` (positions) and `log2`, plates aligned
    comparator : which negative controls group 0 is: those of a class, or all
    """

    reagents: list[tuple[str, str]]
    arms: list[str]
    replicates: list[int]
    log2: FloatArray
    viability: FloatArray
    wells: IntArray
    readings: pl.DataFrame
    comparator: str = ALL

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """(arms, groups): every replicate has the group, with the same number of wells."""
        return np.asarray((self.wells > 0).all(axis=2) & (self.wells == self.wells[:, :, :1]).all(axis=2))


def line_cells(wells: pl.DataFrame) -> list[Cells]:
    """Arrange the normalized wells of one cell line.

    Parameters
    ----------
    wells : from `normalize_validation`, one cell line; from `match_controls` where kinds have controls of their own

    Returns
    -------
    Cells of the reagents that have the same comparator and lie on the same plates: each group is compared with the
    controls of its own plates. Where
    a group has several plates in one arm and replicate, each is moved so that its own control has the mean of the
    controls of the group. Reagents whose plates have no control of an arm are compared with all of the replicate.
    """
    arms = wells.filter(pl.col("role") == "sample")["treatment"].unique().sort().to_list()
    replicates = wells["replicate"].unique().sort().to_list()
    found = []
    for comparator, own in by_comparator(wells):
        every = own.filter(pl.col("role") == "sample").select("reagent", "kind").unique().sort("reagent", "kind").rows()
        named = _named(own)
        for reagents, plates in _plate_groups(named, every):
            samples = pl.struct("reagent", "kind").is_in([{"reagent": name, "kind": kind} for name, kind in reagents])
            control = (pl.col("reagent") == CONTROL) & (pl.col("plate").is_in(plates) if plates else pl.lit(True))
            aligned = _align_plates(named.filter(samples | control))
            found.append(replace(_arranged(aligned, reagents, arms, replicates), comparator=comparator))
    return found


def _named(wells: pl.DataFrame) -> pl.DataFrame:
    """Readable wells of samples and controls, the controls by one name."""
    usable = wells.filter(pl.col("role").is_in(["sample", "negative"]) & pl.col("log2_viability").is_not_null())
    control = pl.col("role") == "negative"
    return usable.with_columns(
        pl.when(control).then(pl.lit(CONTROL)).otherwise("reagent").alias("reagent"),
        pl.when(control).then(pl.lit("")).otherwise("kind").alias("kind"),
    )


def _plate_groups(named: pl.DataFrame, every: list[tuple[str, str]]) -> list[tuple[list[tuple[str, str]], list[str]]]:
    """Reagents by the plates they lie on, with those plates; one group for all where some arm lacks its own control."""
    control = named.filter(pl.col("reagent") == CONTROL).select("plate", "treatment").unique()
    samples = named.filter(pl.col("reagent") != CONTROL)
    lone = samples.select("plate", "treatment").unique().join(control, on=["plate", "treatment"], how="anti")
    if lone.height or samples.is_empty():
        return [(every, [])]
    # A plate without a reading of a reagent belongs to its group all the same: plates are known by who lies together.
    held = samples.group_by("reagent", "kind").agg(pl.col("plate").unique().sort())
    sets = {(name, kind): frozenset(plates) for name, kind, plates in held.iter_rows()}
    largest: list[frozenset[str]] = []
    for plates in sorted(set(sets.values()), key=lambda own: (-len(own), sorted(own))):
        if not any(plates <= other for other in largest):
            largest.append(plates)
    groups: dict[frozenset[str], list[tuple[str, str]]] = {plates: [] for plates in largest}
    for reagent in every:
        own = sets.get(reagent, frozenset())
        groups[next(plates for plates in largest if own <= plates)].append(reagent)
    return [
        (reagents, sorted(plates)) for plates, reagents in sorted(groups.items(), key=lambda item: item[1]) if reagents
    ]


def _arranged(aligned: pl.DataFrame, reagents: list[tuple[str, str]], arms: list[str], replicates: list[int]) -> Cells:
    """Arrays of the wells of one plate group."""
    groups = pl.DataFrame(
        {
            "reagent": [CONTROL, *(name for name, _ in reagents)],
            "kind": ["", *(kind for _, kind in reagents)],
            "group": range(len(reagents) + 1),
        },
        schema={"reagent": pl.String, "kind": pl.String, "group": pl.Int64},
    )
    placed = (
        aligned.join(groups, on=["reagent", "kind"])
        .filter(pl.col("treatment").is_in(arms))
        .select(
            pl.col("treatment").replace_strict(arms, list(range(len(arms))), return_dtype=pl.Int64).alias("arm"),
            "group",
            pl.col("replicate")
            .replace_strict(replicates, list(range(len(replicates))), return_dtype=pl.Int64)
            .alias("replicate"),
            "log2",
            "viability",
        )
        .sort("arm", "group", "replicate", "log2")
    )
    shape = (len(arms), len(groups), len(replicates))
    log2, viability, count = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.intp)
    means = placed.group_by("arm", "group", "replicate", maintain_order=True).agg(
        pl.col("log2", "viability").mean(), pl.len().alias("n")
    )
    at = tuple(means[name].to_numpy() for name in ("arm", "group", "replicate"))
    log2[at], viability[at], count[at] = (means[name].to_numpy() for name in ("log2", "viability", "n"))
    return Cells(reagents, arms, replicates, log2, viability, count, placed)


def wells_by_cell(wells: pl.DataFrame) -> tuple[pl.DataFrame, FloatArray]:
    """Viabilities of the wells of every reagent × arm, padded by NaN.

    Parameters
    ----------
    wells : from `normalize_validation`, of one role or of all

    Returns
    -------
    keys : cell_line, reagent, kind, treatment, sorted
    values : (cells, wells)
    """
    keys = ["cell_line", "treatment", "reagent", "kind"]
    slots = (
        wells.filter(pl.col("viability").is_not_null())
        .sort(*keys, "plate", "row", "column")
        .with_columns(pl.int_range(pl.len()).over(keys).alias("slot"))
    )
    cells = slots.select(keys).unique().sort(keys).with_row_index("cell")
    placed = slots.join(cells, on=keys)
    slot = placed["slot"].to_numpy()
    values = np.full((cells.height, slot.max(initial=0) + 1), np.nan)
    values[placed["cell"].to_numpy(), slot] = placed["viability"].to_numpy()
    return cells.drop("cell"), values


def _align_plates(wells: pl.DataFrame) -> pl.DataFrame:
    """Move plates of one arm and replicate so that their own controls agree; where a plate has none it stays."""
    group = ["treatment", "replicate"]
    control = pl.col("reagent") == CONTROL
    plates = wells.filter(control).group_by(*group, "plate").agg(pl.col("log2_viability").mean().alias("own"))
    plates = plates.with_columns((pl.col("own") - pl.col("own").mean().over(group)).alias("shift"))
    joined = wells.join(plates.select(*group, "plate", "shift"), on=[*group, "plate"], how="left")
    shift = pl.col("shift").fill_null(0.0)
    return joined.with_columns(
        (pl.col("log2_viability") - shift).alias("log2"),
        (pl.col("viability") * 2.0 ** (-shift)).alias("viability"),
    )
