"""Log-likelihoods of every item under every normal class, by matrix products.

A quadratic form yᵀ P y is linear in the products yᵢ yⱼ, so that all items under all classes are one matrix product. It
uses the noise that most items have. Items whose arms are noisier (a replicate lost, a well gone wrong) or missing
differ in few arms: theirs follow by a low-rank update, which is exact; a missing arm is the limit of infinite noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Prepared", "common_noise", "log_likelihood", "normal_log_likelihood", "prepare"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

#: Items whose corrections are worked out together: few enough to stay in the cache.
ROWS_AT_ONCE = 64


def common_noise(noise: FloatArray) -> FloatArray:
    """Least noise of each arm over the items.

    Parameters
    ----------
    noise : (items, arms) relative variance of each mean; inf = missing

    Returns
    -------
    (arms,)
    """
    return np.asarray(noise.min(axis=0, initial=np.inf), dtype=np.float64)


@dataclass(frozen=True)
class Prepared:
    """Classes made ready for many items: see `prepare`."""

    mean: FloatArray
    scale: FloatArray
    common: FloatArray
    precision: FloatArray
    coefficients: FloatArray


def prepare(
    *, mean: FloatArray, covariance: FloatArray, scale: FloatArray, common: FloatArray, single: bool = False
) -> Prepared:
    """Invert the covariances of all classes at the common noise.

    Parameters
    ----------
    mean : (classes, arms)
    covariance : (classes, arms, arms), without noise
    scale : (classes,); the noise variance of a class is scale × noise
    common : (arms,) from `common_noise`, finite
    single : whether likelihoods are worked out in single precision, twice as fast and good to about 1e-5

    Returns
    -------
    Prepared; its coefficients make −½ (log|Σ| + (y − m)ᵀ P (y − m)) of the monomials of y
    """
    arms = np.arange(len(common))
    total = covariance.copy()
    total[:, arms, arms] += scale[:, None] * common
    precision = np.linalg.inv(total)
    _, log_det = np.linalg.slogdet(total)
    upper, right = np.triu_indices(len(common))
    pull = np.einsum("cij,cj->ci", precision, mean)
    constant = -0.5 * (log_det + np.einsum("ci,ci->c", pull, mean))
    quadratic = precision[:, upper, right] * np.where(upper == right, -0.5, -1.0)
    coefficients = np.concatenate([quadratic, pull, constant[:, None]], axis=1)
    kind = np.float32 if single else np.float64
    parts: list[npt.NDArray[Any]] = [np.asarray(p, dtype=kind) for p in (mean, scale, precision, coefficients)]
    return Prepared(parts[0], parts[1], common, parts[2], parts[3])


def log_likelihood(prepared: Prepared, values: FloatArray, noise: FloatArray) -> FloatArray:
    """Log density of the arms of every item under every class.

    Parameters
    ----------
    prepared : the classes
    values : (items, arms); NaN = missing
    noise : (items, arms) relative noise variance, nowhere below the common one; inf where a value is missing

    Returns
    -------
    (items, classes)
    """
    kind = prepared.coefficients.dtype
    filled = np.where(np.isfinite(noise), values, 0.0)
    upper, right = np.triu_indices(values.shape[1])
    monomials = np.concatenate([filled[:, upper] * filled[:, right], filled, np.ones((len(filled), 1))], axis=1)
    answer = np.asarray(monomials.astype(kind) @ prepared.coefficients.T)
    filled = filled.astype(kind)
    noisier = noise > prepared.common
    pulls = {
        int(arm): _pull(prepared, filled[noisier[:, arm]], int(arm)) for arm in np.flatnonzero(noisier.any(axis=0))
    }
    place = np.cumsum(noisier, axis=0) - 1
    for more, members in _noisier_arms(noisier):
        for part in np.array_split(members, -(-len(members) // ROWS_AT_ONCE)):
            excess = (noise[part][:, more] - prepared.common[more]).astype(kind)
            pull = [pulls[int(arm)][:, place[part, arm]] for arm in more]
            answer[part] += _correction(prepared, pull, more=more, excess=excess)
    present = np.isfinite(noise).sum(axis=1)
    answer -= (0.5 * np.log(2 * np.pi) * present[:, None]).astype(kind)
    return answer


def normal_log_likelihood(
    values: FloatArray, noise: FloatArray, *, mean: FloatArray, covariance: FloatArray, scale: FloatArray
) -> FloatArray:
    """Do `prepare` and `log_likelihood` at once; an arm that is missing everywhere is allowed."""
    common = np.where(np.isfinite(common_noise(noise)), common_noise(noise), 1.0)
    prepared = prepare(mean=mean, covariance=covariance, scale=scale, common=common)
    return log_likelihood(prepared, values, noise)


def _noisier_arms(noisier: BoolArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Distinct non-empty sets of arms with more than the common noise, each with the items that have it."""
    kinds, which = np.unique(noisier, axis=0, return_inverse=True)
    order = np.argsort(which.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(which.reshape(-1), minlength=len(kinds)))
    for kind, members in zip(kinds, np.split(order, ends[:-1]), strict=True):
        if kind.any():
            yield np.flatnonzero(kind), members


def _pull(prepared: Prepared, values: FloatArray, arm: int) -> FloatArray:
    """(classes, items) element of P (y − m) of one arm."""
    row = prepared.precision[:, arm]
    pull = row @ values.T - np.einsum("cj,cj->c", row, prepared.mean)[:, None]
    return np.asarray(pull)


def _correction(prepared: Prepared, pull: list[FloatArray], *, more: IntArray, excess: FloatArray) -> FloatArray:
    """What noisier (or, with infinite excess, missing) arms change, one arm after the other (Sherman-Morrison).

    `pull` has one array (classes, items) for each of these arms, `excess` is (items, arms).
    """
    scale = prepared.scale[:, None]
    # The precision between these arms, per class at first, per class and item once noise has been added.
    between = {
        (i, j): prepared.precision[:, more[i], more[j], None] for i in range(len(more)) for j in range(i, len(more))
    }
    change = np.zeros_like(pull[0])
    for i in range(len(more)):
        finite = np.isfinite(excess[:, i])
        added = scale * np.where(finite, excess[:, i], excess.dtype.type(1))
        pivot = between[i, i] + finite.astype(excess.dtype) / added
        step = pull[i] / pivot
        change += step * pull[i] - np.log(pivot * np.where(finite, added, excess.dtype.type(1)))
        for j in range(i + 1, len(more)):
            pull[j] = pull[j] - between[i, j] * step
            ratio = between[i, j] / pivot
            for k in range(j, len(more)):
                between[j, k] = between[j, k] - ratio * between[i, k]
    change *= 0.5
    return np.asarray(change.T)
