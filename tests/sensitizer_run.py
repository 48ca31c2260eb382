"""Tables of a made-up test of sensitization, to go with the small run."""

from __future__ import annotations

import polars as pl

from sensitome.screen.concordance import compare_calls
from sensitome.tables import TABLES, check_table

VEHICLE = "vehicle"
#: Standard error of an interaction of the small run.
ERROR = 0.12


def sensitizer_tables(wells: pl.DataFrame, hits: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`sensitizers` and `concordance`: interactions read off the wells, with rates that follow their size."""
    sensitizers = check_table(_sensitizers(wells), TABLES["sensitizers"], name="sensitizers")
    return {"sensitizers": sensitizers, "concordance": compare_calls(sensitizers, hits)}


def without_rates(sensitizers: pl.DataFrame, method: str) -> pl.DataFrame:
    """The same table as of a method with q-values ("moderated-t") or with scores alone ("regression")."""
    none = pl.lit(None, dtype=pl.Float64)
    q = pl.col("local_rate") if method == "moderated-t" else none
    return sensitizers.with_columns(
        q.alias("q_value"), q.alias("p_value"), none.alias("local_rate"), pl.lit(method).alias("method"),
        *([] if method == "moderated-t" else [none.alias("ci_low"), none.alias("ci_high")]),
    )  # fmt: skip


def families_of(sensitizers: pl.DataFrame) -> pl.DataFrame:
    """Two seed families of the mimics, as the hierarchical model tells them."""
    mimics = sensitizers.filter(pl.col("kind") == "mimic")["reagent"].unique().sort()
    members = [mimics[:2].to_list(), mimics[2:5].to_list()]
    called = set(sensitizers.filter("is_sensitizer")["reagent"])
    own = [[name for name in names if name in called] for names in members]
    return check_table(
        pl.DataFrame(
            {
                "seed_family": ["AGCACCA", "AAAGUGC"], "kind": "mimic",
                "n_members": [2, 3], "members": [";".join(names) for names in members],
                "n_called": [len(names) for names in own], "called": [";".join(names) for names in own],
                "loyalty": [0.7, 0.7], "p_shared": [0.98, 0.01],
                "pattern": ["KPL4: lapatinib; SUM190PT: lapatinib", None], "p_pattern": [0.9, None],
                "cell_line": ["KPL4", "SUM190PT"], "treatment": "lapatinib",
                "effect": [-0.8, 0.01], "ci_low": [-1.1, -0.2], "ci_high": [-0.5, 0.22],
                "p_value": [0.0001, 0.4], "q_value": [0.0002, 0.4],
            },
        ),
        TABLES["families"],
        name="families",
    )  # fmt: skip


def _sensitizers(wells: pl.DataFrame) -> pl.DataFrame:
    keys = ["reagent", "kind", "cell_line"]
    samples = wells.filter(pl.col("role").cast(pl.String) == "sample")
    arms = samples.group_by(*keys, "treatment").agg(
        ("L1:" + pl.col("well").first()).alias("position"),
        pl.col("normalized").mean().alias("mean"),
        pl.col("normalized").count().cast(pl.Int32).alias("n"),
    )
    drug = arms.filter(pl.col("treatment") != VEHICLE)
    quiet = arms.filter(pl.col("treatment") == VEHICLE).select(*keys, pl.col("mean").alias("vehicle_effect"))
    both = drug.join(quiet, on=keys).with_columns((pl.col("mean") - pl.col("vehicle_effect")).alias("effect"))
    rate = (1 / (1 + (-(pl.col("effect") + 0.5) / 0.08).exp())).clip(1e-6, 1.0)
    toxic = pl.col("vehicle_effect") < -0.5
    called = pl.col("local_rate") <= 0.2
    classes = (
        pl.when(called & toxic).then(pl.lit("toxic and sensitizing"))
        .when(called).then(pl.lit("sensitizer"))
        .when(pl.col("effect") > 0.3).then(pl.lit("antagonist"))
        .when(toxic).then(pl.lit("toxic alone"))
        .otherwise(pl.lit("additive"))
    )  # fmt: skip
    rated = both.with_columns(rate.alias("local_rate")).sort("local_rate", *keys)
    none = pl.lit(None, dtype=pl.Float64)
    mean_rate = pl.col("local_rate").cum_sum() / pl.int_range(1, pl.len() + 1)
    low, high = pl.col("effect") - 2 * ERROR, pl.col("effect") + 2 * ERROR
    alone = pl.col("vehicle_effect")
    return rated.select(
        *keys, "position", "treatment", "vehicle_effect",
        (alone - 0.2).alias("vehicle_ci_low"), (alone + 0.2).alias("vehicle_ci_high"),
        pl.col("mean").alias("effect_with_drug"), "effect", low.alias("ci_low"), high.alias("ci_high"),
        none.alias("p_value"), mean_rate.alias("q_value"), "local_rate",
        pl.lit(None, dtype=pl.Int32).alias("tier"), "n",
        (pl.col("local_rate") - 1).alias("statistic"), pl.col("effect").alias("shrunk_effect"),
        pl.when(toxic).then(pl.lit("toxic")).otherwise(pl.lit("quiet")).alias("alone"), classes.alias("class"),
        called.alias("is_sensitizer"), pl.lit(None, dtype=pl.Boolean).alias("is_expressed"),
        pl.lit("heb").alias("method"),
    ).sort("reagent", "kind", "cell_line", "treatment")  # fmt: skip
