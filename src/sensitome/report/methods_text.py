"""The methods of a run in words, with the numbers that were used, ready for a Methods section."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import METHODS, Manifest, Tables, named, plural, setting, signed
from sensitome.report.sensitization_text import sensitization_method_text

__all__ = ["methods_text"]

_SUMMARIES = {
    "mean": "the mean",
    "median": "the median",
    "min": "the smallest",
    "max": "the largest",
    "rms": "the root mean square",
    "closest-to-zero": "the one closest to zero",
    "furthest-from-zero": "the one furthest from zero",
    "signed-rms": "the signed root mean square",
}
_SPREADS = {"sd": "standard deviation (n − 1)", "mad": "scaled median absolute deviation (1.4826 MAD)"}
_POOLS = {
    "together": "all kinds of reagents together",
    "by-kind": "each kind of reagent apart",
    "by-library-plate": "each library plate apart",
}


def methods_text(tables: Tables, manifest: Manifest) -> list[tuple[str, str]]:
    """Write the methods from the settings and the tables; what the run does not have is not claimed.

    Parameters
    ----------
    tables : of the run
    manifest : with the resolved study

    Returns
    -------
    Heading and paragraph, in order
    """
    writers = (
        ("Screen", _screen),
        ("Normalization", _normalization),
        ("Scores", _scores),
        ("Calls", _calls),
        ("Candidates", _candidates),
        ("Sensitization", sensitization_method_text),
        ("Stability", _stability),
        ("Quality", _quality),
        ("Software", _software),
    )
    written = [(heading, write(tables, manifest)) for heading, write in writers]
    return [(heading, text) for heading, text in written if text]


def _screen(tables: Tables, manifest: Manifest) -> str:
    """What was measured."""
    plates, wells, reagents = tables.get("plates"), tables.get("wells"), tables.get("reagents")
    if wells is None:
        return ""
    source = plates if plates is not None else wells
    samples = (reagents if reagents is not None else wells).filter(pl.col("role") == "sample")
    kinds = samples.group_by("kind").agg(pl.col("reagent").n_unique().alias("n")).sort("kind")
    library = named([plural(n, str(kind)) for kind, n in kinds.iter_rows()])
    size = wells.select(pl.col("row").max(), pl.col("column").max()).row(0)
    lines, arms = sorted(source["cell_line"].unique()), sorted(source["treatment"].unique())
    vehicle = setting(manifest, "treatments", "vehicle")
    text = (
        f"A library of {library} on {plural(source['library_plate'].n_unique(), 'library plate')} was screened in "
        f"{named(lines)} in {plural(len(arms), 'treatment arm')} ({', '.join(arms)}) with "
        f"{plural(source['replicate'].n_unique(), 'replicate')}: {plural(wells['plate'].n_unique(), 'plate')} of up to "
        f"{size[0]} rows × {size[1]} columns, {plural(wells.height, 'well')}."
    )
    if vehicle:
        text += f" The arm without drug is {vehicle}."
    roles = wells.group_by(pl.col("role").cast(pl.String)).len().sort("role").rows()
    controls = [f"{count:,} {role}" for role, count in roles if role in ("negative", "positive", "untreated")]
    if controls:
        text += f" Control wells: {named(controls)}."
    silent = wells.filter(pl.col("signal").is_null()).height
    if silent:
        text += f" {plural(silent, 'well')} had no reading."
    return text


def _normalization(tables: Tables, manifest: Manifest) -> str:
    """How plates were made comparable."""
    method = setting(manifest, "normalize", "method")
    if method is None:
        return ""
    is_log = setting(manifest, "normalize", "scale") == "log2"
    how = "log2-transformed and subtracted" if is_log else "kept on their raw scale and divided"
    if method == "none":
        return "Readings were log2-transformed and not normalized." if is_log else "Readings were not normalized."
    text = "Readings were log2-transformed. " if is_log else "Readings were kept on their raw scale. "
    text += f"Every plate was normalized by {METHODS.get(method, method)}"
    if "loess" in method or "locfit" in method:
        span, degree = setting(manifest, "normalize", "span"), setting(manifest, "normalize", "degree")
        family = setting(manifest, "normalize", "family")
        robust = "robust (Tukey's bisquare)" if family == "symmetric" else "least-squares"
        text += f": a {robust} local regression of degree {degree} with span {span:g}, fitted to the sample wells"
        text += ", subtracted from all wells" if is_log else ", by which all wells were divided"
    elif how:
        text += ", defined by the samples unless the method says otherwise"
    text += "."
    variance = setting(manifest, "normalize", "variance", default="none")
    if variance != "none":
        text += f" Values were divided by the scaled MAD of the samples of the {variance}."
    if setting(manifest, "normalize", "well_effects", default=False):
        text += " The median over plates at each well position was taken away."
    if setting(manifest, "normalize", "batch_effects", default=False):
        text += " The median of each batch within its cell line and treatment was taken away."
    return text


def _scores(tables: Tables, manifest: Manifest) -> str:
    """How replicates were combined."""
    summary = setting(manifest, "score", "summary")
    if summary is None:
        return ""
    unit = setting(manifest, "score", "unit", default="reagent")
    text = ""
    standardize = setting(manifest, "score", "standardize", default="none")
    if standardize == "zscore":
        text = "In every replicate of an arm, values were centered on the median of the samples "
        text += "and divided by their scaled MAD. "
    elif standardize == "npi":
        text = "In every replicate of an arm, values were scaled to the controls (normalized percent inhibition). "
    wells = (
        "Technical wells of a reagent were averaged within each replicate first; "
        if unit == "reagent"
        else "Each well of the library was kept apart; "
    )
    return f"{text}{wells}the score is {_SUMMARIES.get(summary, summary)} of the replicates."


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
            f" Reagents of kind {kinds} whose target is not expressed in untreated cells of {where} were left out."
            if asked
            else " No table of expressed targets was given, so no reagent was left out for its target."
        )
    return f"{text}{_thresholds(tables)} The rule has no error rate."


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


def _quality(tables: Tables, manifest: Manifest) -> str:
    """Verdicts on the plates."""
    plates = tables.get("plates")
    if plates is None or "quality" not in tables:
        return ""
    verdicts = dict(plates["verdict"].cast(pl.String).value_counts().rows())
    counts = named([f"{verdicts[word]} {word}" for word in ("pass", "warn", "fail") if word in verdicts])
    figures = tables["quality"].filter(pl.col("level") == "plate")["figure"].n_unique()
    return (
        f"Every plate was judged by {plural(figures, 'quality figure')} against fixed limits: {counts} "
        f"(of {plural(plates.height, 'plate')}). No plate was left out because of its verdict."
    )


def _software(tables: Tables, manifest: Manifest) -> str:
    """Program and versions."""
    version = manifest.get("sensitome")
    if not version:
        return ""
    study: dict[str, Any] = manifest.get("study") or {}
    text = f"The analysis was made with Sensitome {version}"
    if study.get("preset"):
        text += f", preset {study['preset']}"
        text += f" version {study['preset_version']}" if study.get("preset_version") else ""
    if manifest.get("python"):
        text += f", under Python {manifest['python']}"
    text += "."
    if manifest.get("seed") is not None:
        text += f" Random seed {manifest['seed']}."
    return text
