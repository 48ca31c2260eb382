"""The rule of the study and the test of the interaction, context by context: who calls what, and why they differ."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import Tables
from sensitome.charts.sensitization_data import CONTEXT

__all__ = ["BOTH", "CAUSES", "GROUPS", "ONLY_RULE", "ONLY_TEST", "against_truth", "compared"]

BOTH, ONLY_RULE, ONLY_TEST = "called by both", "only by the rule", "only by the test"
GROUPS = (BOTH, ONLY_RULE, ONLY_TEST)

#: Cause in a few words → a sentence that stands alone.
CAUSES = {
    "stronger with drug, beyond the limit": "With the drug it is beyond the threshold, and further than without.",
    "additive: the drug adds nothing": "It does with the drug what it does without: the interaction is small.",
    "as toxic without drug": "It is toxic without drug, and the drug is shown to change that little.",
    "some well went wrong": "Its replicates disagree with each other, or the model is sure that a well went wrong.",
    "interaction goes the other way": "With the drug it does less than expected, not more.",
    "not sure enough": "The drug may change its effect, but the replicates do not show it surely enough.",
    "no value without or with drug": "It has no value without or with the drug, so its interaction is not known.",
    "target not expressed: not tested": "Its target is not expressed in that line, so it was not tested.",
    "above the threshold of the rule": "The drug changes its effect, but its score stays above the threshold.",
    "left out: effect without drug": "The rule leaves it out because it also acts without drug; the drug adds to that.",
    "left out: target not expressed": "The rule leaves it out because its target is not expressed in that line.",
    "no score": "The rule has no score of it.",
    "not called by the rule": "The rule does not call it.",
}
#: Class of the test → why it does not call what the rule calls.
_NOT_BY_TEST = {
    "additive": "additive: the drug adds nothing",
    "toxic alone": "as toxic without drug",
    "artifact": "some well went wrong",
    "antagonist": "interaction goes the other way",
}


def compared(tables: Tables) -> pl.DataFrame | None:
    """Put the calls of the rule and of the test beside each other.

    Parameters
    ----------
    tables : `hits`, `sensitizers`; `concordance` for sentences of its own, `truth` where it is known

    Returns
    -------
    Contexts that either calls: `CONTEXT`, group (one of `GROUPS`), cause (a few words, the same for like contexts),
    reason (a sentence), is_active (null where no truth is known), and of
    the tables class, effect, ci_low, ci_high, local_rate, q_value, z, vehicle_z; sorted by group, cause and effect.
    None without one of the two tables.
    """
    if "hits" not in tables or "sensitizers" not in tables:
        return None
    test = tables["sensitizers"].with_columns(pl.col("class").cast(pl.String))
    shown = ["class", "effect", "ci_low", "ci_high", "local_rate", "q_value", "is_sensitizer"]
    # An inhibitor whose target is missing is told by either table.
    expressed = pl.col("is_expressed").alias("test_expressed")
    rule = _rule(tables["hits"])
    both = rule.join(test.select(*CONTEXT, *shown, expressed), on=CONTEXT, how="full", coalesce=True)
    both = both.with_columns(pl.col("is_hit", "is_sensitizer").fill_null(value=False))
    called = both.filter(pl.col("is_hit") | pl.col("is_sensitizer")).with_columns(_group().alias("group"))
    called = called.with_columns(_cause().alias("cause"))
    called = _with_reason(called, tables.get("concordance"))
    called = _with_truth(called, tables.get("truth"))
    order = pl.col("group").replace_strict({name: place for place, name in enumerate(GROUPS)}, return_dtype=pl.Int8)
    return called.sort(order, "cause", "effect", *CONTEXT, nulls_last=True)


def against_truth(tables: Tables) -> list[dict[str, Any]]:
    """Recall and false-discovery proportion of the rule and of the test, where the truth is known.

    Contexts that a table lacks count as not called.

    Returns
    -------
    One dictionary each: name, called, right, true, recall, wrong (shares; None where not defined). Empty without truth
    """
    truth = tables.get("truth")
    if truth is None or not {*CONTEXT, "is_active"} <= set(truth.columns):
        return []
    known = truth.select(*CONTEXT, "is_active").unique(CONTEXT, keep="first", maintain_order=True)
    rows = []
    for name, table, column in (("the rule", "hits", "is_hit"), ("the test", "sensitizers", "is_sensitizer")):
        if table not in tables:
            continue
        calls = tables[table].filter(column).select(CONTEXT).unique()
        right = calls.join(known.filter("is_active"), on=CONTEXT, how="semi").height
        judged = calls.join(known, on=CONTEXT, how="semi").height
        true = int(known["is_active"].sum())
        rows.append(
            {
                "name": name, "called": judged, "right": right, "true": true,
                "recall": right / true if true else None, "wrong": 1 - right / judged if judged else None,
            }
        )  # fmt: skip
    return rows


def _rule(hits: pl.DataFrame) -> pl.DataFrame:
    """Calls of the rule, one row a context; of several wells of a reagent the one called, or the lowest."""
    columns = ["is_hit", "is_significant", "is_quiet", "is_expressed", "z", "vehicle_z"]
    return (
        hits.sort("is_hit", "z", descending=[True, False], nulls_last=True)
        .unique(CONTEXT, keep="first", maintain_order=True)
        .select(*CONTEXT, *columns)
    )


def _group() -> pl.Expr:
    """Who calls it."""
    return (
        pl.when(pl.col("is_hit") & pl.col("is_sensitizer"))
        .then(pl.lit(BOTH))
        .when("is_hit")
        .then(pl.lit(ONLY_RULE))
        .otherwise(pl.lit(ONLY_TEST))
    )


def _cause() -> pl.Expr:
    """Why the other does not call it, in a few words."""
    by_class = pl.col("class").replace_strict(_NOT_BY_TEST, default="not sure enough")
    not_by_test = (
        pl.when(pl.col("effect").is_null())
        .then(pl.lit("no value without or with drug"))
        .when(~pl.col("test_expressed").fill_null(value=True))
        .then(pl.lit("target not expressed: not tested"))
        .otherwise(by_class)
    )
    not_by_rule = (
        pl.when(pl.col("z").is_null())
        .then(pl.lit("no score"))
        .when(~pl.col("is_significant").fill_null(value=False))
        .then(pl.lit("above the threshold of the rule"))
        .when(~pl.col("is_quiet").fill_null(value=False))
        .then(pl.lit("left out: effect without drug"))
        .when(~pl.col("is_expressed").fill_null(value=True))
        .then(pl.lit("left out: target not expressed"))
        .otherwise(pl.lit("not called by the rule"))
    )
    return (
        pl.when(pl.col("group") == BOTH)
        .then(pl.lit("stronger with drug, beyond the limit"))
        .when(pl.col("group") == ONLY_RULE)
        .then(not_by_test)
        .otherwise(not_by_rule)
    )


def _with_reason(called: pl.DataFrame, concordance: pl.DataFrame | None) -> pl.DataFrame:
    """Sentences of the table `concordance`; where it has none, those of the causes."""
    plain = pl.col("cause").replace_strict(CAUSES)
    if concordance is None or not {*CONTEXT, "reason"} <= set(concordance.columns):
        return called.with_columns(plain.alias("reason"))
    own = concordance.select(*CONTEXT, "reason").unique(CONTEXT, keep="first", maintain_order=True)
    joined = called.join(own, on=CONTEXT, how="left")
    return joined.with_columns(pl.coalesce("reason", plain).alias("reason"))


def _with_truth(called: pl.DataFrame, truth: pl.DataFrame | None) -> pl.DataFrame:
    """Whether the effect is real, where a simulation tells."""
    if truth is None or not {*CONTEXT, "is_active"} <= set(truth.columns):
        return called.with_columns(pl.lit(None, dtype=pl.Boolean).alias("is_active"))
    known = truth.select(*CONTEXT, "is_active").unique(CONTEXT, keep="first", maintain_order=True)
    return called.join(known, on=CONTEXT, how="left")
