"""Validation: who is validated by which count, what combinations do beyond Bliss, and what the screen let expect."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import named, plural, reading_order, setting, signed
from sensitome.charts.validation_panels import shown_test
from sensitome.frames import average, largest
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables
from sensitome.validation.comparators import ALL

__all__ = ["build"]

#: Combinations that are told in words; all are in the table.
_TOLD = 6


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """The design, both counts, stars, combinations, agreement with the screen and power; None without an assay."""
    table = tables.get("validation")
    if table is None or table.is_empty():
        return None
    data = {
        "validated": _who(tables),
        "combinations": _combinations(tables, manifest),
        "validation_agreement": _agreement_table(tables),
    }
    return {
        **_design(table, tables, manifest),
        "counts": _counts(tables),
        "tests": _tests(tables, manifest),
        "controls": _controls(tables),
        "killing": _killing(tables),
        "agreement": _agreement(tables),
        "power": _power(tables, manifest),
        "asked_power": f"{100 * float(setting(manifest, 'validation', 'power', default=0.8)):.0f} %",
        "plates": _plates(tables),
        "figures": ["validation_panels", "validation_agreement"],
        "data": {name: value for name, value in data.items() if value is not None},
    }


def _design(table: pl.DataFrame, tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Who was measured where, and how often."""
    arms = reading_order(table["treatment"].unique().to_list(), tables, manifest)
    replicates, wells = (int(largest(table[name])) for name in ("n_replicates", "n_wells"))
    technical = wells // replicates if replicates else 0
    return {
        "reagents": plural(table.select("reagent", "kind").n_unique(), "reagent"),
        "lines": named(sorted(table["cell_line"].unique().to_list())),
        "arms": named(arms),
        "replicates": plural(replicates, "biological replicate"),
        "technical": plural(technical, "technical well"),
    }


def _counts(tables: Tables) -> dict[str, Any] | None:
    """How many are validated by either count."""
    table = tables.get("validated")
    if table is None or table.is_empty():
        return None
    both = pl.col("is_validated").fill_null(False), pl.col("is_validated_paper").fill_null(False)
    ours, theirs = (table.filter(one) for one in both)
    return {
        "of": table.height,
        "ours": ours.height,
        "theirs": theirs.height,
        "both": table.filter(both[0] & both[1]).height,
        "names": sorted(ours["reagent"].unique().to_list()),
    }


def _tests(tables: Tables, manifest: Manifest) -> list[tuple[str, str]]:
    """Both tests in words, with their n, and what the stars of the figure stand for."""
    own = tables["validation"]
    n = int(largest(own["n"]))
    words = [(f"n = {plural(n, 'biological replicate')}", f"{_BLOCKS} In short: {_sentence(own)}")]
    paper = tables.get("validation_paper")
    if paper is not None and paper.height:
        n = int(largest(paper["n"]))
        text = f"{_sentence(paper)} Technical wells of one replicate share its day and its cells: counting them as n "
        text += "makes intervals too short and false positives more frequent than p says."
        words.append((f"n = {plural(n, 'well')}, as in the paper", text))
    shown = shown_test(tables, manifest)
    value = {"p_value": "p", "q_value": "q (adjusted over reagents and arms)", "p_dunnett": "p after Dunnett"}
    stars = value.get(str(setting(manifest, "validation", "stars", default="")), "the value that the settings name")
    which = "wells" if str(shown["unit"][0]).startswith("wells") else "biological replicates"
    words.append(("Stars", f"The figure shows the test that counts {which}: * {stars} < .05, ** < .01, *** < .001."))
    return words


#: The test by biological replicates, in words.
_BLOCKS = (
    "Technical wells are averaged first. Reagents are compared with the control of the same replicate and arm; the "
    "interaction is that difference with the drug minus the same without, so that it asks whether the drug changes "
    "what the reagent does."
)


