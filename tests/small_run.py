"""A run of 8 plates of 96 wells with made-up numbers: every table, small enough to read."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from tests.patient_run import patient_tables
from tests.sensitizer_run import sensitizer_tables

from sensitome.plates import well_name
from sensitome.tables import TABLES, check_table

LINES, ARMS = ("KPL4", "SUM190PT"), ("vehicle", "lapatinib")
HOSTILE = '</script><b onload="x">"&\u2028ü'


def small_run(hostile: str = "mim-01") -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Tables and manifest; the first reagent has the given name."""
    wells = _wells(hostile)
    scores = _scores(wells)
    hits = _hits(scores)
    tables = (
        {
            "wells": wells,
            "reagents": scores.select("reagent", "kind", "position", "role", "control_class").unique().sort("reagent"),
            "plates": _plates(wells),
            "quality": _quality(wells),
            "scores": scores,
            "hits": hits,
            "funnel": _funnel(hits),
            "stability": _stability(hits),
            "stability_settings": _settings(),
        }
        | sensitizer_tables(wells, hits)
        | patient_tables()
    )
    checked = {name: check_table(table, TABLES[name], name=name) for name, table in tables.items()}
    return checked, _manifest()


def _wells(first: str) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    rows = []
    for order, (line, arm, replicate) in enumerate((c, t, r) for c in LINES for t in ARMS for r in (1, 2)):
        for cell in range(96):
            row, column = divmod(cell, 12)
            role = "negative" if column == 0 else "positive" if column == 11 else "sample"
            number = row * 10 + column
            kind = "mimic" if column % 2 else "inhibitor"
            name = {"negative": "NC-1", "positive": "death"}.get(
                role, first if number == 1 else f"{kind[:3]}-{number:02d}"
            )
            kills = -3.0 if role == "positive" else 0.0
            if arm == "lapatinib" and number in (1, 2, 14):
                kills = -1.5
            if number == 25:
                kills = -1.4
            surface = 16 + 0.05 * column - 0.03 * row
            value = surface + kills + rng.normal(0, 0.12)
            missing = number == 33 and replicate == 1
            rows.append(
                {
                    "plate": f"{line}_{arm}_{replicate}", "well": well_name(row + 1, column + 1), "order": order,
                    "library_plate": "L1", "cell_line": line, "treatment": arm, "replicate": replicate,
                    "batch": f"day {replicate}", "row": row + 1, "column": column + 1, "reagent": name,
                    "kind": "siRNA" if role != "sample" else kind, "role": role,
                    "control_class": None if role == "sample" else role,
                    "signal": None if missing else 2.0**value, "log2_signal": None if missing else value,
                    "fitted": surface, "normalized": None if missing else value - surface,
                    "flags": "no_reading" if missing else "",
                }
            )  # fmt: skip
    return check_table(pl.DataFrame(rows, infer_schema_length=None), TABLES["wells"], name="wells")


def _scores(wells: pl.DataFrame) -> pl.DataFrame:
    keys = ["reagent", "kind", "position", "cell_line", "treatment"]
    placed = wells.with_columns(("L1:" + pl.col("well")).alias("position"))
    places = placed.group_by("reagent").agg(pl.col("position").unique().sort().str.join(";"))
    grouped = placed.drop("position").join(places, on="reagent").group_by(*keys, "role", "control_class")
    return grouped.agg(
        pl.col("normalized").mean().alias("score"),
        pl.col("replicate").filter(pl.col("normalized").is_not_null()).n_unique().alias("n"),
        pl.len().alias("n_wells"),
    ).sort(keys)


def _hits(scores: pl.DataFrame) -> pl.DataFrame:
    item = ["reagent", "kind", "position", "cell_line"]
    samples = scores.filter(pl.col("role") == "sample")
    groups = samples.group_by("cell_line", "treatment").agg(
        pl.col("score").median().alias("center"), pl.col("score").std().alias("spread")
    )
    judged = samples.join(groups, on=["cell_line", "treatment"]).with_columns(
        ((pl.col("score") - pl.col("center")) / pl.col("spread")).alias("z"),
        (pl.col("center") - 3 * pl.col("spread")).alias("threshold"),
    )
    vehicle = judged.filter(pl.col("treatment") == "vehicle").select(
        *item, pl.col("score").alias("vehicle_score"), pl.col("z").alias("vehicle_z"), pl.col("n").alias("vehicle_n")
    )
    drug = judged.filter(pl.col("treatment") != "vehicle").join(vehicle, on=item)
    is_hit = (pl.col("z") < -3) & (pl.col("vehicle_z").abs() < 3)
    return drug.with_columns(
        (pl.col("z") < -3).alias("is_significant"),
        (pl.col("vehicle_z").abs() < 3).alias("is_quiet"),
        pl.lit(None, dtype=pl.Boolean).alias("is_expressed"),
        is_hit.alias("is_hit"),
        (is_hit.sum().over("reagent") > 1).alias("is_candidate"),
        pl.when(is_hit).then(pl.lit("a hit")).otherwise(pl.lit("not significant")).alias("reason"),
    ).sort(*item)


