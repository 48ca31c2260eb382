"""From screen to validation: what to expect of a candidate, and how many replicates it takes to see it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["expected_after_selection", "interaction_power", "regression_table", "replicates_needed"]

FloatArray = npt.NDArray[np.float64]


def expected_after_selection(
    effect: FloatArray, standard_error: FloatArray, *, population: FloatArray, population_error: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Expected true effect of candidates that were chosen because theirs was large: regression to the mean.

    Parameters
    ----------
    effect, standard_error : (candidates,), as the screen measured them, log2
    population, population_error : (reagents,), the same of all reagents of the screen: what effects are like before
        choosing

    Returns
    -------
    expected, low, high : (candidates,), mean and 95 % interval of the true effect, log2

    Notes
    -----
    True effects ~ N(μ, τ²) with τ² = max(0, var(population) − mean(error²)); the expected effect is
    μ + (x − μ) τ²/(τ² + s²). Under heavier tails than the normal a large effect is drawn in too much: take it as
    cautious.

    References
    ----------
    Galton 1886, doi:10.2307/2841583; Efron & Morris 1975, doi:10.1080/01621459.1975.10479864
    """
    known = np.isfinite(population) & np.isfinite(population_error)
    center = float(np.mean(population[known]))
    between = max(float(np.var(population[known], ddof=1) - np.mean(population_error[known] ** 2)), 0.0)
    within = standard_error**2
    share = between / np.maximum(between + within, 1e-300)
    spread = 1.959963984540054 * np.sqrt(share * within)
    expected = center + (effect - center) * share
    return expected, expected - spread, expected + spread


def interaction_power(
    effect: float, *, replicates: int, cell_sd: float, well_sd: float, technical: int = 3, alpha: float = 0.05
) -> float:
    """Power of the interaction test of one reagent, its variance known from all reagents.

    Parameters
    ----------
    effect : true interaction, log2
    replicates, technical : biological and technical replicates
    cell_sd : log2 SD between biological replicates of one reagent × arm
    well_sd : log2 SD of technical wells
    alpha : two-sided level

    Returns
    -------
    Power, 0 … 1

    Notes
    -----
    Four cells make an interaction: its variance is 4 (σ_cell² + σ_well²/technical)/n. With one reagent the test has
    n − 1 degrees of freedom; with a variance pooled over G reagents (G − 1)(n − 1), here taken as 8 (n − 1).

    >>> round(interaction_power(-0.73, replicates=3, cell_sd=0.15, well_sd=0.1), 2)
    0.96
    """
    from scipy import stats

    df = 8 * (replicates - 1)
    error = np.sqrt(4 * (cell_sd**2 + well_sd**2 / technical) / replicates)
    critical = stats.t.ppf(1 - alpha / 2, df)
    shift = effect / error
    return float(stats.nct.sf(critical, df, shift) + stats.nct.cdf(-critical, df, shift))


def replicates_needed(
    effect: float, *, power: float, cell_sd: float, well_sd: float, technical: int = 3, alpha: float = 0.05
) -> int | None:
    """Biological replicates that an interaction of this size needs; None when 50 are not enough.

    >>> replicates_needed(-0.5, power=0.8, cell_sd=0.15, well_sd=0.1)
    4
    """
    for replicates in range(2, 51):
        own = interaction_power(
            effect, replicates=replicates, cell_sd=cell_sd, well_sd=well_sd, technical=technical, alpha=alpha
        )
        if own >= power:
            return replicates
    return None


def regression_table(screen: pl.DataFrame, validation: pl.DataFrame) -> pl.DataFrame:
    """Screen against validation for the interaction of every candidate.

    Parameters
    ----------
    screen : columns cell_line, reagent, treatment, `effect`, `standard_error` of all reagents of the screen, log2
    validation : table `validation`

    Returns
    -------
    One row per cell_line × reagent × treatment of the validation: `screen_effect`, `expected`, `expected_low`,
    `expected_high` (after regression to the mean), `effect`, `ci_low`, `ci_high` (validated), `agrees`: the validated
    interval meets the expected one; null where the screen has no such effect
    """
    keys = ["cell_line", "treatment"]
    parts = []
    for _, own in screen.sort(*keys, "reagent").group_by(keys, maintain_order=True):
        effect, error = (own[name].fill_null(np.nan).to_numpy() for name in ("effect", "standard_error"))
        expected, low, high = expected_after_selection(effect, error, population=effect, population_error=error)
        parts.append(
            own.select(*keys, "reagent", pl.col("effect").alias("screen_effect")).with_columns(
                pl.Series("expected", expected).fill_nan(None),
                pl.Series("expected_low", low).fill_nan(None),
                pl.Series("expected_high", high).fill_nan(None),
            )
        )
    own = validation.filter(pl.col("contrast").cast(pl.String) == "interaction").select(
        *keys, "reagent", "effect", "ci_low", "ci_high"
    )
    joined = own.join(pl.concat(parts), on=[*keys, "reagent"], how="left", maintain_order="left")
    meets = (pl.col("ci_low") <= pl.col("expected_high")) & (pl.col("ci_high") >= pl.col("expected_low"))
    return joined.with_columns(meets.alias("agrees")).sort("cell_line", "reagent", "treatment")