def _controls(tables: Tables) -> dict[str, Any] | None:
    """What each kind is compared with, and whether the classes of controls say the same; None with one class."""
    table = tables.get("validation_controls")
    if table is None or table.is_empty():
        return None
    kinds = tables["validation"].select("kind", "comparator").unique().sort("kind", "comparator")
    common = sorted(kinds.filter(pl.col("comparator") == ALL)["kind"].unique())
    own = sorted(kinds.filter(pl.col("comparator") != ALL)["kind"].unique())
    quarrels, alike = table.filter(~pl.col("agree")), int(table["agree"].sum() or 0)
    compared = f"{alike} of {plural(table.height, 'comparison')}"
    if table["p_value"].is_null().all():
        verdict = "Whether the classes of controls agree cannot be told from one biological replicate."
    elif quarrels.is_empty():
        verdict = (
            f"Nowhere are the classes of controls shown to disagree; {compared} show that they agree within 0.1 log2, "
            "which takes many replicates."
        )
    else:
        verdict = f"The classes of controls disagree in {quarrels.height} of {plural(table.height, 'comparison')}."
    paper = tables.get("validation_paper")
    all_by_wells = paper is not None and bool((paper["comparator"] == ALL).all())
    return {
        "own": named(own),
        "common": named(common),
        "by_wells": all_by_wells and bool(own),
        "verdict": verdict,
        "quarrels": [
            f"{row['first']} − {row['second']}, {row['treatment']} in {row['cell_line']}: {signed(row['effect'])} log2 "
            f"[{signed(row['ci_low'])}, {signed(row['ci_high'])}], q {row['q_value']:.2g}"
            for row in quarrels.iter_rows(named=True)
        ],
    }


def _sentence(table: pl.DataFrame) -> str:
    """The test as its table says it."""
    text = str(table["test"][0])
    return f"{text[:1].upper()}{text[1:]}." if not text.endswith(".") else text


def _who(tables: Tables) -> dict[str, Any] | None:
    """Every reagent by both counts."""
    table = tables.get("validated")
    if table is None or table.is_empty():
        return None
    marks = {"is_validated": "beyond Bliss", "is_validated_paper": "by wells"}
    words = [pl.when(name).then(pl.lit("yes")).when(~pl.col(name)).then(pl.lit("no")).alias(name) for name in marks]
    order = ["is_validated", "is_validated_paper", "reagent", "cell_line"]
    table = table.with_columns(
        pl.when(pl.col("comparator") == ALL)
        .then("comparator")
        .otherwise(pl.format("controls of {}", "comparator"))
        .alias("comparator")
    )
    rows = table.sort(order, descending=[True, True, False, False], nulls_last=True).with_columns(words)
    columns: dict[str, Column] = {
        "reagent": ("reagent", None, "reagent"),
        "kind": ("kind", None, "filter"),
        "cell_line": ("cell line", None, "filter"),
        "is_validated": ("sensitizes", None, "filter"),
        "arms": ("with", None, "long"),
        "is_validated_paper": ("the paper's count", None, "filter"),
        "paper_arms": ("with", None, "long"),
        "alone": ("alone", None, "filter"),
        "comparator": ("compared with", None, "pick"),
        "reason": ("where the counts agree or part", None, "long"),
    }
    return column_table(rows, columns, caption="Validated by which count", name="validated")


def _pairs(tables: Tables) -> pl.DataFrame | None:
    """Excess over Bliss of reagent and drug arm, on the scale of viability."""
    table = tables.get("combinations")
    if table is None or table.is_empty():
        return None
    viability = pl.col("scale").cast(pl.String) == "viability"
    return table.filter(viability & pl.col("effect").is_not_null()).with_columns(
        pl.col("reference").cast(pl.String), pl.col("reagent").fill_null("–")
    )


def _killing(tables: Tables) -> list[str]:
    """The surest combinations in words, those of a reagent and a drug arm."""
    found = _pairs(tables)
    if found is None:
        return []
    pair = pl.col("combination") == pl.format("{} + {}", "reagent", "treatment")
    own = found.filter((pl.col("reference") == "Bliss") & pair & (pl.col("q_value") <= 0.05))
    rows = own.sort("q_value", pl.col("effect").abs(), descending=[False, True]).head(_TOLD)
    return [
        f"{row['combination']}: {row['direction']} ({signed(row['ci_low'], digits=1)} to "
        f"{signed(row['ci_high'], digits=1)}, q {row['q_value']:.2g}); {row['observed']:.0f} % live where "
        f"{row['expected']:.0f} % were expected"
        for row in rows.iter_rows(named=True)
    ]


