"""What figures of sensitization share: how sure the test is, in words, contexts in order, replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, arms_in_order, setting
from sensitome.charts.theme import DIVERGING, FAINT

__all__ = [
    "ANTAGONIST",
    "CONTEXT",
    "REST",
    "Evidence",
    "contexts_in_order",
    "drugs_tested",
    "evidence",
    "label",
    "marked",
    "offsets",
    "replicate_means",
    "sensitization_setting",
    "tested",
    "tier_colors",
    "tiers",
    "vehicle_of",
]

CONTEXT = ["reagent", "kind", "cell_line", "treatment"]
ANTAGONIST = "antagonist"
REST = "not called"
#: Smallest rate that a logarithmic axis tells apart.
LEAST_RATE = 1e-4
#: Column of the table → what it is called.
_NAMES = {"local_rate": "local rate", "q_value": "q", "p_value": "p", "statistic": "statistic"}
#: How a method decides → column that decides, setting with its limit.
_DECISIONS = {
    "local_rate": ("local_rate", "local_rate"),
    "mean_rate": ("q_value", "fdr"),
    "q_value": ("q_value", "fdr"),
    "score": ("statistic", "k"),
    "ssmd": ("statistic", "ssmd"),
}


@dataclass(frozen=True)
class Evidence:
    """By what the method decides.

    Parameters
    ----------
    column : of the table `sensitizers`; smaller = surer of a sensitizer
    name : of that column, in a word or two
    limit : at or below which a context is called; None where neither settings nor record tell
    decision : as the record of the method names it; "" for a method without a record
    """

    column: str
    name: str
    limit: float | None
    decision: str

    @property
    def is_rate(self) -> bool:
        """Whether it is a probability, not a score."""
        return self.column != "statistic"

    @property
    def title(self) -> str:
        """Title of an axis that grows with certainty."""
        return f"−log10 {self.name}" if self.is_rate else f"−{self.name}"

    def height(self) -> pl.Expr:
        """Certainty on that axis, from the column; rates below 1e-4 are drawn at 1e-4."""
        value = pl.col(self.column)
        return 0.0 - value.clip(LEAST_RATE, 1.0).log10() if self.is_rate else -value

    def height_of(self, value: float) -> float:
        """The same for one value of the column."""
        return 0.0 - math.log10(min(max(value, LEAST_RATE), 1.0)) if self.is_rate else -value


def evidence(sensitizers: pl.DataFrame, manifest: Manifest) -> Evidence:
    """Find what the method of a table decides by.

    Parameters
    ----------
    sensitizers : the table
    manifest : limits, in the section ``sensitization`` of the study

    Returns
    -------
    From the record of the method; without a record the first of local rate, q, p and statistic that the table has
    """
    from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS

    name = str(sensitizers["method"][0]) if sensitizers.height else ""
    record = SENSITIZATION_METHODS.get(name)
    decision = record.decision if record is not None else ""
    column, key = _DECISIONS.get(decision, ("", ""))
    if not column or not sensitizers[column].is_not_null().any():
        column = next((one for one in _NAMES if sensitizers[one].is_not_null().any()), "statistic")
        return Evidence(column, _NAMES[column], None, decision)
    limit = sensitization_setting(manifest, key)
    sign = -1.0 if column == "statistic" else 1.0
    return Evidence(column, _NAMES[column], None if limit is None else sign * float(limit), decision)


def sensitization_setting(manifest: Manifest, name: str) -> Any:
    """A choice of the test; None where the manifest does not tell."""
    return setting(manifest, "sensitization", name)


def tiers(found: Evidence) -> list[tuple[str, float]]:
    """Words for how sure a context is, surest first, each with the limit of the deciding column.

    Called contexts are split where the method has a rate: a quarter of the limit of a local rate, a tenth of that of a
    list. The last tier is not called, but near.
    """
    if not found.is_rate or found.limit is None:
        return [("called", math.inf)]
    strict = found.limit / (4 if found.column == "local_rate" else 10)
    near = min(0.5, 2.5 * found.limit)
    return [
        (f"called, {found.name} ≤ {strict:g}", strict),
        (f"called, {found.name} ≤ {found.limit:g}", found.limit),
        (f"not called, {found.name} ≤ {near:g}", near),
    ]


def tier_colors(found: Evidence) -> dict[str, str]:
    """Color of every tier, of antagonists and of the rest; the surest is the darkest."""
    words = [word for word, _ in tiers(found)]
    shades = ["#9a3412", "#e8824a", "#eebd9c"][: len(words)]
    return dict(zip(words, shades, strict=True)) | {ANTAGONIST: DIVERGING[-1], REST: FAINT}


def tested() -> pl.Expr:
    """Whether the method was asked: the effect is there, and the target, where it matters, is expressed."""
    return pl.col("effect").is_not_null() & pl.col("is_expressed").fill_null(value=True)


def marked(sensitizers: pl.DataFrame, found: Evidence) -> pl.DataFrame:
    """Add `tier`: a word of `tiers`, `ANTAGONIST` or `REST`; sorted by its key."""
    words = tiers(found)
    called = [(word, limit) for word, limit in words if word.startswith("called")]
    value = pl.col(found.column)
    tier = pl.lit(called[-1][0])
    for word, limit in reversed(called[:-1]):
        tier = pl.when(value <= limit).then(pl.lit(word)).otherwise(tier)
    tier = pl.when("is_sensitizer").then(tier)
    near = pl.lit(None, dtype=pl.String)
    if len(words) > len(called):
        is_near = tested() & (pl.col("effect") < 0) & (value <= words[-1][1])
        near = pl.when(is_near).then(pl.lit(words[-1][0]))
    antagonist = pl.when(pl.col("class").cast(pl.String) == ANTAGONIST).then(pl.lit(ANTAGONIST))
    return sensitizers.with_columns(pl.coalesce(tier, antagonist, near, pl.lit(REST)).alias("tier")).sort(CONTEXT)


def vehicle_of(manifest: Manifest) -> str:
    """Name of the arm without drug."""
    return str(setting(manifest, "treatments", "vehicle", default="vehicle"))


def drugs_tested(tables: Tables, manifest: Manifest) -> list[str]:
    """Drug arms of the table of sensitizers, in reading order."""
    own = set(tables["sensitizers"]["treatment"].to_list())
    known = [arm for arm in arms_in_order(tables, manifest) if arm in own]
    return known + sorted(own - set(known))


def contexts_in_order(tables: Tables, manifest: Manifest) -> list[tuple[str, str]]:
    """Cell line and drug arm of every context that has an effect, lines first."""
    arms = drugs_tested(tables, manifest)
    there = set(tables["sensitizers"].drop_nulls("effect").select("cell_line", "treatment").unique().iter_rows())
    return [(line, arm) for line in sorted({line for line, _ in there}) for arm in arms if (line, arm) in there]


def label(sensitizers: pl.DataFrame) -> pl.Expr:
    """Name of a reagent, with its kind where the table has several."""
    name = pl.col("reagent")
    return name + " (" + pl.col("kind") + ")" if sensitizers["kind"].n_unique() > 1 else name


def offsets(tables: Tables, manifest: Manifest) -> pl.DataFrame | None:
    """What lies between the normalized values of the wells and the effects of the test.

    Effects may be measured from negative controls, normalized values from the plate's own level.

    Returns
    -------
    cell_line, treatment, kind, offset (log2; 0 where both have the same zero): the median over the library of
    normalized value − effect. None where wells are missing, or not on a log2 scale
    """
    means = _means(tables, manifest, by=[])
    if means is None:
        return None
    vehicle = vehicle_of(manifest)
    own = tables["sensitizers"].select(*CONTEXT, "vehicle_effect", "effect_with_drug")
    drug = own.select(*CONTEXT, pl.col("effect_with_drug").alias("own"))
    alone = own.select(*CONTEXT[:3], pl.lit(vehicle).alias("treatment"), pl.col("vehicle_effect").alias("own"))
    both = pl.concat([drug, alone.unique(CONTEXT, keep="first", maintain_order=True)]).join(means, on=CONTEXT)
    return (
        both.group_by("cell_line", "treatment", "kind")
        .agg((pl.col("value") - pl.col("own")).median().round(4).alias("offset"))
        .drop_nulls()
        .sort("cell_line", "treatment", "kind")
    )


def replicate_means(tables: Tables, manifest: Manifest, *, items: pl.DataFrame) -> pl.DataFrame | None:
    """Effect of every replicate of some reagents, on the scale of the test; technical wells averaged.

    Parameters
    ----------
    tables : `wells`, `sensitizers`
    manifest : scale, and which arm is the vehicle
    items : reagent, kind

    Returns
    -------
    `CONTEXT` (treatment may be the vehicle), replicate, value (log2); None where wells are missing or not log2
    """
    shift = offsets(tables, manifest)
    if shift is None:
        return None
    wells = tables["wells"].join(items.select("reagent", "kind").unique(), on=["reagent", "kind"], how="semi")
    means = _means({"wells": wells}, manifest, by=["replicate"])
    if means is None:
        return None
    placed = means.join(shift, on=["cell_line", "treatment", "kind"])
    value = (pl.col("value") - pl.col("offset")).alias("value")
    return placed.select(*CONTEXT, "replicate", value).sort(*CONTEXT, "replicate")


def _means(tables: Tables, manifest: Manifest, *, by: list[str]) -> pl.DataFrame | None:
    """Mean normalized value per reagent, line and arm, and whatever else."""
    wells = tables.get("wells")
    if wells is None or setting(manifest, "normalize", "scale", default="log2") != "log2":
        return None
    used = wells.filter((pl.col("role").cast(pl.String) == "sample") & pl.col("normalized").is_not_null())
    return used.group_by(*CONTEXT, *by).agg(pl.col("normalized").mean().alias("value"))
