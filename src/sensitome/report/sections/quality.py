"""Quality: what every figure says, worst plates first."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import pretty
from sensitome.charts.theme import VERDICTS
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

WORST = 12
MOST = 20000
_RANK = {"fail": 0, "warn": 1, "pass": 2, "not applicable": 3}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Verdicts in words, one row per figure, the worst plates, the strips, and the whole table."""
    quality = tables["quality"].with_columns(pl.col("verdict", "level").cast(pl.String))
    figures = ["z_prime_over_plates"] if _has(quality, "z_prime") and "plates" in tables else []
    if "plates" in tables and quality.filter(pl.col("level") == "plate").height:
        figures.append("quality_strips")
    if "wells" in tables:
        figures.append("replicate_agreement")
    if {"wells", "plates"} <= set(tables):
        figures.append("plate_heatmap")
    is_single = (pl.col("level") == "screen") & (pl.len().over("level", "figure") == 1)
    plates = tables.get("plates")
    counts = plates["verdict"].cast(pl.String).value_counts().sort("verdict").rows() if plates is not None else []
    return {
        "figures": figures,
        "counts": sorted(counts, key=lambda pair: _RANK.get(pair[0], 9)),
        "screen": _rows(quality.filter(is_single)),
        "groups": _summary(quality.filter((pl.col("level") != "plate") & ~is_single)),
        "plates": _summary(quality.filter(pl.col("level") == "plate")),
        "worst": _worst(quality, plates),
        "signs": {verdict: sign for verdict, (_, _, sign) in VERDICTS.items()},
        "data": {"quality": _table(quality)},
    }


def _has(quality: pl.DataFrame, figure: str) -> bool:
    """Whether a figure has a value on any plate."""
    return quality.filter((pl.col("figure") == figure) & pl.col("value").is_not_null()).height > 0


def number(value: float | None) -> str:
    """A value with three significant digits."""
    if value is None:
        return "–"
    if value and abs(value) < 1e-3:
        return f"{value:.1e}".replace("-", "−")
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("-", "−")


def _rows(quality: pl.DataFrame) -> list[dict[str, Any]]:
    """Figures that the screen has once, troubled ones first."""
    rows = quality.with_row_index("place")
    rank = pl.col("verdict").replace_strict(_RANK, default=9, return_dtype=pl.Int8)
    return [
        row | {"figure": pretty(row["figure"]), "value": number(row["value"])}
        for row in rows.sort(rank, "place").iter_rows(named=True)
    ]


def _summary(quality: pl.DataFrame) -> list[dict[str, Any]]:
    """One row per figure: its meaning, its rule, how many pass, warn and fail, its median and its range."""
    verdict = pl.col("verdict")
    table = (
        quality.group_by("figure", maintain_order=True)
        .agg(
            pl.col("meaning").first(),
            pl.col("threshold").first(),
            pl.col("value").median().alias("median"),
            pl.col("value").min().alias("low"),
            pl.col("value").max().alias("high"),
            *[(verdict == word).sum().alias(word.split()[0]) for word in _RANK],
        )
        .sort("fail", "warn", descending=True, maintain_order=True)
    )
    return [
        row
        | {"figure": pretty(row["figure"]), "median": number(row["median"])}
        | {"low": number(row["low"]), "high": number(row["high"])}
        for row in table.iter_rows(named=True)
    ]


def _worst(quality: pl.DataFrame, plates: pl.DataFrame | None) -> list[dict[str, Any]]:
    """Plates that fail or warn, with what is wrong."""
    if plates is None:
        return []
    rank = pl.col("verdict").cast(pl.String).replace_strict(_RANK, default=9, return_dtype=pl.Int8)
    bad = quality.filter((pl.col("level") == "plate") & pl.col("verdict").is_in(["fail", "warn"]))
    troubles: dict[str, list[tuple[int, str]]] = {}
    for row in bad.iter_rows(named=True):
        text = f"{pretty(row['figure'])} {number(row['value'])} ({row['threshold']})"
        text += f": {row['detail']}" if row["detail"] else ""
        troubles.setdefault(row["subject"], []).append((_RANK[row["verdict"]], text))
    listed = [
        row | {"verdict": str(row["verdict"]), "troubles": [text for _, text in sorted(troubles.get(row["plate"], []))]}
        for row in plates.sort(rank, "order", "plate").iter_rows(named=True)
        if row["plate"] in troubles
    ]
    listed.sort(key=lambda row: (_RANK[row["verdict"]], -len(row["troubles"]), row["order"]))
    return listed[:WORST]


def _table(quality: pl.DataFrame) -> dict[str, Any]:
    """Every figure for the table widget, troubled ones first."""
    rank = pl.col("verdict").replace_strict(_RANK, default=9, return_dtype=pl.Int8)
    columns: dict[str, Column] = {
        "level": ("level", None, "filter"),
        "subject": ("subject", None, ""),
        "figure": ("figure", None, "filter"),
        "value": ("value", 3, ""),
        "verdict": ("verdict", None, "verdict"),
        "threshold": ("threshold", None, "long"),
        "meaning": ("meaning", None, "long"),
        "detail": ("detail", None, "long"),
    }
    rows = quality.sort(rank, maintain_order=True).head(MOST)
    return column_table(rows, columns, caption="Every quality figure, troubled ones first", name="quality")
