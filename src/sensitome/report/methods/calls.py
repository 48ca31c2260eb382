"""How hits and candidates were called, and how far that depends on choices, in words."""

from __future__ import annotations

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural, setting, signed

__all__ = ["PARAGRAPHS", "STABILITY"]

#: Share of new draws from which on a call is told to come again.
FIRM = 0.8
_SPREADS = {"sd": "standard deviation (n − 1)", "mad": "scaled median absolute deviation (1.4826 MAD)"}
_POOLS = {
    "together": "all kinds of reagents together",
    "by-kind": "each kind of reagent apart",
    "by-library-plate": "each library plate apart",
}


def _calls(tables: Tables, manifest: Manifest) -> str:
    """The rule."""
    rules = (manifest.get("study") or {}).get("hits")
    if not rules:
        return ""
    preset = (manifest.get("study") or {}).get("preset")
    opening = (
        "Calls follow the rule of Normann et al. 2021 (doi:10.1038/s41598-021-90385-2). "
        if preset == "normann2021"
        else ""
    )
    group = "each cell line and treatment" if rules["lines"] == "apart" else "each treatment, cell lines pooled"
    side = "below" if rules["tail"] == "low" else "above"
    sign = "minus" if rules["tail"] == "low" else "plus"
    controls = "negative controls counted in" if rules["controls"] == "in" else "controls left out"
    text = (
        f"{opening}Within {group}, a reagent is significant when its score lies {side} the {rules['center']} {sign} "
        f"{rules['k']:g} times the {_SPREADS.get(rules['spread'], rules['spread'])} of the library "
        f"({_POOLS.get(rules['pool'], rules['pool'])}, {controls})."
    )
    if rules["replicates"] != "summary":
        text += f" {str(rules['replicates']).capitalize()} of the replicates must pass."
    if rules["exclusion"] != "off" and setting(manifest, "treatments", "vehicle"):
        where = "in the same cell line" if rules["exclusion_lines"] == "same" else "in any cell line"
        limit = (
            f"|z| < {rules['exclusion_k']:g}" if rules["exclusion"] == "two-sided" else f"z > −{rules['exclusion_k']:g}"
        )
        text += f" Reagents with a significant effect without drug {where} were left out ({limit} required)."
    if rules["expression"] != "off" and rules["expression_kinds"]:
        where = "that cell line" if rules["expression"] == "same-line" else "any of the cell lines"
        asked = "hits" in tables and tables["hits"]["is_expressed"].is_not_null().any()
        kinds = named(list(rules["expression_kinds"]))
        text += (
            f" Reagents of kind {kinds} whose target is not expressed in untreated cells of {where}"
            f"{_expressed_by(tables, manifest)} were left out."
            if asked
            else " No table of expressed targets was given, so no reagent was left out for its target."
        )
    return f"{text}{_thresholds(tables)} The rule has no error rate."


def _expressed_by(tables: Tables, manifest: Manifest) -> str:
    """What says which targets are expressed, where that is not the lab's own table."""
    told = tables.get("expressed")
    if told is None or told.is_empty() or told["source"][0] != "arrays":
        return ""
    share = float(setting(manifest, "expression", "detected_share", default=0.5))
    return f" (detected by fewer than {100 * share:.0f} % of the untreated arrays)"


def _thresholds(tables: Tables) -> str:
    """The thresholds that resulted."""
    if "hits" not in tables:
        return ""
    limits = (
        tables["hits"]
        .select("cell_line", "treatment", "threshold")
        .drop_nulls()
        .unique()
        .sort("cell_line", "treatment", "threshold")
    )
    if limits.is_empty() or limits.height > 16:
        return ""
    listed = [f"{signed(value, digits=3)} ({line}, {arm})" for line, arm, value in limits.iter_rows()]
    return f" Thresholds: {', '.join(listed)}."


def _candidates(tables: Tables, manifest: Manifest) -> str:
    """The candidates and the funnel."""
    if "hits" not in tables:
        return ""
    rule = setting(manifest, "hits", "candidates")
    lines = "in both cell lines, in the same arm," if rule == "same-arm" else "in more than one cell line"
    text = f"Candidates are hits {lines} or in more than one arm within a cell line." if rule else ""
    funnel = tables.get("funnel")
    if funnel is not None:
        steps = [f"{row['n_reagents']:,} ({row['name']})" for row in funnel.sort("step").iter_rows(named=True)]
        text += f" Reagents that remained: {'; '.join(steps)}."
    return text.strip()


def _stability(tables: Tables, manifest: Manifest) -> str:
    """The grid of settings."""
    settings = tables.get("stability_settings")
    if settings is None or settings.height < 2:
        return ""
    choices = [
        f"{choice} ({', '.join(str(option) for option in settings[choice].unique(maintain_order=True))})"
        for choice in ("normalization", "spread", "pool", "controls", "exclusion", "summary")
        if settings[choice].n_unique() > 1
    ]
    return (
        f"The calls were repeated under {plural(settings.height, 'setting')}, all combinations of {named(choices)}; "
        "the share of settings that call a reagent is reported as its stability. A share is not a probability."
    )


def _chance(tables: Tables, manifest: Manifest) -> str:
    """How often the rule would call again, and what it calls by chance."""
    again, null = tables.get("call_probability"), tables.get("null_calls")
    text = ""
    if again is not None and not again.is_empty():
        called = again.filter("is_hit")
        text = (
            f"The noise of the wells was drawn anew {again['rounds'][0]:,} times, and the rule applied to each draw: "
            "the share of draws that call a context is reported"
        )
        firm = called.filter(pl.col("p_call") >= FIRM).height
        text += f"; of {plural(called.height, 'call')}, {firm:,} came again in at least {100 * FIRM:.0f} % of them."
    if null is not None and not null.is_empty() and null["rounds"][0]:
        told = [
            f"{expected:.1f} by {name} (of {calls:,})"
            for name, calls, expected in null.drop_nulls("expected")
            .select("called_by", "calls", "expected")
            .iter_rows()
        ]
        screens = plural(int(null["rounds"][0]), "screen")
        text += f" In {screens} without effects that were made of this one, the mean number of calls was {named(told)}."
    return text.strip()


#: Heading and writer, in the order of the page.
PARAGRAPHS = (("Calls", _calls), ("Candidates", _candidates))

#: Of the grid of settings, and of chance.
STABILITY = (("Stability", _stability), ("Chance", _chance))
