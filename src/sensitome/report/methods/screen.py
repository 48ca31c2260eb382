"""What was screened, and how readings became scores, in words."""

from __future__ import annotations

import polars as pl

from sensitome.charts.data import METHODS, Manifest, Tables, named, plural, setting

__all__ = ["PARAGRAPHS"]

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


#: Heading and writer, in the order of the page.
PARAGRAPHS = (("Screen", _screen), ("Normalization", _normalization), ("Scores", _scores))
