"""Sources about the target of a candidate, wherever it is measured: arrays, databases and patients.

A mimic raises its miRNA and an inhibitor lowers it. If that sensitizes, high expression of a mimicked miRNA should be
the good state, and low expression of an inhibited one: fewer in late stages and later events, or the reverse.
"""

from __future__ import annotations

from math import exp

import polars as pl

from sensitome.evidence.sources import ESTIMATE, Asked, Judgment, Row, Source, Tables
from sensitome.evidence.words import chance, interval, number

__all__ = ["TARGET_SOURCES", "direction_in_words"]

_ITEM = ("reagent", "kind")
#: Gene sets that are named; the rest is counted.
_SETS = 3


def direction_in_words(target: str | None, sign: int) -> str:
    """What the reagent does to its target, and what is therefore expected of patients.

    >>> direction_in_words("miR-101-5p", 1)
    'raises miR-101-5p: high expression should go with early stages and late events'
    """
    if not target or not sign:
        return "neither known to raise nor to lower a target: patients cannot take sides"
    verb, level = ("raises", "high") if sign > 0 else ("lowers", "low")
    return f"{verb} {target}: {level} expression should go with early stages and late events"


def _of_target(tables: Tables, name: str, asked: Asked, *, column: str = "mirna") -> pl.DataFrame | None:
    """Rows of a table that are about targets of candidates, one for each candidate; None without any."""
    table = tables.get(name)
    if table is None or table.is_empty():
        return None
    own = asked.candidates.select(*_ITEM, "target", "sign").drop_nulls("target")
    found = own.join(
        table.with_columns(pl.col(column).cast(pl.String)), left_on="target", right_on=column, how="inner"
    ).with_columns(pl.col("target").alias(column))
    return found if found.height else None


def _first(table: pl.DataFrame, *by: str, keys: tuple[str, ...] = _ITEM, further: tuple[str, ...] = ()) -> pl.DataFrame:
    """One row a key, the smallest of some columns first; of the columns those that are asked for."""
    there = [name for name in by if name in table.columns]
    ordered = table.sort(*keys, *there, nulls_last=True, maintain_order=True)
    kept = ordered.unique(keys, keep="first", maintain_order=True)
    return kept.select(name for name in [*keys, "sign", *ESTIMATE, *further] if name in kept.columns)


