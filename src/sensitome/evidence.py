"""One row per candidate and arm with everything that is known of it; what was not measured is shown as missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

__all__ = ["SOURCES", "Source", "gather_evidence"]

KEYS = ("reagent", "kind", "cell_line", "treatment")
#: Kind of a reagent where a table does not say.
ANY_KIND = "reagent"


@dataclass(frozen=True)
class Source:
    """One source of evidence: a group of columns of the evidence.

    Parameters
    ----------
    name : of the group; its columns are "<name>_<column>"
    table : where it comes from
    columns : our column → theirs; an estimate is `effect`, `ci_low`, `ci_high`, `p_value`, `q_value`, `n`
    rows : which rows of the table, as column → value
    first_by : where a table has several rows for one candidate and arm: the smallest of this column stands
    """

    name: str
    table: str
    columns: Mapping[str, str]
    rows: Mapping[str, str | None] | None = None
    first_by: str | None = None


_ESTIMATE = ("effect", "ci_low", "ci_high", "p_value", "q_value", "n")


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


#: Every source, in the order of the columns. Later ones (expression, targets, cohorts) are further records.
SOURCES: tuple[Source, ...] = (
    Source(
        "screen", "hits", {"effect": "score", "z": "z", "n": "n", "is_hit": "is_hit", "reason": "reason"}, None, "z"
    ),
    Source("stability", "stability", {"effect": "share", "n": "n_settings"}, None, None),
    Source(
        "sensitization",
        "sensitizers",
        {**_same(*_ESTIMATE), "local_rate": "local_rate", "class": "class"},
        None,
        "q_value",
    ),
    Source("validation", "validation", _same(*_ESTIMATE, "percent", "unit"), {"contrast": "reagent"}),
    Source("interaction", "validation", _same(*_ESTIMATE, "percent", "unit"), {"contrast": "interaction"}),
    Source(
        "combination",
        "combinations",
        _same(*_ESTIMATE, "direction"),
        {"reference": "Bliss", "scale": "viability"},
        "combination",
    ),
    Source(
        "protein",
        "protein_readings",
        {"effect": "reading", "n": "n_proteins", "hits": "hits", "summary": "summary"},
    ),
)


def gather_evidence(
    tables: Mapping[str, pl.DataFrame],
    *,
    vehicle: str | None,
    candidates: Sequence[tuple[str, str]] | None = None,
) -> pl.DataFrame:
    """Gather what every source says of every candidate.

    Parameters
    ----------
    tables : tables of a run by name; those that are absent are missing evidence
    vehicle : the arm without drug
    candidates : (reagent, kind); by default those of the validation, else the candidates of the rule, else the
        sensitizers

    Returns
    -------
    One row per reagent × kind × cell_line × treatment, sorted: one column group per source that the run has, `missing`
    (sources without a value for this row, in words), `n_sources`, and `summary` in plain language. A null is missing
    evidence, never evidence of nothing.
    """
    chosen = _candidates(tables, candidates)
    there = [source for source in SOURCES if source.table in tables and tables[source.table].height]
    parts = {source.name: _group(tables[source.table], source, chosen) for source in there}
    parts = {name: part.with_columns(pl.col(KEYS).cast(pl.String)) for name, part in parts.items()}
    rows = _rows(parts, chosen)
    for part in parts.values():
        rows = rows.join(part, on=KEYS, how="left")
    known = [_known(source, rows) for source in SOURCES]
    names = [source.name for source in SOURCES]
    rows = rows.with_columns(
        pl.concat_list(pl.when(~has).then(pl.lit(name)) for name, has in zip(names, known, strict=True))
        .list.drop_nulls()
        .list.join(", ")
        .alias("missing"),
        pl.sum_horizontal(has.cast(pl.Int32) for has in known).cast(pl.Int32).alias("n_sources"),
    )
    summaries = [_summary(row, vehicle) for row in rows.iter_rows(named=True)]
    return rows.with_columns(pl.Series("summary", summaries, dtype=pl.String)).sort(KEYS)


def _candidates(tables: Mapping[str, pl.DataFrame], candidates: Sequence[tuple[str, str]] | None) -> pl.DataFrame:
    """Reagents and kinds to gather evidence for."""
    schema = {"reagent": pl.String, "kind": pl.String}
    if candidates is not None:
        return pl.DataFrame(list(candidates), schema=schema, orient="row").unique().sort("reagent", "kind")
    found = []
    if "validation" in tables and tables["validation"].height:
        found.append(tables["validation"].select("reagent", "kind"))
    elif "hits" in tables and tables["hits"].filter("is_candidate").height:
        found.append(tables["hits"].filter("is_candidate").select("reagent", "kind"))
    elif "sensitizers" in tables:
        found.append(tables["sensitizers"].filter("is_sensitizer").select("reagent", "kind"))
    frame = pl.concat(found) if found else pl.DataFrame(schema=schema)
    return frame.cast(pl.String).unique().sort("reagent", "kind")


def _group(table: pl.DataFrame, source: Source, chosen: pl.DataFrame) -> pl.DataFrame:
    """Columns of one source for the candidates, one row per key."""
    own = table
    for column, value in (source.rows or {}).items():
        own = own.filter(pl.col(column).cast(pl.String) == value)
    if source.name == "protein":
        own = own.with_columns((pl.col("n_proliferation") + pl.col("n_apoptosis")).alias("n_proteins"))
    if "kind" not in own.columns:
        own = own.with_columns(pl.lit(ANY_KIND).alias("kind"))
    own = _adopt_kind(own.filter(pl.col("reagent").is_not_null()), chosen)
    own = own.join(chosen, on=["reagent", "kind"], how="semi")
    first = [source.first_by] if source.first_by else []
    ordered = own.sort(*KEYS, *first, nulls_last=True, maintain_order=True)
    kept = ordered.unique(KEYS, keep="first", maintain_order=True)
    there = {ours: theirs for ours, theirs in source.columns.items() if theirs in kept.columns}
    return kept.select(*KEYS, *(pl.col(theirs).alias(f"{source.name}_{ours}") for ours, theirs in there.items()))


def _adopt_kind(own: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Give reagents without a kind that of the candidate of the same name, where there is only one."""
    single = chosen.filter(pl.len().over("reagent") == 1).select("reagent", pl.col("kind").alias("_kind"))
    joined = own.with_columns(pl.col("kind").cast(pl.String)).join(single, on="reagent", how="left")
    unsaid = (pl.col("kind") == ANY_KIND) & pl.col("_kind").is_not_null()
    return joined.with_columns(pl.when(unsaid).then("_kind").otherwise("kind").alias("kind")).drop("_kind")


