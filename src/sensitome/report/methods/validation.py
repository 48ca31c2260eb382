"""How the validation assay was normalized and tested, in words."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural, setting
from sensitome.validation.comparators import ALL

__all__ = ["PARAGRAPHS"]

_VARIANCES = {
    "moderated": "variances moderated across reagents (doi:10.2202/1544-6115.1027)",
    "pooled": "one variance for all reagents",
    "own": "a variance of its own for each reagent",
}
_ADJUST = {
    "bh": "adjusted over reagents and arms (Benjamini-Hochberg)",
    "by": "adjusted over reagents and arms (Benjamini-Yekutieli)",
    "holm": "adjusted over reagents and arms (Holm)",
    "bonferroni": "adjusted over reagents and arms (Bonferroni)",
    "none": "not adjusted for the number of reagents and arms",
}
#: Dose matrices that are named; more are counted.
_NAMED = 4
_STARS = {"p_value": "the nominal p", "p_dunnett": "Dunnett's p", "q_value": "the false-discovery rate"}


def _assay(tables: Tables, manifest: Manifest) -> str:
    """What was measured again, and what 100 % is."""
    wells = tables.get("validation_wells")
    settings = _settings(manifest)
    if wells is None or wells.is_empty() or settings is None:
        return ""
    samples = wells.filter(pl.col("role") == "sample")
    arms = [arm for arm in wells["treatment"].unique(maintain_order=True) if arm is not None]
    technical = wells["technical"].n_unique()
    text = (
        f"{plural(samples.select('reagent', 'kind').n_unique(), 'reagent')} were measured again in "
        f"{named(sorted(wells['cell_line'].unique()))} in {plural(len(arms), 'treatment arm')} on "
        f"{plural(wells['plate'].n_unique(), 'plate')}: "
        f"{plural(wells['replicate'].n_unique(), 'biological replicate')} of {plural(technical, 'technical well')}."
    )
    control = settings.get("control") or "the negative controls"
    arm = "without drug" if settings["control_arm"] == "vehicle" else "of the same arm"
    scope = "of the plate" if settings["scope"] == "plate" else "of the biological replicate"
    level = f"the median of {control} {arm} {scope}"
    return f"{text} Viability is the reading over {level}; effects are differences of its log2."


def _tests(tables: Tables, manifest: Manifest) -> str:
    """The two tests, and who is validated."""
    settings = _settings(manifest)
    if "validation" not in tables or settings is None:
        return ""
    blocks = (
        "by biological replicates as complete blocks, the technical wells averaged first, with "
        f"{_VARIANCES[settings['variance']]}, p within each arm also by Dunnett (doi:10.1080/01621459.1955.10501294)"
    )
    wells = (
        "by Student's t on wells, as in Normann et al. 2021 (doi:10.1038/s41598-021-90385-2), which counts technical "
        "replicates as n, so that its p are too small"
    )
    shown = "the second" if settings["test"] == "student-wells" else "the first"
    return (
        f"A reagent was compared with the control of the same arm twice: {blocks}{_matched(tables, 'validation')}; and "
        f"{wells}{_matched(tables, 'validation_paper')}. The interaction, its "
        f"effect with the drug minus that without, was tested by blocks. The figure shows {shown}, whose p are "
        f"{_ADJUST[settings['adjust']]}; its stars stand for {_STARS[settings['stars']]}.{_validated(tables)}"
    )


def _matched(tables: Tables, name: str) -> str:
    """Whose controls a test takes, where there are several classes of them."""
    controls, table = tables.get("validation_controls"), tables.get(name)
    if controls is None or controls.is_empty() or table is None or table.is_empty():
        return ""
    own = sorted(table.filter(pl.col("comparator") != ALL)["kind"].unique())
    return f" ({named(own)} against the negative controls of their own class)" if own else " (all negative controls)"


def _validated(tables: Tables) -> str:
    """How many reagents either test finds."""
    validated = tables.get("validated")
    if validated is None or validated.is_empty():
        return ""
    counts = [int(validated[name].fill_null(value=False).sum()) for name in ("is_validated", "is_validated_paper")]
    return (
        f" Of {plural(validated.height, 'reagent')} (counted in each cell line), {counts[0]:,} had an interaction with "
        f"fewer cells by blocks (q < 0.05), and {counts[1]:,} had fewer cells in a drug arm by the test on wells "
        "(p < 0.05)."
    )


def _combinations(tables: Tables, manifest: Manifest) -> str:
    """Effects of combinations."""
    combinations = tables.get("combinations")
    if combinations is None or combinations.is_empty():
        return ""
    references = combinations["reference"].cast(pl.String).unique().to_list()
    words = {
        "Bliss": "Bliss independence (doi:10.1111/j.1744-7348.1939.tb06990.x)",
        "HSA": "the highest single agent",
        "three-way": "what every two of three agents explain together",
    }
    held = named([text for name, text in words.items() if name in references])
    return (
        f"{plural(combinations['combination'].n_unique(), 'combination')} of reagents and drugs were held against "
        f"{held}, with biological replicates as n, on the scale of viability and of its log2; p adjusted over "
        "combinations (Benjamini-Hochberg)."
    )


def _agreement(tables: Tables, manifest: Manifest) -> str:
    """What the screen let expect."""
    agreement = tables.get("validation_agreement")
    if agreement is None or agreement.is_empty():
        return ""
    judged = agreement.drop_nulls("agrees")
    agreed = int(judged["agrees"].sum())
    return (
        "Interactions of the validation were held against what the screen lets expect after regression to the mean: "
        f"the two intervals meet for {agreed:,} of {judged.height:,} reagents × arms."
    )


def _doses(tables: Tables, manifest: Manifest) -> str:
    """Dose matrices of two drugs."""
    summary = tables.get("dose_summary")
    if summary is None or summary.is_empty():
        return ""
    references = summary["reference"].cast(pl.String).unique(maintain_order=True).to_list()
    blocks = summary["block"].unique(maintain_order=True)
    which = f"Dose matrices of two drugs ({', '.join(blocks)})"
    if len(blocks) > _NAMED:
        which = f"{len(blocks):,} dose matrices of two drugs"
    return (
        f"{which} were held against "
        f"{named(references)} (doi:10.1111/j.1744-7348.1939.tb06990.x, doi:10.1016/j.csbj.2015.09.001), percent "
        "inhibition beyond what each explains; intervals of the mean score are over replicates (Student's t), those of "
        "pairs of doses by a moderated t (doi:10.2202/1544-6115.1027), p adjusted over matrices and over pairs "
        "(Benjamini-Hochberg)."
    )


def _settings(manifest: Manifest) -> dict[str, Any] | None:
    """The section of the study; None without."""
    return (manifest.get("study") or {}).get("validation") if setting(manifest, "validation", "test") else None


#: Heading and writer, in the order of the page.
PARAGRAPHS = (
    ("Validation", _assay),
    ("Validation: tests", _tests),
    ("Validation: combinations", _combinations),
    ("Validation and screen", _agreement),
    ("Dose matrices", _doses),
)