def _combinations(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Every combination and reference."""
    found = _pairs(tables)
    if found is None:
        return None
    columns: dict[str, Column] = {
        "combination": ("combination", None, "long"),
        "cell_line": ("cell line", None, "pick"),
        "treatment": ("arm", None, "pick"),
        "reference": ("against", None, "filter"),
        "direction": ("in words", None, "long"),
        "effect": ("excess (points)", 1, "size"),
        "ci_low": ("from", 1, "size"),
        "ci_high": ("to", 1, "size"),
        "boot_low": ("resampled", 1, "size"),
        "boot_high": ("to", 1, "size"),
        "p_value": ("p", 4, "rate"),
        "q_value": ("q", 4, "rate"),
        "n": ("n", 0, ""),
    }
    first = pl.col("reference").replace_strict({"Bliss": 0, "three-way": 1}, default=2, return_dtype=pl.Int8)
    rows = found.sort(first, "q_value", "p_value", "cell_line", "combination", nulls_last=True)
    most = int(setting(manifest, "report", "rows", default=20000))
    caption = "Excess of killing over what the parts explain; positive = more killing"
    return column_table(rows.head(most), columns, caption=caption, name="combinations")


def _agreement(tables: Tables) -> dict[str, Any] | None:
    """How far the validation agrees with what the screen let expect."""
    table = tables.get("validation_agreement")
    known = None if table is None else table.drop_nulls(["screen_effect", "effect", "expected"])
    if known is None or known.is_empty():
        return None
    large = known.filter(pl.col("screen_effect") < -0.32)
    share = None if large.is_empty() else average(large["effect"]) / average(large["screen_effect"])
    return {
        "of": known.height,
        "agrees": int(known["agrees"].fill_null(False).sum()),
        "same": int(known["same_direction"].fill_null(False).sum()) if "same_direction" in known.columns else None,
        "large": large.height,
        "share": None if share is None else f"{100 * share:.0f} %",
    }


def _agreement_table(tables: Tables) -> dict[str, Any] | None:
    """Every reagent and drug arm in screen and validation."""
    table = tables.get("validation_agreement")
    if table is None or table.is_empty():
        return None
    columns: dict[str, Column] = {
        "reagent": ("reagent", None, "reagent"),
        "kind": ("kind", None, "filter"),
        "cell_line": ("cell line", None, "filter"),
        "treatment": ("arm", None, "filter"),
        "screen_effect": ("screen (log2)", 2, "size"),
        "expected": ("expected", 2, "size"),
        "effect": ("validated", 2, "size"),
        "ci_low": ("from", 2, "size"),
        "ci_high": ("to", 2, "size"),
        "q_value": ("q", 4, "rate"),
        "replicates_needed": ("replicates that it needs", 0, ""),
    }
    there = {name: look for name, look in columns.items() if name in table.columns}
    rows = table.sort("effect", "reagent", "treatment", nulls_last=True)
    return column_table(rows, there, caption="Interaction in screen and validation", name="validation_agreement")


def _power(tables: Tables, manifest: Manifest) -> list[dict[str, Any]]:
    """Biological replicates that interactions of each size need, by cell line."""
    table = tables.get("validation_power")
    if table is None or table.is_empty():
        return []
    asked = float(setting(manifest, "validation", "power", default=0.8))
    most = int(largest(table["replicates"]))
    needed = table.group_by("cell_line", "effect").agg(
        pl.col("replicates").filter(pl.col("power") >= asked).min().alias("needed"),
        pl.col("power").filter(pl.col("replicates") == 3).first().alias("with_three"),
    )
    return [
        {
            "line": row["cell_line"],
            "effect": f"{row['effect']:.1f}",
            "fewer": f"{100 * (1 - 2 ** -row['effect']):.0f} %",
            "needed": str(row["needed"]) if row["needed"] else f"more than {most}",
            "with_three": "–" if row["with_three"] is None else f"{100 * row['with_three']:.0f} %",
        }
        for row in needed.sort("cell_line", "effect").iter_rows(named=True)
    ]


def _plates(tables: Tables) -> dict[str, Any] | None:
    """Verdicts on the plates, and what is wrong with those that are no pass."""
    table = tables.get("validation_plates")
    if table is None or table.is_empty():
        return None
    table = table.with_columns(pl.col("verdict").cast(pl.String))
    poor = table.filter(pl.col("verdict") != "pass").sort("plate")
    return {
        "of": plural(table.height, "plate"),
        "passed": table.height - poor.height,
        "poor": [f"{row['plate']} ({row['verdict']}: {row['detail']})" for row in poor.iter_rows(named=True)][:8],
    }
