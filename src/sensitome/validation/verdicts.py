"""Who is validated: the paper's count, by wells, beside the interaction with an honest n."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sensitome.validation.tables import Validated

__all__ = ["ALPHA", "who_is_validated"]

#: Limit of p (the paper's count) and of q (the interaction).
ALPHA = 0.05
_ITEM = ["cell_line", "reagent", "kind"]


def who_is_validated(validation: pl.DataFrame, paper: pl.DataFrame, *, vehicle: str) -> pl.DataFrame:
    """Count as the paper does, and by the interaction, and say where they part.

    Parameters
    ----------
    validation : table `validation`, tested by blocks
    paper : table `validation_paper`, tested by wells
    vehicle : the arm without drug

    Returns
    -------
    Table `validated`, sorted by its key: the paper's "validated" is p < .05 and lower than the control in at least one
    arm with drug; ours is an interaction at q < .05, with fewer living cells than reagent and drug explain. Null where
    a test has no p at all.

    References
    ----------
    Normann et al. 2021, doi:10.1038/s41598-021-90385-2
    """
    contrast = pl.col("contrast").cast(pl.String)
    interactions = validation.filter(contrast == "interaction")
    by_wells = paper.filter(pl.col("treatment") != vehicle)
    alone = validation.filter((contrast == "reagent") & (pl.col("treatment") == vehicle)).select(
        *_ITEM, _alone().alias("alone")
    )
    table = (
        validation.select(*_ITEM, "comparator")
        .unique()
        .join(
            _arms(by_wells, "p_value").rename({"arms": "paper_arms", "is": "is_validated_paper"}), on=_ITEM, how="left"
        )
        .join(_arms(interactions, "q_value").rename({"is": "is_validated"}), on=_ITEM, how="left")
        .join(alone, on=_ITEM, how="left")
        .with_columns(pl.col("alone").fill_null("undetermined"), pl.col("paper_arms", "arms").fill_null(""))
        .sort(_ITEM)
    )
    reasons = [_reason(row) for row in table.iter_rows(named=True)]
    return table.with_columns(pl.Series("reason", reasons, dtype=pl.String)).select(Validated.column_names())


def _arms(rows: pl.DataFrame, limit: str) -> pl.DataFrame:
    """Arms in which each reagent passes, joined by "; ", and whether there is one; null without any test."""
    passes = (pl.col(limit) < ALPHA) & (pl.col("effect") < 0)
    return rows.group_by(_ITEM).agg(
        pl.col("treatment").filter(passes.fill_null(False)).sort().str.join("; ").alias("arms"),
        pl.when(pl.col(limit).count() > 0).then(passes.fill_null(False).any()).alias("is"),
    )


def _alone() -> pl.Expr:
    """What the reagent does without drug, in a word."""
    sure = pl.col("q_value") < ALPHA
    return (
        pl.when(sure & (pl.col("effect") < 0))
        .then(pl.lit("toxic"))
        .when(sure & (pl.col("effect") > 0))
        .then(pl.lit("protective"))
        .when(pl.col("p_equivalence") < ALPHA)
        .then(pl.lit("quiet"))
        .otherwise(pl.lit("undetermined"))
    )


def _reason(row: Mapping[str, object]) -> str:
    """Why the two counts agree or part, in a sentence."""
    if row["is_validated"] is None:
        return "No test: one biological replicate says nothing of how far the effect repeats."
    ours, theirs = bool(row["is_validated"]), bool(row["is_validated_paper"])
    arms = str(row["arms"]).replace("; ", " and ")
    if ours and theirs:
        return f"Fewer cells live than reagent and drug explain under {arms}; the test of wells agrees."
    if ours:
        return f"Fewer cells live than reagent and drug explain under {arms}; the test of wells misses it."
    if not theirs:
        return "Neither test finds it."
    if row["alone"] == "toxic":
        return "Toxic with and without drug: the drug adds nothing that can be told from what the reagent does alone."
    return "Lower with drug by the test of wells; with biological replicates as n no interaction can be told from 0."
