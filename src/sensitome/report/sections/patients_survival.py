"""Survival of patients: how many tests there are and how many stand, what they could see, and what to doubt."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.cohorts import of_cohorts
from sensitome.charts.data import plural
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build_survival", "cohort_column"]

_ALPHA = 0.05
#: Figures of the scrutiny → what the table of the page calls them, and whether its estimate is a log ratio.
_CHECKS = {
    "proportional-hazards": ("proportional hazards", False),
    "restricted-mean": ("restricted mean, high − low", False),
    "firth": ("Firth's hazard ratio per SD", True),
    "best-cut": ("best cut, corrected", False),
    "gray": ("Gray's test, competing causes", False),
    "fine-gray": ("Fine–Gray ratio per SD", True),
}


def cohort_column(*tables: pl.DataFrame) -> dict[str, Column]:
    """Column of the cohort, where there is more than one."""
    return {"cohort": ("cohort", None, "filter")} if any(t["cohort"].n_unique() > 1 for t in tables) else {}


def build_survival(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """How many tests there are and how many stand, the figures, and every test; None without survival."""
    if "survival" not in tables or tables["survival"].is_empty():
        return None
    survival = of_cohorts(tables["survival"])
    continuous = survival.filter(pl.col("model") == "cox").drop_nulls("p_value")
    several = survival["cohort"].n_unique() > 1
    found = continuous.filter(pl.col("q_value") <= _ALPHA).sort("p_value", "cohort", "mirna")
    data = {"survival": _tests(survival)}
    checks = of_cohorts(tables.get("survival_scrutiny", pl.DataFrame({"figure": []})))
    if checks.height:
        data["checks"] = _checks(checks)
    pooled = tables.get("survival_pooled", pl.DataFrame({"source": [], "q_value": []}))
    return {
        "tests": plural(continuous.height, "test"),
        "mirnas": plural(continuous["mirna"].n_unique(), "miRNA"),
        "endpoints": sorted(continuous["endpoint"].unique()),
        "small": continuous.filter(pl.col("p_value") < _ALPHA).height,
        "by_chance": f"{_ALPHA * continuous.height:.1f}",
        "found": [_named(row, several) for row in found.iter_rows(named=True)],
        "sight": _sight(continuous, several),
        "bent": _bent(checks, several),
        "has_checks": "checks" in data,
        "has_causes": bool(checks.height) and "gray" in checks["figure"].to_list(),
        "adjusted": ", ".join(_covariates(manifest)) if "cox-adjusted" in survival["model"].to_list() else "",
        "cohorts": of_cohorts(tables["cohorts"]).to_dicts() if several and "cohorts" in tables else [],
        "is_pooled": pooled.height > 0,
        "pooled": [
            _named(row, False)
            for row in pooled.filter((pl.col("source") == "random") & (pl.col("q_value") <= _ALPHA)).iter_rows(
                named=True
            )
        ],
        "figures": ["survival_curves", "survival_forest", "survival_pooled", "multiverse", "incidence"],
        "data": data,
    }


def _tests(survival: pl.DataFrame) -> dict[str, Any]:
    """Every test, as a table of the page."""
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        **cohort_column(survival),
        "endpoint": ("endpoint", None, "filter"),
        "model": ("model", None, "filter"),
        "effect": ("HR", 2, ""),
        "ci_low": ("from", 2, ""),
        "ci_high": ("to", 2, ""),
        "p_value": ("p", 4, "rate"),
        "q_value": ("q", 4, "rate"),
        "n": ("patients", 0, ""),
        "n_event": ("events", 0, ""),
        "n_high": ("high", 0, "hidden"),
        "n_low": ("low", 0, "hidden"),
        "power": ("power, HR 1.5", 2, ""),
        "note": ("note", None, "long"),
    }
    rows = survival.sort("p_value", "cohort", "mirna", "endpoint", "model", nulls_last=True)
    rows = rows.with_columns(pl.col("effect", "ci_low", "ci_high").exp())
    return column_table(rows, columns, caption="Every miRNA, endpoint and model", name="survival")


def _checks(checks: pl.DataFrame) -> dict[str, Any]:
    """Every check of the miRNAs that are drawn, as a table of the page."""
    ratio = pl.col("figure").is_in([name for name, (_, is_ratio) in _CHECKS.items() if is_ratio])
    shown = checks.with_columns(
        *(pl.when(ratio).then(pl.col(name).exp()).otherwise(pl.col(name)) for name in ("effect", "ci_low", "ci_high")),
        pl.col("figure").replace({name: words for name, (words, _) in _CHECKS.items()}),
    )
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        **cohort_column(checks),
        "endpoint": ("endpoint", None, "filter"),
        "figure": ("check", None, "filter"),
        "effect": ("estimate", 2, ""),
        "ci_low": ("from", 2, ""),
        "ci_high": ("to", 2, ""),
        "p_value": ("p", 4, "rate"),
        "detail": ("detail", None, "long"),
    }
    return column_table(shown, columns, caption="What to doubt in the miRNAs that are drawn", name="checks")


def _sight(continuous: pl.DataFrame, several: bool) -> list[str]:
    """For each endpoint: its events and the chance to see a hazard ratio of 1.5 per standard deviation."""
    rows = continuous.group_by("cohort", "endpoint").agg(pl.col("n_event").max(), pl.col("power").max())
    return [
        f"{100 * row['power']:.0f} % for {row['endpoint'].upper()}{' in ' + row['cohort'] if several else ''} "
        f"({row['n_event']:,} events)"
        for row in rows.drop_nulls().sort("cohort", "endpoint").iter_rows(named=True)
    ]


def _bent(checks: pl.DataFrame, several: bool) -> list[str]:
    """MiRNAs whose hazards are not proportional."""
    if not checks.height:
        return []
    own = checks.filter((pl.col("figure") == "proportional-hazards") & (pl.col("p_value") < _ALPHA))
    return [_named(row, several) for row in own.sort("p_value", "mirna").iter_rows(named=True)]


def _named(row: dict[str, Any], several: bool) -> str:
    """A miRNA with its endpoint, and its cohort where there are several."""
    return f"{row['mirna']} ({row['endpoint'].upper()}{', ' + row['cohort'] if several else ''})"


def _covariates(manifest: Manifest) -> list[str]:
    """Covariates of every cohort of the study."""
    study = manifest.get("study") or {}
    parts = [study.get("cohort") or {}, *(study.get("cohorts") or {}).values()]
    return sorted({name for part in parts for name in part.get("covariates") or ()})
