"""What the hierarchical model learned, as rows, and from rows back to what a further screen can reuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.heb.classes import Kind
from sensitome.core.heb.model import Sensitization
from sensitome.core.heb.prior import general_levels
from sensitome.screen.effects import EffectCube
from sensitome.screen.tables import SensitizationFit

__all__ = ["MEANINGS", "fit_table", "level_of_general", "pattern_text"]

BoolArray = npt.NDArray[np.bool_]

#: Quantity → what it says, in the order of the table.
MEANINGS: dict[str, str] = {
    "reagents": "reagents with a reading",
    "sensitizers": "share of the reagents that sensitize anywhere, none at all included",
    "p_nothing": "probability that no reagent sensitizes",
    "noise_sd": "SD of a single well, log2",
    "background_sd": "SD of small interactions in a class of reagents, log2; a quarter of noise_sd with one replicate",
    "wrong_wells": "share of the wells that went wrong",
    "family_loyalty": "mean probability that a reagent follows its seed family (φ); 0 = seeds were not used",
    "log_likelihood": "logarithm of the likelihood",
    "prior_weight": "how much an earlier screen counted; 0 = not at all, 1 = alone",
    "slope": "how strongly a general effect shows in the arm, relative to the vehicle",
    "pattern_share": "share of the sensitizers with the pattern",
    "size_share": "share of the sensitizers with the typical interaction, log2",
    "null_weight": "prior probability of no interaction",
    "sensitizer_weight": "prior probability of the pattern with the size, fitted, before a rate of 0 is considered",
    "antagonist_weight": "prior probability of the opposite pattern with the size",
    "general_weight": "prior probability of the SD of a general effect, its correlation between lines, and the noise",
}
_OF_KIND = {Kind.NULL: "null_weight", Kind.SENSITIZER: "sensitizer_weight", Kind.ANTAGONIST: "antagonist_weight"}
_Row = tuple[str, str, str, str, str, float]


def pattern_text(pattern: BoolArray, lines: Sequence[str], drugs: Sequence[str]) -> str:
    """Contexts of a pattern (lines, drugs) as text.

    >>> pattern_text(np.array([[True, False], [True, True]]), ["A", "B"], ["T", "L"])
    'A: T; B: T; B: L'
    """
    return "; ".join(f"{lines[i]}: {drugs[j]}" for i, j in zip(*np.nonzero(pattern), strict=True))


def level_of_general(sd: float, correlation: float, noise: float) -> str:
    """Class of a general effect and of noise as text.

    >>> level_of_general(0.32, 0.7, 2.0)
    'SD 0.32, correlation 0.7, noise × 2'
    """
    return f"SD {sd:g}, correlation {correlation:g}, noise × {noise:g}"


def fit_table(found: Sensitization | None, *, cube: EffectCube, prior_weight: float = 0.0) -> pl.DataFrame:
    """Table `sensitization_fit` of a fit.

    Parameters
    ----------
    found : the fit; None of a test that learns nothing
    cube : that was fitted
    prior_weight : how much an earlier screen counted

    Returns
    -------
    Rows in the order of `MEANINGS`; contexts and classes as in the model
    """
    rows = []
    if found is not None:
        kinds = cube.items["kind"].unique().sort().to_list()
        rows = [
            *_numbers(found, kinds, prior_weight),
            *_contexts(found, cube.lines, cube.arms),
            *_classes(found, cube.lines, cube.drugs),
        ]
    schema = {name: SensitizationFit.columns()[name].dtype for name in SensitizationFit.column_names()[:-1]}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.with_columns(
        pl.col("quantity").replace_strict(MEANINGS, default=None, return_dtype=pl.String).alias("meaning")
    )


def _numbers(found: Sensitization, kinds: Sequence[str], prior_weight: float) -> Iterator[_Row]:
    """What the whole screen, or each class of its reagents, has one of."""
    values = {
        "reagents": float(np.isfinite(found.main).any(axis=1).sum()),
        "sensitizers": found.hit_rate,
        "p_nothing": found.p_nothing,
        "noise_sd": float(np.sqrt(found.variance)),
        "wrong_wells": found.wrong_rate,
        "family_loyalty": found.sharing,
        "log_likelihood": found.log_likelihood,
        "prior_weight": prior_weight,
    }
    for name, value in values.items():
        yield name, "", "", "", "", value
    for kind, variance in zip(kinds, found.background, strict=True):
        yield "background_sd", "", "", "", kind, float(np.sqrt(variance))


def _contexts(found: Sensitization, lines: Sequence[str], arms: Sequence[str]) -> Iterator[_Row]:
    """Slopes of the arms, shares of patterns and sizes."""
    for (i, j), value in np.ndenumerate(found.slopes):
        yield "slope", lines[i], arms[j], "", "", float(value)
    for pattern, share in zip(found.patterns, found.pattern_weights, strict=True):
        yield "pattern_share", "", "", pattern_text(pattern, lines, arms[1:]), "", float(share)
    learned = found.learned
    hits = learned.kind == Kind.SENSITIZER
    total = float(learned.interaction[hits].sum())
    for size in np.unique(learned.size[hits]):
        share = float(learned.interaction[hits & (learned.size == size)].sum()) / max(total, 1e-300)
        yield "size_share", "", "", "", f"{size:g}", share


def _classes(found: Sensitization, lines: Sequence[str], drugs: Sequence[str]) -> Iterator[_Row]:
    """Weights of all classes."""
    learned = found.learned
    for kind, size, pattern, weight in zip(
        learned.kind, learned.size, learned.pattern, learned.interaction, strict=True
    ):
        level = "" if kind == Kind.NULL else f"{size:g}"
        yield _OF_KIND[Kind(kind)], "", "", pattern_text(pattern, lines, drugs), level, float(weight)
    for level_of, weight in zip(general_levels(), learned.general, strict=True):
        yield "general_weight", "", "", "", level_of_general(*level_of), float(weight)
