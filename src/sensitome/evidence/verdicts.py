"""Rules that turn what sources say into one graded verdict, without weights.

Sources that rest on the same wells, lysates or patients are one experiment: they cannot confirm each other. The screen
and the validation assay decide; proteins and patients can only strengthen what both of these say; arrays and databases
are told and not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["MEANINGS", "NEGATIVE", "VERDICTS", "of_experiment", "of_validation", "verdict_of"]

#: Verdict → what it takes, the strongest first.
MEANINGS: Mapping[str, str] = {
    "strong": "screen and validation assay both support sensitization beyond Bliss independence in the same cell line "
    "and arm, proteins or patients support it too, and nothing contradicts",
    "confirmed": "screen and validation assay both support sensitization beyond Bliss independence in the same cell "
    "line and arm",
    "effect confirmed": "the screen supports it and the validation assay shows fewer cells with the drug, but not that "
    "the drug changes the effect",
    "suggestive": "one experiment supports it, and no experiment that decides contradicts",
    "mixed": "an experiment that decides supports it and another, or another of its own sources, contradicts",
    "unclear": "something was measured, and nothing takes sides",
    "additive": "the validation assay shows fewer cells with the drug, and it or the screen shows that the drug does "
    "not change that",
    "contradicted": "the validation assay, or where it is silent the screen, shows no relevant effect or the opposite",
    "not measured": "no source that is judged has a value",
}
VERDICTS = tuple(MEANINGS)
#: Verdicts that speak against a candidate; some source must have contradicted.
NEGATIVE = ("mixed", "additive", "contradicted")


def of_experiment(says: Iterable[str]) -> str:
    """What an experiment says whose sources say so.

    Returns
    -------
    supports, contradicts, mixed (both), unclear (neither), or missing (none is judged)

    >>> of_experiment(["supports", "unclear", "context"]), of_experiment(["context", "missing"])
    ('supports', 'missing')
    """
    found = set(says)
    if {"supports", "contradicts"} <= found:
        return "mixed"
    return next((word for word in ("supports", "contradicts", "unclear") if word in found), "missing")


def of_validation(*, with_drug: str, beyond: Iterable[str]) -> str:
    """What the validation assay says.

    Parameters
    ----------
    with_drug : of the effect against the control in the same arm
    beyond : of the sources that ask for more than reagent and drug do alone: interaction, and excess over Bliss

    Returns
    -------
    As `of_experiment`; or "effect only" (fewer cells with the drug, undecided whether the drug changes that) or
    "additive" (the drug is shown not to change that)

    >>> of_validation(with_drug="supports", beyond=["unclear", "missing"])
    'effect only'
    """
    more = of_experiment(beyond)
    if more in ("supports", "mixed"):
        return "mixed" if with_drug == "contradicts" else more
    if more == "contradicts":
        return "additive" if with_drug == "supports" else "contradicts"
    if with_drug == "supports":
        return "effect only"
    return with_drug if with_drug == "contradicts" else of_experiment([with_drug, more])


def verdict_of(*, screen: str, validation: str, corroborating: Iterable[str], needed: int = 1) -> str:
    """The verdict on a candidate in one line and arm.

    Parameters
    ----------
    screen : of `of_experiment`
    validation : of `of_validation`
    corroborating : of `of_experiment`, one for proteins and one for patients
    needed : how many of these make a confirmed sensitizer strong

    Returns
    -------
    One of `VERDICTS`: the first rule that holds. A missing experiment supports nothing and contradicts nothing.

    >>> verdict_of(screen="supports", validation="missing", corroborating=["missing", "missing"])
    'suggestive'
    """
    beside = list(corroborating)
    rules = (
        ("not measured", {screen, validation, *beside} <= {"missing"}),
        ("contradicted", validation == "contradicts" or (validation in _UNDECIDED and screen == "contradicts")),
        ("additive", validation == "additive" or (validation == "effect only" and screen == "contradicts")),
        ("mixed", "mixed" in (screen, validation) or screen == "contradicts"),
        ("strong", screen == validation == "supports" and _agree(beside, needed)),
        ("confirmed", screen == validation == "supports"),
        ("effect confirmed", screen == "supports" and validation == "effect only"),
        ("suggestive", "supports" in (screen, validation, *beside) or validation == "effect only"),
    )
    return next((name for name, holds in rules if holds), "unclear")


_UNDECIDED = ("missing", "unclear")


def _agree(beside: list[str], needed: int) -> bool:
    """Whether enough of proteins and patients support, and none speaks against."""
    return beside.count("supports") >= needed and not {"contradicts", "mixed"} & set(beside)
