"""How lysate arrays were read out and proteins called, in words."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural, setting

__all__ = ["PARAGRAPHS"]

_BACKGROUNDS = {
    "none": "as they are",
    "local": "less their own background",
    "slide": "less the median background of their slide",
}
_DILUTIONS = {
    "average": "averaged over the dilutions of a lysate",
    "undiluted": "of the undiluted lysate",
    "slope": "brought to the undiluted lysate by a slope common to all lysates of an antibody",
}
_SPREADS = {"sd": "standard deviation (n − 1)", "mad": "scaled median absolute deviation (1.4826 MAD)"}


def _array(tables: Tables, manifest: Manifest) -> str:
    """Slides and spots."""
    slides, proteins = tables.get("protein_slides"), tables.get("proteins")
    settings = _settings(manifest)
    if slides is None or proteins is None or settings is None:
        return ""
    total = (
        ", divided by the total protein of the same spot (Sypro, as in Normann et al. 2021)"
        if settings["total_protein"] == "divide"
        else ""
    )
    plate = settings["plate_correction"]
    corrected = {"none": "", "median": ", less the median", "loess": ", less the robust loess surface"}[plate]
    corrected += " of the source plate" if corrected else ""
    detected = slides.filter(pl.col("stain") == "detection")
    lysates = proteins.filter(pl.col("role") == "sample").select("reagent", "kind").n_unique()
    return (
        f"Lysates of {plural(lysates, 'reagent')} in {named(sorted(proteins['cell_line'].unique()))} and "
        f"{plural(proteins['treatment'].n_unique(), 'treatment arm')} were printed and stained for "
        f"{plural(detected['antibody'].n_unique(), 'protein')} ({', '.join(sorted(detected['antibody'].unique()))}). "
        f"Signals of {plural(int(slides['n_spots'].sum()), 'spot')} were taken "
        f"{_BACKGROUNDS[settings['background']]}{total}, log2-transformed{corrected} and "
        f"{_DILUTIONS[settings['dilution']]}."
    )


def _calls(tables: Tables, manifest: Manifest) -> str:
    """z, the moderated test, and what is called."""
    proteins, settings = tables.get("proteins"), _settings(manifest)
    if proteins is None or settings is None:
        return ""
    group = "each protein, arm and cell line"
    group += " of a source plate" if settings["pool"] == "by-plate" else ""
    versus = "the negative controls" if settings["comparator"] == "controls" else "the median of the reagents"
    called = int(proteins["is_hit"].fill_null(value=False).sum())
    rule = (
        f"|z| ≥ {settings['k']:g}, which has no error rate"
        if settings["call"] == "z"
        else f"a false-discovery rate of {100 * settings['fdr']:g} % by the moderated test (Benjamini-Hochberg)"
    )
    text = (
        f"Within {group}, z is the distance from the {settings['center']} of the reagents in units of their "
        f"{_SPREADS[settings['spread']]}; beside it stands a moderated t against {versus} of the arm "
        f"(doi:10.2202/1544-6115.1027). Proteins are called up or down at {rule}: {plural(called, 'call')}."
    )
    changes = tables.get("protein_interactions")
    if changes is not None and not changes.is_empty():
        text += " Whether a drug changes what a reagent does to a protein was tested by the difference of both effects."
    return text


def _settings(manifest: Manifest) -> dict[str, Any] | None:
    """The section of the study; None without."""
    return (manifest.get("study") or {}).get("protein") if setting(manifest, "protein", "call") else None


#: Heading and writer, in the order of the page.
PARAGRAPHS = (("Lysate array", _array), ("Proteins", _calls))