def _expression(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    """The test of the group of lines that is closest to each line, and of its arm where arms are tested apart."""
    own = _of_target(tables, "response", asked, column="feature")
    if own is None:
        return None
    lines = own.with_columns(pl.col("cell_lines").str.split(", ").alias("cell_line"))
    lines = lines.with_columns(pl.col("cell_line").list.len().alias("_lines")).explode("cell_line")
    found = lines.filter(pl.col("change").is_not_null()).with_columns(pl.col("change").alias("effect"))
    keys = (*_ITEM, "cell_line")
    if not found.height:
        return None
    return _first(found, "_lines", "group", "p_value", keys=keys, further=("group", "comparison", "arm"))


def _judge_expression(row: Row, asked: Asked) -> Judgment:
    value = row.get(asked.settings.by)
    answers = (
        "answers to the drugs" if isinstance(value, float) and value <= asked.settings.alpha else "does not answer"
    )
    change = f"{number(row['effect'])} log2 under {row['arm']}" if row.get("arm") else f"{number(row['effect'])} log2"
    p = row.get("p_value")
    nominal = f", nominal p {p:.2g}" if isinstance(p, float) else ""
    return "context", f"{answers} (group {row['group']}: {change}{nominal}, {row['n']} arrays)"


def _targets(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    own = _of_target(tables, "targets", asked)
    if own is None:
        return None
    counted = own.group_by(_ITEM).agg(
        pl.len().cast(pl.Float64).alias("effect"),
        pl.len().cast(pl.Int32).alias("n"),
        (pl.col("n_observed") > 0).sum().cast(pl.Int32).alias("observed"),
        pl.col("gene"),
    )
    sets = _enriched_sets(tables, asked)
    words = [
        "; ".join(name for name, genes in sets if not genes.isdisjoint(own_genes))
        for own_genes in counted["gene"].to_list()
    ]
    return counted.drop("gene").with_columns(pl.Series("sets", words, dtype=pl.String))


def _enriched_sets(tables: Tables, asked: Asked) -> list[tuple[str, set[str]]]:
    """Gene sets that pass against random miRNAs, with the targets in them."""
    enrichment = tables.get("enrichment")
    if enrichment is None or enrichment.is_empty():
        return []
    passed = enrichment.filter(pl.col("empirical_q") <= asked.settings.alpha).sort("empirical_q", "gene_set")
    found: dict[str, set[str]] = {}
    for name, genes in passed.select("gene_set", pl.col("genes").fill_null("")).iter_rows():
        found.setdefault(name, set()).update(genes.split(";"))
    return list(found.items())


def _judge_targets(row: Row, asked: Asked) -> Judgment:
    sets = [name for name in row["sets"].split("; ") if name]
    more = f" and {len(sets) - _SETS} more" if len(sets) > _SETS else ""
    known = f"; some in enriched sets: {', '.join(sets[:_SETS])}{more}" if sets else "; none in an enriched gene set"
    return "context", f"{row['n']:,} targets, {row['observed']:,} of them observed{known}"


def _association(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    own = _of_target(tables, "association_summary", asked)
    if own is None:
        return None
    own = own.with_columns(
        pl.col("n_significant").cast(pl.Float64).alias("effect"),
        pl.col("n_tested").alias("n"),
        (-pl.col("n_tested")).alias("_most"),
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in _TARGETS if name not in own.columns),
    )
    further = ("cohort", "n_positive", "n_negative", *_TARGETS)
    return _first(own, "_most", "cohort", further=further)


_TARGETS = ("target_delta", "target_q_value")


def _judge_association(row: Row, asked: Asked) -> Judgment:
    ways = f"{row['n_positive']:,} up and {row['n_negative']:,} down"
    words = f"{row['effect']:,.0f} of {row['n']:,} genes go with it, {ways}"
    delta, q = row.get("target_delta"), row.get("target_q_value")
    if isinstance(delta, float):
        sure = f", q {q:.2g}" if isinstance(q, float) else ""
        lie = "lower than" if delta < 0 else "no lower than"
        words += f"; its targets lie {lie} the other genes (Cliff's δ {number(delta)}{sure})"
    return "context", words


def _stage(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    """Trend over stages, with the shift from the first to the last."""
    trend, pairs = _of_target(tables, "stage_trend", asked), _of_target(tables, "stage", asked)
    if trend is None:
        return None
    cohort = ["cohort"] if "cohort" in trend.columns else []
    trend = trend.rename({"effect": "trend"}).select(*_ITEM, "sign", "trend", "p_value", "q_value", "n", *cohort)
    if pairs is None:
        return None
    apart = pairs.with_columns(pl.struct("stage_a", "stage_b").alias("pair")).sort("stage_a", pl.col("stage_b"))
    widest = apart.group_by(*_ITEM, *cohort).agg(
        pl.col("effect", "ci_low", "ci_high", "stage_a", "stage_b")
        .sort_by(["stage_a", "stage_b"], descending=[False, True])
        .first()
    )
    found = trend.join(widest, on=[*_ITEM, *cohort], how="left").filter(pl.col("effect").is_not_null())
    if found.is_empty():
        return None
    further = ("trend", "stage_a", "stage_b", *cohort, *_SEVERAL)
    told = _with_quarrel(found, asked, sign="trend")
    return _first(told, asked.settings.by, "p_value", *cohort, further=further)


#: What is told where several tests ask the same.
_SEVERAL = ("quarrel", "n_tests", "n_sure")


def _with_quarrel(found: pl.DataFrame, asked: Asked, *, sign: str) -> pl.DataFrame:
    """How many tests ask the same of a candidate, how many are sure, and whether sure ones point both ways."""
    sure = (pl.col(asked.settings.by) <= asked.settings.alpha).fill_null(False)
    up, down = (sure & (pl.col(sign) > 0)).any(), (sure & (pl.col(sign) < 0)).any()
    return found.with_columns(
        (up & down).over(*_ITEM).alias("quarrel"),
        pl.len().over(*_ITEM).cast(pl.Int32).alias("n_tests"),
        sure.sum().over(*_ITEM).cast(pl.Int32).alias("n_sure"),
    )


def _judge_stage(row: Row, asked: Asked) -> Judgment:
    words = (
        f"shift of {number(row['effect'])} log2 from stage {row['stage_a']} to {row['stage_b']} "
        f"({interval(row['ci_low'], row['ci_high'])}), trend τ {number(row['trend'])}{chance(row)}, n {row['n']}"
    )
    # Late stages should have less of what the reagent raises; both the trend and the shift must say so.
    apart = row["quarrel"] or row["trend"] * row["effect"] <= 0
    with_stage = 0 if apart else (1 if row["trend"] > 0 else -1)
    return _against(row, asked, direction=with_stage), words


def _survival(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    """Hazard ratio per standard deviation; of several endpoints and cohorts the surest."""
    own = _of_target(tables, "survival", asked)
    if own is None:
        return None
    own = own.filter((pl.col("model").cast(pl.String) == "cox") & pl.col("effect").is_not_null())
    if own.is_empty():
        return None
    further = ("endpoint", "n_event", "cohort", *_SEVERAL)
    told = _with_quarrel(own, asked, sign="effect")
    return _first(told, asked.settings.by, "p_value", "endpoint", "cohort", further=further)


def _judge_survival(row: Row, asked: Asked) -> Judgment:
    low, high = (exp(row[name]) if isinstance(row[name], float) else None for name in ("ci_low", "ci_high"))
    ratio = exp(row["effect"])
    of = f", surest of {row['n_tests']} tests" if row["n_tests"] > 1 else ""
    words = (
        f"hazard ratio {number(ratio)} per SD ({interval(low, high)}) for {str(row['endpoint']).upper()}"
        f"{chance(row)}, {row['n_event']} events in {row['n']} patients{of}"
    )
    direction = 0 if row["quarrel"] else (1 if row["effect"] > 0 else -1)
    return _against(row, asked, direction=direction), words


def _against(row: Row, asked: Asked, *, direction: int) -> str:
    """What patients say: worse with more of the target is against a reagent that raises it."""
    if not row["sign"]:
        return "context"
    value = row.get(asked.settings.by)
    if not direction or not isinstance(value, float) or value > asked.settings.alpha:
        return "unclear"
    return "contradicts" if direction == row["sign"] else "supports"


#: Sources about the target, in the order in which they are told.
TARGET_SOURCES: tuple[Source, ...] = (
    Source(
        "expression",
        "answer of its target to the drugs",
        "arrays",
        "log2",
        "arrays",
        _expression,
        _judge_expression,
        {
            "group": ("text", "group of cell lines"),
            "comparison": ("text", "what is compared"),
            "arm": ("text", "drug arm that changes most"),
        },
        per_arm=False,
    ),
    Source(
        "targets",
        "genes that its target controls",
        "databases",
        "genes",
        "genes",
        _targets,
        _judge_targets,
        {
            "observed": ("count", "genes with an experiment behind them"),
            "sets": ("text", "enriched sets with such genes"),
        },
        per_arm=False,
    ),
    Source(
        "association",
        "genes that go with its target in patients",
        "patients",
        "genes",
        "genes tested",
        _association,
        _judge_association,
        {
            "cohort": ("text", "cohort"),
            "n_positive": ("count", "genes that are higher where it is higher"),
            "n_negative": ("count", "genes that are lower where it is higher"),
            "target_delta": ("number", "Cliff's delta of its targets against the other genes"),
            "target_q_value": ("number", "false-discovery rate of that"),
        },
        per_arm=False,
    ),
    Source(
        "stage",
        "tumor stage",
        "patients",
        "log2",
        "patients",
        _stage,
        _judge_stage,
        {
            "cohort": ("text", "cohort"),
            "trend": ("number", "Kendall's tau-b with the stage; p and q are of this trend"),
            "stage_a": ("text", "first stage of the shift"),
            "stage_b": ("text", "last stage of the shift"),
            "n_tests": ("count", "cohorts tested"),
            "n_sure": ("count", "of these, below the limit"),
        },
        per_arm=False,
    ),
    Source(
        "survival",
        "survival",
        "patients",
        "natural log of the hazard ratio per standard deviation",
        "patients",
        _survival,
        _judge_survival,
        {
            "cohort": ("text", "cohort"),
            "endpoint": ("text", "endpoint"),
            "n_event": ("count", "events"),
            "n_tests": ("count", "endpoints and cohorts tested"),
            "n_sure": ("count", "of these, below the limit"),
        },
        per_arm=False,
    ),
)
