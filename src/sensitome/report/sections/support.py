"""What supports the calls beyond their own test: controls, further cell lines, the opposite reagent."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting, signed
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build", "verdict_of_controls"]

LINES: dict[str, Column] = {
    "reagent": ("reagent", None, "reagent"),
    "kind": ("kind", None, "filter"),
    "treatment": ("arm", None, "filter"),
    "called": ("lines called", 0, ""),
    "lines_shown": ("lines shown", 0, ""),
    "n_lines": ("lines tested", 0, ""),
    "p_any": ("p, any line", 4, "rate"),
    "q_all": ("q, all lines", 4, "rate"),
}
TOGETHER: dict[str, Column] = {
    "reagent": ("reagent", None, "reagent"),
    "kind": ("kind", None, "filter"),
    "cell_line": ("cell line", None, "filter"),
    "treatment": ("combination", None, "filter"),
    "called": ("sensitizer", None, "filter"),
    "combined": ("δ of the combination", 2, "size"),
    "effect": ("beyond its drugs (log2)", 2, "size"),
    "ci_low": ("from", 2, "size"),
    "ci_high": ("to", 2, "size"),
    "q_value": ("q", 4, "rate"),
}
OPPOSITES: dict[str, Column] = {
    "target": ("miRNA", None, ""),
    "mimic": ("mimic", None, "reagent"),
    "inhibitor": ("inhibitor", None, "reagent"),
    "cell_line": ("cell line", None, "filter"),
    "treatment": ("arm", None, "filter"),
    "verdict": ("verdict", None, "filter"),
    "mimic_effect": ("δ of the mimic", 2, "size"),
    "inhibitor_effect": ("δ of the inhibitor", 2, "size"),
    "effect": ("difference (log2)", 2, "size"),
    "ci_low": ("from", 2, "size"),
    "ci_high": ("to", 2, "size"),
    "q_value": ("q", 4, "rate"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Drugs alone and together, controls, lines, mimics against inhibitors; nothing where none of it is known."""
    most = int(setting(manifest, "report", "rows", default=20000))
    together, lines, opposites = _together(tables, manifest), _lines(tables), _opposites(tables)
    data: dict[str, Any] = {}
    context: dict[str, Any] = {
        "drugs": _drugs(tables),
        "controls": _controls(tables),
        "together": _together_in_words(together, manifest),
        "lines": _lines_in_words(lines),
        "opposites": _opposites_in_words(tables),
    }
    if not any(context.values()):
        return None
    if together is not None and together.height:
        caption = "Interaction with a combination minus the sum of those with its drugs, the surest first"
        data["together"] = column_table(together.head(most), TOGETHER, caption=caption, name="three_way")
    if lines is not None:
        further = {name: (f"p, {name[2:]} lines", 4, "rate") for name in lines.columns if name[2:].isdigit()}
        caption = "In how many cell lines a drug sensitizes with a reagent, the surest first"
        looks: dict[str, Column] = {**LINES, **further}
        data["lines"] = column_table(lines.head(most), looks, caption=caption, name="line_evidence")
    if opposites is not None:
        caption = "Mimic and inhibitor of the same miRNA, where at least one of them is shown to interact"
        data["opposites"] = column_table(opposites.head(most), OPPOSITES, caption=caption, name="antisymmetry")
    return {**context, "data": data}


def _drugs(tables: Tables) -> list[dict[str, str]]:
    """What each drug does alone, all controls together."""
    effects = tables.get("drug_effects")
    if effects is None or effects.is_empty():
        return []
    words = {"effect": "against vehicle", "combination": "beyond the sum of its parts"}
    return [
        {
            "cell_line": row["cell_line"],
            "treatment": row["treatment"],
            "term": words.get(row["term"], row["term"]),
            "effect": _interval(row),
            "n": str(row["n"]),
        }
        for row in effects.filter(pl.col("class") == "all").iter_rows(named=True)
    ]


def _controls(tables: Tables) -> dict[str, Any] | None:
    """Whether the classes of negative controls agree about the drugs."""
    table = tables.get("control_agreement")
    if table is None or table.is_empty():
        return None
    classes = sorted({*table["first"], *table["second"]})
    quarrels = table.filter(~pl.col("agree"))
    rows = [
        {
            "what": f"{row['first']} − {row['second']}",
            "cell_line": row["cell_line"],
            "treatment": row["treatment"],
            "effect": _interval(row),
        }
        for row in quarrels.iter_rows(named=True)
    ]
    return {"classes": ", ".join(classes), "verdict": verdict_of_controls(table["agree"]), "quarrels": rows}


def verdict_of_controls(agree: pl.Series) -> str:
    """How often classes of controls agree, in words."""
    count, alike, unknown = len(agree), int(agree.sum() or 0), agree.null_count()
    if unknown == count:
        return "So few sets of plates cannot tell whether they agree."
    rest = f" {unknown} cannot be told with so few sets of plates." if unknown else ""
    if alike + unknown < count:
        return f"They disagree in {count - alike - unknown} of {plural(count, 'comparison')}.{rest}"
    part = "all" if not unknown else f"{alike} of"
    return f"They agree in {part} {plural(count, 'comparison')} (shown to differ by less than 0.1 log2).{rest}"