def _rows(parts: Mapping[str, pl.DataFrame], chosen: pl.DataFrame) -> pl.DataFrame:
    """Every candidate in every line and arm of which any source speaks."""
    nowhere = {"cell_line": pl.String, "treatment": pl.String}
    keys = [part.select(KEYS).cast(pl.String) for part in parts.values()]
    spoken = pl.concat(keys).unique() if keys else pl.DataFrame(schema=dict.fromkeys(KEYS, pl.String))
    silent = chosen.join(spoken, on=["reagent", "kind"], how="anti")
    lone = silent.with_columns(pl.lit(None, kind).alias(name) for name, kind in nowhere.items())
    return pl.concat([spoken, lone.select(KEYS)]).sort(KEYS)


def _known(source: Source, rows: pl.DataFrame) -> pl.Expr:
    """Whether a source has an estimate in a row."""
    name = f"{source.name}_effect"
    return pl.col(name).is_not_null() if name in rows.columns else pl.lit(False)


def _summary(row: Mapping[str, object], vehicle: str | None) -> str:
    """The row in plain language: what is known, how sure, and what is not known."""
    words = [text for text in (_screen(row), _sensitization(row), _validation(row), _combination(row)) if text]
    if isinstance(row.get("protein_effect"), float):
        words.append(f"Proteins: {row['protein_summary']}.")
    missing = str(row["missing"])
    # Combinations, interactions and the screen's rule have no meaning without drug.
    if row["treatment"] == vehicle:
        drug_only = ("screen", "stability", "sensitization", "interaction", "combination")
        missing = ", ".join(name for name in missing.split(", ") if name and name not in drug_only)
    if missing:
        words.append(f"Not measured: {missing}.")
    return " ".join(words)


def _screen(row: Mapping[str, object]) -> str:
    z = row.get("screen_z")
    if not isinstance(z, float):
        return ""
    share = row.get("stability_effect")
    stable = f", by {100 * share:.0f} % of the defensible settings" if isinstance(share, float) else ""
    called = "called" if row.get("screen_is_hit") else "not called"
    return f"Screen: {called} by the rule (z {z:.1f}{stable}).".replace("-", "−")


def _sensitization(row: Mapping[str, object]) -> str:
    estimate = _estimate(row, "sensitization")
    return f"Screen, interaction: {estimate}." if estimate else ""


def _validation(row: Mapping[str, object]) -> str:
    percent, estimate = row.get("validation_percent"), _estimate(row, "validation")
    if not estimate:
        return ""
    text = f"Validation: {percent:.0f} % of the control in this arm ({estimate})" if isinstance(percent, float) else ""
    interaction = _estimate(row, "interaction")
    return f"{text}{f'; beyond the drug alone {interaction}' if interaction else ''}."


def _combination(row: Mapping[str, object]) -> str:
    if not isinstance(row.get("combination_effect"), float):
        return ""
    low, high = row.get("combination_ci_low"), row.get("combination_ci_high")
    known = isinstance(low, float) and isinstance(high, float)
    interval = f" (95 % interval {low:.1f} to {high:.1f})".replace("-", "−") if known else ", one replicate"
    return f"Combination: {row['combination_direction']}{interval}."


def _estimate(row: Mapping[str, object], name: str) -> str:
    """Effect with interval, doubt and n."""
    effect = row.get(f"{name}_effect")
    if not isinstance(effect, float):
        return ""
    low, high, q, n = (row.get(f"{name}_{part}") for part in ("ci_low", "ci_high", "q_value", "n"))
    interval = f", {low:.2f} to {high:.2f}" if isinstance(low, float) and isinstance(high, float) else ", no interval"
    doubt = f", q {q:.2g}" if isinstance(q, float) else ""
    return f"log2 {effect:.2f}{interval}".replace("-", "−") + f"{doubt}, n {n}"
