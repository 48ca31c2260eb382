"""Screen against validation: what the screen lets expect of each candidate, and what was found."""

from __future__ import annotations

import math
import warnings

import polars as pl

from sensitome.errors import Caution, MethodError, listed
from sensitome.screen.calibration import shrink_effects
from sensitome.validation.power import Noise, replicates_needed
from sensitome.validation.tables import ValidationAgreement

__all__ = ["compare_with_screen", "expected_by_screen"]

_KEYS = ["cell_line", "treatment", "reagent", "kind"]
_EXPECTED = ["screen_effect", "expected", "expected_low", "expected_high"]


def expected_by_screen(sensitizers: pl.DataFrame) -> pl.DataFrame:
    """Interaction that the screen lets expect of every reagent: candidates were chosen because theirs was large.

    Parameters
    ----------
    sensitizers : table `sensitizers`

    Returns
    -------
    One row per cell_line × treatment × reagent × kind: `screen_effect` (as measured, log2), `expected` with
    `expected_low` and `expected_high` (after regression to the mean). A method with a prior (heb, mash, ash) has drawn
    its effects in already; those of others are drawn in by `calibration.shrink_effects`; without intervals nothing is
    expected. A reagent that lies at several places counts once, where it was tested best.

    References
    ----------
    Galton 1886, doi:10.2307/2841583; Stephens 2017, doi:10.1093/biostatistics/kxw041
    """
    drawn = ("effect", "ci_low", "ci_high")
    table = sensitizers
    if table["local_rate"].is_null().all():
        drawn = ("shrunk_effect", "shrunk_ci_low", "shrunk_ci_high")
        try:
            table = shrink_effects(sensitizers.drop("shrunk_effect"))
        except MethodError:
            table = sensitizers.with_columns(pl.lit(None, pl.Float64).alias(name) for name in drawn)
    names = dict(zip(drawn, _EXPECTED[1:], strict=True))
    return (
        table.sort(*_KEYS, "n", "q_value", "position", descending=[False] * 4 + [True, False, False], nulls_last=True)
        .unique(_KEYS, keep="first", maintain_order=True)
        .select(
            *_KEYS,
            (pl.col("effect_with_drug") - pl.col("vehicle_effect")).alias("screen_effect"),
            *(pl.col(theirs).alias(ours) for theirs, ours in names.items()),
        )
    )


def compare_with_screen(
    sensitizers: pl.DataFrame, validation: pl.DataFrame, *, noise: dict[str, Noise], power: float
) -> pl.DataFrame:
    """Put the interaction of every validated reagent beside what the screen let expect.

    Parameters
    ----------
    sensitizers : table `sensitizers`
    validation : table `validation`, tested by blocks
    noise : of each cell line, from `power.noise_of_assay`
    power : that the next validation should have

    Returns
    -------
    Table `validation_agreement`, sorted by its key. `agrees`: the validated interval meets the expected one; null where
    the screen has no such effect. `replicates_needed`: biological replicates that show the expected effect with that
    power; null where 50 are not enough, or the noise is not known.

    Warns
    -----
    Caution
        The screen does not know every reagent, arm and line of the validation.
    """
    interactions = validation.filter(pl.col("contrast").cast(pl.String) == "interaction").select(
        *_KEYS, "effect", "ci_low", "ci_high", "q_value", "n"
    )
    expected = _adopt_kind(expected_by_screen(sensitizers), interactions)
    joined = interactions.join(expected, on=_KEYS, how="left", maintain_order="left")
    _tell_unknown(joined)
    meets = (pl.col("ci_low") <= pl.col("expected_high")) & (pl.col("ci_high") >= pl.col("expected_low"))
    needed = [
        _needed(effect, noise.get(line), power) for line, effect in joined.select("cell_line", "expected").iter_rows()
    ]
    return (
        joined.with_columns(
            meets.alias("agrees"),
            pl.when(pl.col("screen_effect") != 0)
            .then(pl.col("effect").sign() == pl.col("screen_effect").sign())
            .alias("same_direction"),
            pl.Series("replicates_needed", needed, dtype=pl.Int32),
        )
        .select(ValidationAgreement.column_names())
        .sort(_KEYS)
    )


def _adopt_kind(expected: pl.DataFrame, interactions: pl.DataFrame) -> pl.DataFrame:
    """A layout without kinds means the screen's reagent of that name, where the screen has only one."""
    unsaid = interactions.filter(pl.col("kind") == "reagent")["reagent"].unique()
    known = expected.group_by("reagent").agg(pl.col("kind").n_unique().alias("kinds"))
    single = known.filter((pl.col("kinds") == 1) & pl.col("reagent").is_in(unsaid.implode()))["reagent"]
    kind = pl.when(pl.col("reagent").is_in(single.implode())).then(pl.lit("reagent")).otherwise("kind")
    return expected.with_columns(kind.alias("kind"))


def _tell_unknown(joined: pl.DataFrame) -> None:
    """Caution where names of the validation are not those of the screen."""
    unknown = joined.filter(pl.col("screen_effect").is_null())
    if unknown.height:
        first = unknown.select(pl.format("{} under {} in {}", "reagent", "treatment", "cell_line")).to_series()
        warnings.warn(
            Caution(
                "the screen does not know all that the validation tests",
                found=f"{unknown.height} of {joined.height} not there: {listed(first, last='and', most=3)}",
                next_step="Where it is the same reagent, arm or line, write it in the layout as the library and the "
                "plate list of the screen do.",
            ),
            stacklevel=2,
        )


def _needed(effect: float | None, noise: Noise | None, power: float) -> int | None:
    """Replicates for one expected effect."""
    if effect is None or noise is None or not math.isfinite(noise.cell_sd):
        return None
    return replicates_needed(
        effect, power=power, cell_sd=noise.cell_sd, well_sd=noise.well_sd, technical=noise.technical
    )