def _together(tables: Tables, manifest: Manifest) -> pl.DataFrame | None:
    """What combinations do beyond their drugs, where the test calls the combination or the term itself stands out."""
    table, sensitizers = tables.get("three_way"), tables.get("sensitizers")
    if table is None or table.is_empty() or sensitizers is None:
        return None
    key = ["reagent", "kind", "cell_line", "treatment"]
    called = sensitizers.select(*key, combined="effect", called="is_sensitizer")
    limit = float(setting(manifest, "sensitization", "fdr", default=0.1))
    rows = table.join(called, on=key, how="left").filter(pl.col("called") | (pl.col("q_value") <= limit))
    words = pl.when("called").then(pl.lit("yes")).otherwise(pl.lit("no"))
    return rows.with_columns(words.alias("called")).sort("q_value", "p_value", *key, nulls_last=True)


def _together_in_words(rows: pl.DataFrame | None, manifest: Manifest) -> str:
    """How many sensitizers to a combination do more than its drugs explain."""
    if rows is None:
        return ""
    limit = float(setting(manifest, "sensitization", "fdr", default=0.1))
    called = rows.filter(pl.col("called") == "yes")
    head = f"The test calls {plural(called.height, 'context')} of a combination."
    if rows["p_value"].null_count() == rows.height:
        return f"{head} With one replicate nobody can say whether they do more than the drugs of the combination."
    more, less = (
        called.filter((pl.col("q_value") <= limit) & (pl.col("effect") * sign < 0)).height for sign in (1, -1)
    )
    return (
        f"{head} In {more} of them the combination does more than its drugs together, in {less} less, in the others "
        f"neither is shown (moderated t, q ≤ {limit:g}). Where it does less, one drug alone may do it all."
    )


def _lines(tables: Tables) -> pl.DataFrame | None:
    """Evidence over lines with the number of lines that the test calls; what is called or shown somewhere."""
    table, sensitizers = tables.get("line_evidence"), tables.get("sensitizers")
    if table is None or table.is_empty() or sensitizers is None:
        return None
    key = ["reagent", "kind", "treatment"]
    called = sensitizers.group_by(key).agg(pl.col("is_sensitizer").sum().alias("called"))
    rows = table.join(called, on=key, how="left").filter((pl.col("called") > 0) | (pl.col("lines_shown") > 0))
    order = ["called", "lines_shown", "p_any", *key]
    return rows.sort(order, descending=[True, True, *[False] * (len(order) - 2)], nulls_last=True)


def _lines_in_words(rows: pl.DataFrame | None) -> str:
    """How many reagents are shown to sensitize in more than one line."""
    if rows is None or rows.is_empty():
        return ""
    several = rows.filter(pl.col("lines_shown") > 1).select("reagent", "kind").n_unique()
    method = rows["method"][0]
    found = (
        f"{plural(several, 'reagent')} {'is' if several == 1 else 'are'} shown to sensitize in two cell lines or more"
    )
    return f"{found} (partial conjunction of the p of {method}, p ≤ 0.05 for each by itself, without correction)."


def _opposites(tables: Tables) -> pl.DataFrame | None:
    """Pairs of mimic and inhibitor of which at least one is shown."""
    table = tables.get("antisymmetry")
    if table is None or table.is_empty():
        return None
    words = pl.col("verdict").cast(pl.String)
    rank = words.replace_strict({"antisymmetric": 0, "same direction": 1, "one only": 2, "neither": 3}, default=3)
    shown = table.with_columns(words).filter(words != "neither")
    return (
        None if shown.is_empty() else shown.sort(rank, "q_value", "target", "cell_line", "treatment", nulls_last=True)
    )


def _opposites_in_words(tables: Tables) -> str:
    """How often mimic and inhibitor of one miRNA do the opposite."""
    table = tables.get("antisymmetry")
    if table is None or table.is_empty():
        return ""
    counts = dict(table["verdict"].cast(pl.String).value_counts().iter_rows())
    pairs = table["target"].n_unique()
    return (
        f"Of {pairs} miRNAs the library has both a mimic and an inhibitor. In {plural(table.height, 'context')} of "
        f"them the two are shown to do the opposite {counts.get('antisymmetric', 0)} times, and the same "
        f"{counts.get('same direction', 0)} times; one alone is shown {counts.get('one only', 0)} times."
    )


def _interval(row: dict[str, Any]) -> str:
    """An effect with its interval."""
    if row["effect"] is None:
        return "–"
    if row["ci_low"] is None or row["ci_high"] is None:
        return signed(row["effect"])
    return f"{signed(row['effect'])} [{signed(row['ci_low'])}, {signed(row['ci_high'])}]"
