"""Effects of modulator × drug screens: alone, with the drug, and what the drug changes.

A screen is a cube (items, lines, arms, replicates) of log2 effects, 0 = plate-typical and negative = fewer living
cells; arm 0 is the vehicle; NaN = no reading. A *context* is a line with a drug arm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = [
    "ArmSummary",
    "Interactions",
    "ReplicateQuality",
    "interactions",
    "replicate_quality",
    "replicate_variance",
    "summarize_arms",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Scale from the median of |normal| to its SD.
NORMAL_MEDIAN = 1.482602218505602


class ReplicateQuality(NamedTuple):
    """What the replicates of each arm are worth.

    ``values`` (items, lines, arms, replicates) with discordant wells set to NaN; ``discordant`` of the same shape marks
    them; ``inflation`` (items, lines, arms) ≥ 1 is the factor on the variance of the mean of an arm whose replicates
    disagree and where nothing says which is right.
    """

    values: FloatArray
    discordant: BoolArray
    inflation: FloatArray


class ArmSummary(NamedTuple):
    """Sufficient statistics of the arms.

    ``mean`` (items, lines, arms), NaN without a reading; ``wells`` their number and ``inflation``, of the same shape;
    ``squares`` (items,) residual sum of squares within arms, ``df`` (items,) its degrees of freedom.
    """

    mean: FloatArray
    wells: IntArray
    inflation: FloatArray
    squares: FloatArray
    df: IntArray


class Interactions(NamedTuple):
    """Effects in log2 units; shapes (items, lines, drug arms), NaN where not testable.

    ``main`` is (items, lines), the effect without drug; ``with_drug`` the effect in the drug arm; ``interaction`` their
    difference; ``pairs`` the number of replicates that have both (0 = difference of means). ``covariance`` (items,
    lines, drug arms, drug arms) is that of the interactions in units of the well variance: 2/R on the diagonal and 1/R
    beside it in a complete design, because the vehicle is shared.
    """

    main: FloatArray
    with_drug: FloatArray
    interaction: FloatArray
    pairs: IntArray
    covariance: FloatArray


def replicate_variance(values: FloatArray) -> float:
    """Variance of a single well, robust and pooled over all arms with two or more readings.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2

    Returns
    -------
    log2²; NaN when no arm has two readings

    Notes
    -----
    Residuals from the arm mean times √(n / (n − 1)) have the variance of a well; its root is 1.4826 times the median of
    their absolute values.
    """
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    residual = values - robust.nan_mean(values, axis=-1)[..., None]
    scaled = np.abs(residual) * np.sqrt(count / np.maximum(count - 1, 1))
    usable = scaled[np.isfinite(scaled) & (count > 1)]
    return float((NORMAL_MEDIAN * np.median(usable)) ** 2) if usable.size else np.nan


def replicate_quality(values: FloatArray, *, variance: float, limit: float = 6.0) -> ReplicateQuality:
    """Keep one discordant well from making an effect.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2
    variance : of a single well, log2², as from `replicate_variance`; NaN (one replicate) leaves everything as it is
    limit : SDs by which a well differs from the others before it counts as discordant; near 4 sound wells are lost and
        the variance comes out too small

    Returns
    -------
    ReplicateQuality

    Notes
    -----
    With three readings or more, the one farthest from the others is dropped when it lies beyond the limit and the
    others lie together (range within half the limit). Where two readings disagree, or where several do, the variance
    of the mean is multiplied by s²/σ², for two readings (x₁ − x₂)² / 2σ².
    """
    discordant = np.zeros(values.shape, dtype=bool)
    inflation = np.ones(values.shape[:3])
    if not variance > 0:
        return ReplicateQuality(values, discordant, inflation)
    sd = float(np.sqrt(variance))
    count = np.isfinite(values).sum(axis=-1)
    discordant = _odd_one_out(values, count, sd=sd, limit=limit)
    kept = np.where(discordant, np.nan, values)
    left = np.isfinite(kept).sum(axis=-1)
    own = robust.nan_sd(kept, axis=-1)
    spread = _range(kept)
    apart = (left > 1) & (spread > limit * np.sqrt(2.0) * sd)
    inflation = np.where(apart, np.maximum(own**2 / variance, 1.0), 1.0)
    return ReplicateQuality(kept, discordant, inflation)


def summarize_arms(quality: ReplicateQuality) -> ArmSummary:
    """Means of the arms, and the spread within them that says how noisy an item is.

    Parameters
    ----------
    quality : from `replicate_quality`

    Returns
    -------
    ArmSummary; arms with an inflated variance give nothing to the residual sum of squares: their quarrel is already
    in the inflation
    """
    values = quality.values
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    mean = robust.nan_mean(np.where(there, values, np.nan), axis=-1)
    residual = np.where(there, values - mean[..., None], 0.0)
    counted = (count > 1) & (quality.inflation <= 1)
    squares = np.where(counted, (residual**2).sum(axis=-1), 0.0).sum(axis=(1, 2))
    df = np.where(counted, count - 1, 0).sum(axis=(1, 2))
    return ArmSummary(mean, count.astype(np.intp), quality.inflation, squares, df.astype(np.intp))


def interactions(values: FloatArray) -> Interactions:
    """Main effect, effect with drug and interaction of every item in every line and drug arm.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; arm 0 = vehicle; the wells that count

    Returns
    -------
    Interactions

    Notes
    -----
    δ = x(drug) − x(vehicle), averaged over the replicates that have both, which cancels what a transfection has in
    common; where no replicate has both, the difference of the means. On the log scale δ = 0 is Bliss independence, and
    2^δ is the viability of the combination as a share of what Bliss expects (doi:10.1111/j.1744-7348.1939.tb06990.x).
    """
    there = np.isfinite(values)
    clean = np.where(there, values, np.nan)
    main = robust.nan_mean(clean[:, :, 0], axis=-1)
    with_drug = robust.nan_mean(clean[:, :, 1:], axis=-1)
    paired = there[:, :, 1:] & there[:, :, :1]
    pairs = paired.sum(axis=-1)
    difference = robust.nan_mean(clean[:, :, 1:] - clean[:, :, :1], axis=-1)
    interaction = np.where(pairs > 0, difference, with_drug - main[:, :, None])
    covariance = _unit_covariance(there, paired)
    possible = np.isfinite(interaction)
    covariance = np.where(possible[..., :, None] & possible[..., None, :], covariance, np.nan)
    return Interactions(main, with_drug, interaction, pairs.astype(np.intp), covariance)


def _unit_covariance(there: BoolArray, paired: BoolArray) -> FloatArray:
    """Covariance of the interactions for a well variance of 1: each is a weighted sum of wells."""
    drug, vehicle = there[:, :, 1:], np.broadcast_to(there[:, :, :1], there[:, :, 1:].shape)
    no_pair = ~paired.any(axis=-1, keepdims=True)
    on_drug = _even_weights(np.where(no_pair, drug, paired))
    on_vehicle = _even_weights(np.where(no_pair, vehicle, paired))
    shared = np.einsum("ilar,ilbr->ilab", on_vehicle, on_vehicle)
    own = np.einsum("ilar,ilar->ila", on_drug, on_drug)
    return np.asarray(shared + own[..., :, None] * np.eye(own.shape[-1]), dtype=np.float64)


def _even_weights(used: BoolArray) -> FloatArray:
    """1/n for each of the n wells used."""
    return np.asarray(used / np.maximum(used.sum(axis=-1, keepdims=True), 1), dtype=np.float64)


def _odd_one_out(values: FloatArray, count: IntArray, *, sd: float, limit: float) -> BoolArray:
    """The well that lies far from all others of its arm while those lie together; at most one per arm."""
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=-1, keepdims=True)
    others = np.maximum(count[..., None] - 1, 1)
    distance = np.abs(values - (total - values) / others) / np.sqrt(1 + 1 / others)
    far = np.where(np.isfinite(distance), distance, -1.0)
    odd = np.arange(values.shape[-1]) == far.argmax(axis=-1)[..., None]
    together = _range(np.where(odd, np.nan, values)) <= 0.5 * limit * np.sqrt(2.0) * sd
    return np.asarray(odd & (far > limit * sd) & (count >= 3)[..., None] & together[..., None], dtype=np.bool_)


def _range(values: FloatArray) -> FloatArray:
    """Largest minus smallest reading of each arm; −inf without one."""
    there = np.isfinite(values)
    high = np.where(there, values, -np.inf).max(axis=-1, initial=-np.inf)
    low = np.where(there, values, np.inf).min(axis=-1, initial=np.inf)
    return np.asarray(high - low, dtype=np.float64)
