"""From screen to validation: what to expect of a candidate, and how many replicates it takes to see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.frames import smallest
from sensitome.validation.cells import Cells, line_cells
from sensitome.validation.tables import ValidationPower

__all__ = [
    "EFFECTS",
    "REPLICATES",
    "Noise",
    "expected_after_selection",
    "interaction_power",
    "noise_of_assay",
    "power_table",
    "replicates_needed",
    "residual_of",
]

FloatArray = npt.NDArray[np.float64]

#: Sizes of the interaction (log2) and biological replicates of the table of power.
EFFECTS = (0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
REPLICATES = (2, 3, 4, 5, 6, 8, 10, 12)
#: Who needs more replicates needs another assay.
MOST = 50
#: Points of the integral over the estimate of the variance.
_NODES = 100


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
    from scipy import special

    df = 8 * (replicates - 1)
    error = np.sqrt(4 * (cell_sd**2 + well_sd**2 / technical) / replicates)
    critical = special.stdtrit(df, 1 - alpha / 2)
    shift = effect / error
    # The noncentral t as a mean over its denominator: exact to 1e-5, and it has digits however far out.
    node, weight = _gauss()
    spread = np.sqrt(2 * special.gammaincinv(df / 2, (node + 1) / 2) / df)
    found = special.ndtr(shift - critical * spread) + special.ndtr(-shift - critical * spread)
    return float(np.clip((weight / 2 * found).sum(), 0.0, 1.0))


@cache
def _gauss() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on −1 … 1."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return node, weight


def replicates_needed(
    effect: float, *, power: float, cell_sd: float, well_sd: float, technical: int = 3, alpha: float = 0.05
) -> int | None:
    """Biological replicates that an interaction of this size needs; None when `MOST` are not enough.

    >>> replicates_needed(-0.5, power=0.8, cell_sd=0.15, well_sd=0.1)
    4
    """
    most = interaction_power(
        effect, replicates=MOST, cell_sd=cell_sd, well_sd=well_sd, technical=technical, alpha=alpha
    )
    if most < power:
        return None
    for replicates in range(2, MOST + 1):
        own = interaction_power(
            effect, replicates=replicates, cell_sd=cell_sd, well_sd=well_sd, technical=technical, alpha=alpha
        )
        if own >= power:
            return replicates
    return None


class Noise(NamedTuple):
    """How much an assay varies.

    Parameters
    ----------
    cell_sd : log2 SD between biological replicates of one reagent × arm, freed of what the replicate shares
    well_sd : log2 SD of technical wells
    technical : wells of one reagent, arm and replicate, the usual number
    """

    cell_sd: float
    well_sd: float
    technical: int


def noise_of_assay(wells: pl.DataFrame) -> dict[str, Noise]:
    """Noise of the assay in every cell line, from its own replicates.

    Parameters
    ----------
    wells : from `normalize_validation`

    Returns
    -------
    Cell line → Noise; `cell_sd` is NaN with one biological replicate, `well_sd` 0 with one well of each

    Notes
    -----
    σ_well² is pooled within reagent × arm × plate. The residual of the means of reagent × arm × replicate, freed of
    arm × replicate and reagent × arm, has variance σ_cell² + σ_well²/technical; incomplete reagents are left out.
    """
    cell = ["cell_line", "reagent", "kind", "treatment", "replicate"]
    usable = wells.filter(pl.col("role").is_in(["sample", "negative"]) & pl.col("log2_viability").is_not_null())
    answer = {}
    for line in usable["cell_line"].unique().sort().to_list():
        own = usable.filter(pl.col("cell_line") == line)
        within = own.group_by(*cell, "plate").agg(
            pl.col("log2_viability").var().alias("variance"), (pl.len() - 1).alias("df")
        )
        within = within.filter(pl.col("df") > 0).sort(*cell, "plate")
        df = int(within["df"].sum())
        well = float((within["variance"] * within["df"]).sum()) / df if df else 0.0
        counts = own.filter(pl.col("role") == "sample").group_by(cell).len()["len"]
        technical = int(smallest(counts.mode()) or 1)
        residual, _ = residual_of(line_cells(own))
        between = residual - well / technical
        answer[line] = Noise(math.sqrt(max(between, 0.0)) if residual >= 0 else residual, math.sqrt(well), technical)
    return answer


def power_table(noise: Mapping[str, Noise]) -> pl.DataFrame:
    """Power of a next validation for sizes of the interaction and numbers of biological replicates.

    Parameters
    ----------
    noise : of each cell line

    Returns
    -------
    Table `validation_power`, sorted by its key; empty without noise
    """
    rows = [
        {
            "cell_line": line,
            "effect": effect,
            "replicates": replicates,
            "power": interaction_power(
                effect,
                replicates=replicates,
                cell_sd=own.cell_sd,
                well_sd=own.well_sd,
                technical=own.technical,
            ),
            "cell_sd": own.cell_sd,
            "well_sd": own.well_sd,
            "technical": own.technical,
        }
        for line, own in noise.items()
        if own.cell_sd + own.well_sd > 0
        for effect in EFFECTS
        for replicates in REPLICATES
    ]
    schema = dict.fromkeys(("effect", "power", "cell_sd", "well_sd"), pl.Float64)
    whole = dict.fromkeys(("replicates", "technical"), pl.Int32)
    return (
        pl.DataFrame(rows, schema={"cell_line": pl.String, **schema, **whole})
        .select(ValidationPower.column_names())
        .sort("cell_line", "effect", "replicates")
    )


def residual_of(groups: Sequence[Cells]) -> tuple[float, float]:
    """Mean square of reagent × arm × replicate after arm × replicate and reagent × arm, and its degrees of freedom.

    Parameters
    ----------
    groups : from `line_cells`: reagents of one plate stand together, so that what a plate shares is no noise of theirs

    Returns
    -------
    variance (log2²; NaN with one replicate), degrees of freedom
    """
    squares, df = 0.0, 0
    for cells in groups:
        for values, complete in zip(cells.log2, cells.complete, strict=True):
            whole = values[complete]
            if whole.shape[0] < 2 or whole.shape[1] < 2:
                continue
            left = whole - whole.mean(axis=0) - whole.mean(axis=1, keepdims=True) + whole.mean()
            squares += float((left**2).sum())
            df += (whole.shape[0] - 1) * (whole.shape[1] - 1)
    return squares / df if df else float("nan"), float(df)
