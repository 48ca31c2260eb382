"""Does the drug change what a reagent does to a protein? Drug − vehicle, as in the screen."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.protein.comparators import relative_to_comparator, replicate_matrix, tested_effects
from sensitome.protein.settings import ProteinSettings
from sensitome.protein.tables import ProteinInteractions

__all__ = ["protein_interactions"]

_ITEM = ["cell_line", "treatment", "reagent", "kind"]


def protein_interactions(values: pl.DataFrame, *, vehicle: str | None, settings: ProteinSettings) -> pl.DataFrame:
    """Compare what each reagent does to each protein with and without drug.

    Parameters
    ----------
    values : from `summarize_spots`
    vehicle : the arm without drug; None, or an arm that was not printed, gives an empty table
    settings : comparator, level, fdr

    Returns
    -------
    Table `protein_interactions`, sorted by its key; controls are left out. p is null with one replicate.

    Notes
    -----
    δ = [x(reagent, drug) − x(comparator, drug)] − [x(reagent, vehicle) − x(comparator, vehicle)] of each replicate,
    tested over replicates with variances drawn towards that of all reagents (limma); q by BH over the reagents of the
    protein, arm and line. 0 = the drug changes nothing.

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027
    """
    empty = ProteinInteractions.create_empty()
    if vehicle is None:
        return empty
    parts = []
    for _, own in values.sort("cell_line", "protein", *_ITEM, "replicate").group_by(
        ["cell_line", "protein"], maintain_order=True
    ):
        without = own.filter(pl.col("treatment") == vehicle)
        for (arm,), drug in own.filter(pl.col("treatment") != vehicle).group_by(["treatment"], maintain_order=True):
            if without.height:
                parts.append(_of_arm(drug, without, arm=str(arm), settings=settings))
    if not parts:
        return empty
    return pl.concat(parts).select(empty.columns).sort(*_ITEM, "protein")


def _of_arm(drug: pl.DataFrame, without: pl.DataFrame, *, arm: str, settings: ProteinSettings) -> pl.DataFrame:
    """One protein in one arm and line."""
    about = [pl.col("control_class").first()] if "control_class" in drug.columns else []
    items = (
        drug.join(without.select("reagent", "kind").unique(), on=["reagent", "kind"], how="semi")
        .group_by("cell_line", "protein", "reagent", "kind", maintain_order=True)
        .agg(pl.col("role").first(), *about)
    )
    replicates = sorted({*drug["replicate"].unique()} & {*without["replicate"].unique()})
    relative = [
        relative_to_comparator(replicate_matrix(own, items, replicates=replicates), items, settings=settings)
        for own in (drug, without)
    ]
    effect = relative[0] - relative[1]
    control = items["role"].to_numpy() == "negative"
    direction = pl.when(pl.col("effect") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    return (
        items.with_columns(
            *tested_effects(effect, control=control, level=settings.level),
            pl.lit(arm).alias("treatment"),
            pl.Series("n", np.isfinite(effect).sum(axis=1), dtype=pl.Int32),
        )
        .with_columns((pl.col("q_value") < settings.fdr).alias("is_changed"))
        .with_columns(pl.when("is_changed").then(direction).otherwise(pl.lit("")).alias("direction"))
        .filter((pl.col("role") != "negative") & (pl.col("n") > 0))
    )