def _funnel(hits: pl.DataFrame) -> pl.DataFrame:
    rows = []
    before: list[str] = []
    steps = (
        ("reagents in the library", pl.lit(value=True)),
        ("significant with a drug", pl.col("is_significant")),
        ("of these, no significant effect without drug: hits", pl.col("is_hit")),
        ("of these, more than one effect: candidates", pl.col("is_hit") & pl.col("is_candidate")),
    )
    for step, (name, keeps) in enumerate(steps, start=1):
        kept = hits.filter(keeps)
        names = sorted(kept.select(pl.col("reagent") + " (" + pl.col("kind") + ")").unique().to_series())
        rows.append(
            {
                "step": step, "name": name, "n_reagents": len(names), "n_contexts": kept.height,
                "by_kind": f"{len(names)} in all", "reagents": None if step == 1 else ";".join(names),
                "left_out": None if step < 3 else ";".join(sorted(set(before) - set(names))),
            }
        )  # fmt: skip
        before = names
    return pl.DataFrame(rows, infer_schema_length=None)


def _plates(wells: pl.DataFrame) -> pl.DataFrame:
    keys = ["plate", "order", "library_plate", "cell_line", "treatment", "replicate", "batch"]
    plates = wells.select(keys).unique().sort("order")
    verdict = pl.when(pl.col("order") == 5).then(pl.lit("fail")).when(pl.col("order") == 2).then(pl.lit("warn"))
    return plates.with_columns(
        *[
            pl.lit(count, dtype=pl.Int32).alias(f"n_{name}")
            for name, count in (("samples", 80), ("negative", 8), ("positive", 8), ("missing", 0))
        ],
        verdict.otherwise(pl.lit("pass")).alias("verdict"),
    )  # fmt: skip


def _quality(wells: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for order, plate in enumerate(wells["plate"].unique(maintain_order=True)):
        verdict = "fail" if order == 5 else "warn" if order == 2 else "pass"
        value = {"fail": -0.2, "warn": 0.4, "pass": 0.7}[verdict] + 0.01 * order
        rows.append(
            ("plate", plate, "z_prime", value, "warn below 0.5, fail below 0", verdict, "room between controls", None)
        )
        rows.append(
            ("plate", plate, "own_pattern", 0.5, "no limit, for information", "not applicable", "likeness", None)
        )
    rows.append(("screen", "small", "failing_share", 0.125, "warn above 0.05", "warn", "plates that fail", "P5"))
    rows.append(("group", "KPL4", "replicate_pearson", None, "warn below 0.5", "not applicable", "replicates", None))
    columns = ["level", "subject", "figure", "value", "threshold", "verdict", "meaning", "detail"]
    return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)


def _stability(hits: pl.DataFrame) -> pl.DataFrame:
    called = hits.filter(pl.col("is_significant"))
    n_called = (pl.int_range(pl.len()) % 4 + 1).cast(pl.Int32)
    return called.select("reagent", "kind", "position", "cell_line", "treatment", "is_hit").with_columns(
        pl.lit(4, dtype=pl.Int32).alias("n_settings"), n_called.alias("n_called"), (n_called / 4).alias("share")
    )


def _settings() -> pl.DataFrame:
    rows = []
    for number, (spread, pool) in enumerate(((s, p) for s in ("sd", "mad") for p in ("together", "by-kind")), start=1):
        rows.append(
            (number, "own", spread, pool, "out", "two-sided", "mean", 3 + number, 3, 2, 1 / number, number == 1)
        )
    columns = ["setting", "normalization", "spread", "pool", "controls", "exclusion", "summary", "n_hits", "n_reagents"]
    return pl.DataFrame(rows, schema=[*columns, "n_candidates", "jaccard", "is_own"], orient="row")


def _manifest() -> dict[str, Any]:
    hits = {
        "center": "median", "spread": "sd", "k": 3.0, "tail": "low", "pool": "together", "lines": "apart",
        "controls": "out", "replicates": "summary", "exclusion": "two-sided", "exclusion_k": 3.0,
        "exclusion_lines": "same", "expression": "same-line", "expression_kinds": ["inhibitor"],
        "candidates": "any-arm",
    }  # fmt: skip
    return {
        "sensitome": "0.0.0",
        "python": "3.12.0",
        "libraries": {"polars": "1.0"},
        "study": {
            "name": "small", "title": "A small screen", "preset": "normann2021", "preset_version": "1",
            "treatments": {"vehicle": "vehicle", "combinations": {}},
            "normalize": {"method": "stats-loess", "scale": "log2", "span": 0.7, "degree": 2, "family": "symmetric"},
            "score": {"unit": "reagent", "standardize": "none", "summary": "mean"}, "hits": hits,
            "report": {"plates": 4000, "rows": 20000},
            "sensitization": {
                "method": "heb", "reference": "library", "family": "screen", "fdr": 0.1, "local_rate": 0.2, "k": 3.0,
                "ssmd": 2.0, "level": 0.95, "margin": 0.1, "quiet": 0.32, "additive": 0.32, "sure": 0.9,
                "seed_kinds": ["mimic"],
            },
        },
        "inputs": [{"file": "plates.csv", "sha256": "ab" * 32, "bytes": 120}],
        "stages": [{"name": "hits", "version": "1", "key": "cd" * 32, "makes": ["hits", "funnel"]}],
        "cautions": [{"stage": "quality", "what": "w", "text": "one plate fails in 'P5'. Look at it."}],
        "headline": {},
        "seed": 1,
    }  # fmt: skip
