"""Multivariate adaptive shrinkage with a common baseline (mash): contexts of one reagent lend each other strength."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.patterns import canonical_patterns, product_patterns

__all__ = ["SharedShrinkage", "common_baseline_covariance", "mash", "sharing_covariances"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Reagents that the null component has on top of those that it wins.
NULL_COUNT = 10.0
ROUNDS = 500
CONVERGED = 1e-6
#: How alike effects are that share a pattern.
LIKENESS = 0.8
MOST_PATTERNS = 64
#: Eigenvalues of a shape below this share of its largest are taken for 0.
LEAST_EIGENVALUE = 1e-10
#: Memberships below this do not enter means and SDs.
NEGLIGIBLE = 1e-5
#: Components to which no item belongs with more than this are left out of them.
LEAST_MEMBER = 1e-4


class SharedShrinkage(NamedTuple):
    """Posterior of the interactions, each (items, contexts).

    ``mean, sd`` in log2, ``sensitizer`` = P(δ < −margin), ``antagonist`` = P(δ > margin); ``weights`` of components.
    """

    mean: FloatArray
    sd: FloatArray
    sensitizer: FloatArray
    antagonist: FloatArray
    weights: FloatArray


class _Mixed(NamedTuple):
    """Sums over the components so far."""

    mean: FloatArray
    square: FloatArray
    negative: FloatArray
    positive: FloatArray


class _Noisy(NamedTuple):
    """Items with their noise V = size · unit: ``inverse`` (units, contexts, contexts) of each different unit.

    ``which`` unit an item has, its ``size``; ``solved`` = V⁻¹ δ̂, ``square`` = δ̂ᵀ V⁻¹ δ̂, ``log_determinant`` of V.
    """

    inverse: FloatArray
    which: IntArray
    size: FloatArray
    solved: FloatArray
    square: FloatArray
    log_determinant: FloatArray


class _Turned(NamedTuple):
    """``extra`` = Λ (items, rank), ``along`` = Eᵀ Aᵀ V⁻¹ δ̂ (items, rank), ``turn`` = E (units, rank, rank)."""

    extra: FloatArray
    along: FloatArray
    turn: FloatArray


def common_baseline_covariance(relative: FloatArray, variance: FloatArray) -> FloatArray:
    """Covariance of the interactions that comes from noise, the shared vehicle included.

    Parameters
    ----------
    relative : (items, lines, arms), variance of each arm mean in units of the well variance; inf = no reading
    variance : (items,), of a single well, log2²

    Returns
    -------
    (items, contexts, contexts), contexts = lines · drugs; inf on the diagonal where an interaction is not testable

    Notes
    -----
    In a complete design with R replicates σ²/R (I + 11ᵀ) within a line, and 0 between lines.
    """
    items, lines, arms = relative.shape
    drugs = arms - 1
    answer = np.zeros((items, lines, drugs, lines, drugs))
    for line in range(lines):
        vehicle, own = relative[:, line, 0], relative[:, line, 1:]
        there = np.isfinite(own) & np.isfinite(vehicle)[:, None]
        block = np.where(there[:, :, None] & there[:, None, :], vehicle[:, None, None], 0.0)
        answer[:, line, :, line, :] = block
        for drug in range(drugs):
            answer[:, line, drug, line, drug] += np.where(there[:, drug], own[:, drug], np.inf)
    flat = answer.reshape(items, lines * drugs, lines * drugs)
    return np.asarray(flat * variance[:, None, None])


def sharing_covariances(lines: int, drugs: int, *, lone: bool = True) -> FloatArray:
    """Covariances of the components up to size: effects independent in all contexts, or alike on a set of them.

    Parameters
    ----------
    lines, drugs : of the design
    lone : with the sets that one bad well could imitate: single contexts, and all drugs of a single line

    Returns
    -------
    (components, lines · drugs, lines · drugs), largest entry 1; sets of drugs in sets of lines, or, when there are too
    many of those, single contexts, single drugs, single lines and everything
    """
    enough = (2**lines - 1) * (2**drugs - 1) <= MOST_PATTERNS
    patterns = product_patterns(lines, drugs) if enough else canonical_patterns(lines, drugs)
    if not lone:
        one_line = patterns.any(axis=2).sum(axis=1) == 1
        patterns = patterns[~(one_line & np.isin(patterns.sum(axis=(1, 2)), (1, drugs)))]
    flat = patterns.reshape(len(patterns), -1).astype(np.float64)
    alike = LIKENESS + (1 - LIKENESS) * np.eye(lines * drugs)
    shared = flat[:, :, None] * flat[:, None, :] * alike
    return np.concatenate([np.eye(lines * drugs)[None], shared]) if lone else shared


def lone_well_covariances(lines: int, drugs: int) -> FloatArray:
    """Shapes of one well that went wrong: one context, or, for a vehicle well, all drugs of a line together.

    Returns
    -------
    (lines · drugs + lines, lines · drugs, lines · drugs)
    """
    contexts = np.eye(lines * drugs)
    own = np.concatenate([contexts, np.kron(np.eye(lines), np.ones(drugs))])
    return np.asarray(own[:, :, None] * own[:, None, :])


def mash(
    effect: FloatArray,
    noise: FloatArray,
    *,
    shapes: FloatArray,
    artifacts: FloatArray | None = None,
    margin: float = 0.1,
) -> SharedShrinkage:
    """Posterior of all contexts of each item under a mixture of multivariate normals around 0.

    Parameters
    ----------
    effect : (items, contexts), log2; NaN = not testable
    noise : (items, contexts, contexts), from `common_baseline_covariance`
    shapes : (components, contexts, contexts), from `sharing_covariances`
    artifacts : (components, contexts, contexts), shapes that a well gone wrong has; what they explain is no effect
    margin : least sensitization that counts, log2

    Returns
    -------
    SharedShrinkage

    Notes
    -----
    δ ~ Σ π_kl N(0, ω_l² U_k), δ̂ ~ N(δ, V): a component for each shape U and size ω (steps of 2 between a quarter of the
    median standard error and 2 √max(δ̂² − s²)), and one without effect; EM with 10 more items for that one. Leaving
    out that V is correlated through the vehicle makes noise look like sharing.

    References
    ----------
    Urbut et al. 2019, doi:10.1038/s41588-018-0268-8
    """
    there = np.isfinite(effect) & np.isfinite(np.einsum("icc->ic", noise))
    filled = np.where(there, effect, 0.0)
    # A context that is not testable has so much noise that it says nothing.
    most = 1e6 * float(np.max(np.einsum("icc->ic", noise), where=there, initial=1.0))
    known = np.where(there[:, :, None] & there[:, None, :], np.where(np.isfinite(noise), noise, 0.0), 0.0)
    known += np.einsum("ic,cd->icd", np.where(there, 0.0, most), np.eye(effect.shape[1]))
    sizes = _sizes(filled[there], np.sqrt(np.einsum("icc->ic", known)[there]))
    wrong = shapes[:0] if artifacts is None else artifacts
    roots = [_root(shape) for shape in (*shapes, *wrong)]
    noisy = _noisy(filled, known)
    log_density = [_null_density(noisy)[:, None]]
    log_density += [_log_density(_turned(noisy, root), noisy, sizes=sizes) for root in roots]
    joined = np.concatenate(log_density, axis=1)
    density = np.exp(joined - joined.max(axis=1, keepdims=True))
    weights = _weights(density)
    membership = density * weights
    membership /= membership.sum(axis=1, keepdims=True)
    mixed = _Mixed(*np.zeros((4, *effect.shape)))
    for number, root in enumerate(roots[: len(shapes)]):
        own = membership[:, 1 + number * len(sizes) : 1 + (number + 1) * len(sizes)]
        _add(mixed, noisy, root, own, sizes=sizes, margin=margin)
    sd = np.sqrt(np.maximum(mixed.square - mixed.mean**2, 0.0))
    parts = (mixed.mean, sd, mixed.negative, mixed.positive)
    mean, spread, negative, positive = (np.where(there, part, np.nan) for part in parts)
    return SharedShrinkage(mean, spread, negative, positive, weights)


def _sizes(effect: FloatArray, error: FloatArray) -> FloatArray:
    """Sizes of the components, log2."""
    if not effect.size:
        return np.ones(1)
    low = float(np.median(error)) / 4
    excess = float((effect**2 - error**2).max())
    high = max(2 * np.sqrt(max(excess, 0.0)), 2 * low)
    return np.asarray(high * 2.0 ** -np.arange(int(np.ceil(np.log2(high / low))) + 1.0))


def _root(shape: FloatArray) -> FloatArray:
    """A with A Aᵀ = shape, (contexts, rank): a shape on few contexts has few columns."""
    size, turn = np.linalg.eigh(shape)
    kept = size > LEAST_EIGENVALUE * max(float(size.max(initial=0.0)), 1e-300)
    return np.asarray(turn[:, kept] * np.sqrt(size[kept]), dtype=np.float64)


def _noisy(effect: FloatArray, noise: FloatArray) -> _Noisy:
    """Invert the noise, once for all items whose noise is the same up to its size."""
    size = np.einsum("icc->ic", noise).min(axis=1)
    unit = np.round(noise / size[:, None, None], 9)
    place: dict[bytes, int] = {}
    which = np.array([place.setdefault(matrix.tobytes(), len(place)) for matrix in unit], dtype=np.intp)
    _, first = np.unique(which, return_index=True)
    inverse = np.linalg.inv(unit[first])
    inverse = (inverse + inverse.transpose(0, 2, 1)) / 2
    log_determinant = np.linalg.slogdet(unit[first])[1][which] + effect.shape[1] * np.log(size)
    solved = np.einsum("icd,id->ic", inverse[which], effect) / size[:, None]
    return _Noisy(inverse, which, size, solved, (effect * solved).sum(axis=1), log_determinant)


def _turned(noisy: _Noisy, root: FloatArray, items: IntArray | slice = slice(None)) -> _Turned:
    """Axes along which noise and effect of a shape A Aᵀ are independent: Aᵀ V⁻¹ A = E Λ Eᵀ."""
    extra, turn = np.linalg.eigh(root.T @ noisy.inverse @ root)
    which, size = noisy.which[items], noisy.size[items]
    along = np.einsum("ijk,ij->ik", turn[which], noisy.solved[items] @ root)
    return _Turned(np.maximum(extra, 0.0)[which] / size[:, None], along, turn)


def _null_density(noisy: _Noisy) -> FloatArray:
    """Log density (items,) without effect, up to a constant."""
    return np.asarray(-0.5 * (noisy.log_determinant + noisy.square))


def _log_density(turned: _Turned, noisy: _Noisy, *, sizes: FloatArray) -> FloatArray:
    """Log density (items, sizes) under V + ω² A Aᵀ, up to the same constant."""
    spread = 1 + sizes[None, :, None] ** 2 * turned.extra[:, None, :]
    gained = (sizes[None, :, None] * turned.along[:, None, :]) ** 2 / spread - np.log(spread)
    return np.asarray(_null_density(noisy)[:, None] + 0.5 * gained.sum(axis=2))


def _weights(density: FloatArray) -> FloatArray:
    """Maximum of the penalized likelihood by EM; the first component is the null."""
    count = density.shape[1]
    weights = np.full(count, 0.5 / max(count - 1, 1))
    weights[0] = 0.5
    for _ in range(ROUNDS):
        total = density @ weights
        after = weights * (density.T @ (1 / np.maximum(total, 1e-300)))
        after[0] += NULL_COUNT
        after /= after.sum()
        moved = float(np.abs(after - weights).max())
        weights = after
        if moved < CONVERGED:
            break
    return np.asarray(weights)


def _add(
    mixed: _Mixed,
    noisy: _Noisy,
    root: FloatArray,
    member: FloatArray,
    *,
    sizes: FloatArray,
    margin: float,
) -> None:
    """Add a shape of all sizes to the sums, for the items that may belong to it."""
    from scipy import special

    for size, weight in zip(sizes, member.T, strict=True):
        if weight.max(initial=0.0) <= LEAST_MEMBER:
            continue
        own = np.flatnonzero(weight > NEGLIGIBLE)
        turned = _turned(noisy, root, own)
        axes = root @ turned.turn
        gain = size**2 / (1 + size**2 * turned.extra)
        mean = np.einsum("icj,ij->ic", axes[noisy.which[own]], gain * turned.along)
        variance = np.einsum("icj,ij->ic", axes[noisy.which[own]] ** 2, gain)
        sd = np.sqrt(variance)
        wide = np.where(sd > 1e-12, sd, np.inf)
        below, above = (np.where(sd > 1e-12, special.ndtr((-margin + sign * mean) / wide), 0.0) for sign in (-1.0, 1.0))
        for total, part in zip(mixed, (mean, variance + mean**2, below, above), strict=True):
            total[own] += weight[own, None] * part
