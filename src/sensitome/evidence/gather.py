"""Gather what every source says of every candidate: one row per line and arm, and one per source of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from sensitome.evidence.lab import LAB_SOURCES, adopt_kinds
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.sources import ESTIMATE, KEYS, Asked, Judgment, Source, Tables
from sensitome.evidence.target import TARGET_SOURCES

__all__ = ["SOURCES", "Gathered", "gather_evidence", "list_candidates"]

#: Every source, in the order of the columns.
SOURCES: tuple[Source, ...] = (*LAB_SOURCES, *TARGET_SOURCES)

_ITEM = ("reagent", "kind")
#: Who chose a candidate → the column that says so.
_MARKS: Mapping[str, str] = {"rule": "is_candidate", "model": "is_sensitizer", "validation": "is_validated"}
_DTYPES: Mapping[str, Any] = {"number": pl.Float64, "text": pl.String, "yes-no": pl.Boolean, "count": pl.Int32}


def list_candidates(tables: Tables, *, settings: EvidenceSettings) -> pl.DataFrame:
    """Whose evidence is gathered, and why.

    Parameters
    ----------
    tables : tables of a run; `hits`, `sensitizers`, `validation` and `reagents` are looked at
    settings : `candidates`, `raises`, `lowers`

    Returns
    -------
    ``reagent, kind, target, sign, is_candidate, is_sensitizer, is_validated``, sorted by reagent and kind. `target` is
    that of the library, else the reagent's own name; `sign` is +1 for a reagent that raises it, −1 for one that lowers
    it, 0 for other kinds.
    """
    known = _known_items(tables)
    chosen = {name: _chosen(tables, name, known) for name in _MARKS}
    items = pl.concat([chosen[name] for name in settings.candidates]).unique().sort(_ITEM)
    for name, column in _MARKS.items():
        own = chosen[name].with_columns(pl.lit(True).alias(column))
        items = items.join(own, on=_ITEM, how="left").with_columns(pl.col(column).fill_null(False))
    items = _with_target(items, tables)
    kind = pl.col("kind")
    sign = pl.when(kind.is_in(list(settings.raises))).then(1).when(kind.is_in(list(settings.lowers))).then(-1)
    items = items.with_columns(sign.otherwise(0).cast(pl.Int8).alias("sign"))
    return items.select(*_ITEM, "target", "sign", *_MARKS.values()).sort(_ITEM)


def _known_items(tables: Tables) -> pl.DataFrame:
    """Reagents of the screen with their kinds."""
    for name in ("reagents", "hits", "sensitizers"):
        if name in tables and tables[name].height:
            return tables[name].select(pl.col(_ITEM).cast(pl.String)).unique()
    return pl.DataFrame(schema=dict.fromkeys(_ITEM, pl.String))


def _chosen(tables: Tables, name: str, known: pl.DataFrame) -> pl.DataFrame:
    """Reagents and kinds that the rule, the model or the validation assay chose."""
    table, column = {
        "rule": ("hits", "is_candidate"),
        "model": ("sensitizers", "is_sensitizer"),
        "validation": ("validation", None),
    }[name]
    if table not in tables or tables[table].is_empty():
        return known.clear()
    own = tables[table] if column is None else tables[table].filter(pl.col(column))
    return adopt_kinds(own, known).select(pl.col(_ITEM).cast(pl.String)).unique()


def _with_target(items: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """What each reagent aims at, by the library, else by its own name."""
    reagents = tables.get("reagents")
    if reagents is None or "target" not in reagents.columns:
        return items.with_columns(pl.col("reagent").alias("target"))
    aims = reagents.sort("position").select(pl.col(*_ITEM, "target").cast(pl.String))
    aims = aims.unique(_ITEM, keep="first", maintain_order=True)
    return items.join(aims, on=_ITEM, how="left").with_columns(pl.coalesce("target", "reagent").alias("target"))


class Gathered(NamedTuple):
    """Evidence of every candidate.

    Parameters
    ----------
    evidence : table `evidence`: one row per candidate, line and arm
    support : table `support`: one row per candidate, line, arm and source
    """

    evidence: pl.DataFrame
    support: pl.DataFrame


def gather_evidence(tables: Tables, asked: Asked) -> Gathered:
    """Gather what each source says of each candidate in each line and arm.

    Parameters
    ----------
    tables : tables of a run by name; those that are absent are missing evidence
    asked : candidates, thresholds

    Returns
    -------
    evidence : for each source its estimate, further columns and what it says; `missing` (sources without a value for
        this row), `n_sources`, and `summary` in plain language. A null is missing evidence, never evidence of nothing.
    support : the same, one row a source, also for sources that say nothing (`says` = missing), in the order of the
        sources. Both are sorted by candidate, line and arm.
    """
    parts = {source.name: _collected(source, tables, asked) for source in SOURCES}
    rows = _contexts(parts)
    support = pl.concat(
        [_supported(rows, source, parts[source.name], place=place) for place, source in enumerate(SOURCES)]
    )
    support = support.sort(*KEYS, "_place", nulls_last=True).drop("_place")
    about = [name for name in (*_ITEM, "target", "sign", *_MARKS.values()) if name in asked.candidates.columns]
    wide = rows.join(asked.candidates.select(about), on=_ITEM, how="left", maintain_order="left")
    for source in SOURCES:
        wide = _with_group(wide, source, parts[source.name])
    return Gathered(wide.join(_told(support), on=KEYS, how="left", maintain_order="left").sort(KEYS), support)


def _supported(rows: pl.DataFrame, source: Source, part: pl.DataFrame | None, *, place: int) -> pl.DataFrame:
    """What one source says of every row."""
    types = _estimate_types()
    if part is None:
        own = rows.with_columns(
            *(pl.lit(None, dtype=kind).alias(name) for name, kind in types.items()),
            *(pl.lit(None, dtype=pl.String).alias(name) for name in ("says", "words")),
        )
    else:
        keys = [name for name in KEYS if name in part.columns]
        own = rows.join(part.select(*keys, *types, "says", "words"), on=keys, how="left", maintain_order="left")
    return own.select(
        *KEYS,
        pl.lit(source.name).alias("source"),
        pl.lit(source.experiment).alias("experiment"),
        pl.col("says").fill_null("missing"),
        *(pl.col(name).cast(kind) for name, kind in types.items()),
        pl.col("words").fill_null("not measured"),
        pl.lit(place).alias("_place"),
    )


def _with_group(rows: pl.DataFrame, source: Source, part: pl.DataFrame | None) -> pl.DataFrame:
    """Add the columns of one source; a source that the run does not have is all missing."""
    types = _estimate_types() | {name: _DTYPES[kind] for name, (kind, _) in source.further.items()}
    types |= {"says": pl.String}
    keys = [name for name in KEYS if part is not None and name in part.columns]
    if part is None:
        own = rows.with_columns(pl.lit(None, dtype=kind).alias(f"{source.name}_{name}") for name, kind in types.items())
    else:
        missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in types.items() if name not in part.columns]
        full = part.with_columns(missing).select(
            *keys, *(pl.col(name).cast(kind).alias(f"{source.name}_{name}") for name, kind in types.items())
        )
        own = rows.join(full, on=keys, how="left", maintain_order="left")
    return own.with_columns(pl.col(f"{source.name}_says").fill_null("missing"))


def _estimate_types() -> dict[str, Any]:
    return {name: pl.Int32 if name == "n" else pl.Float64 for name in ESTIMATE}


def _collected(source: Source, tables: Tables, asked: Asked) -> pl.DataFrame | None:
    """Rows of one source with what it says; None where the run has nothing of it."""
    part = source.select(tables, asked)
    if part is None or part.is_empty():
        return None
    kinds = {name: pl.lit(None, dtype=kind).alias(name) for name, kind in _estimate_types().items()}
    part = part.with_columns(literal for name, literal in kinds.items() if name not in part.columns)
    part = part.filter(pl.col("effect").is_not_null())
    said: Sequence[Judgment] = [source.judge(row, asked) for row in part.iter_rows(named=True)]
    return part.with_columns(
        pl.Series("says", [says for says, _ in said], dtype=pl.String),
        pl.Series("words", [words for _, words in said], dtype=pl.String),
    )


def _contexts(parts: Mapping[str, pl.DataFrame | None]) -> pl.DataFrame:
    """Every candidate in every line and arm of which a source of lines and arms speaks."""
    spoken = [part.select(KEYS) for part in parts.values() if part is not None and set(KEYS) <= set(part.columns)]
    empty = pl.DataFrame(schema=dict.fromkeys(KEYS, pl.String))
    return pl.concat([empty, *spoken]).unique().sort(KEYS)


def _told(support: pl.DataFrame) -> pl.DataFrame:
    """What is missing, how many sources there are, and the row in plain language."""
    titles = {source.name: source.title for source in SOURCES}
    title = pl.col("source").replace_strict(titles, return_dtype=pl.String)
    here = pl.col("says") != "missing"
    sentence = pl.format("{}: {}", title, "words")
    return support.group_by(KEYS, maintain_order=True).agg(
        pl.col("source").filter(~here).str.join(", ").alias("missing"),
        here.sum().cast(pl.Int32).alias("n_sources"),
        pl.concat_str(sentence.str.slice(0, 1).str.to_uppercase(), sentence.str.slice(1), pl.lit("."))
        .filter(here)
        .str.join(" ")
        .alias("summary"),
    )
