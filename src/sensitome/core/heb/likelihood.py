"""Log-likelihoods of every item under every normal class, by matrix products.

A quadratic form yᵀ P y is linear in the products yᵢ yⱼ, so that all items under all classes are one matrix product. It
uses the noise that most items have. Items whose arms are noisier (a replicate lost, a well gone wrong) or missing
differ in few arms: theirs follow by a low-rank update, which is exact; a missing arm is the limit of infinite noise.
"""

from __future__ import annotations

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
    # The classes last, so that what is picked for an item lies together.
    by_arm = np.moveaxis(np.asarray(precision), 0, 2)
    parts: list[npt.NDArray[Any]] = [
        np.ascontiguousarray(part, dtype=kind) for part in (mean, scale, by_arm, coefficients)
    ]
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
    place, pulls = _pulls(prepared, filled, noisier)
    count = noisier.sum(axis=1)
    for number in np.unique(count[count > 0]):
        members = np.flatnonzero(count == number)
        for part in np.array_split(members, -(-len(members) // ROWS_AT_ONCE)):
            more = np.nonzero(noisier[part])[1].reshape(len(part), number)
            excess = (noise[part[:, None], more] - prepared.common[more]).astype(kind)
            pull = [pulls[place[part, arm]] for arm in more.T]
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


def _pulls(prepared: Prepared, values: FloatArray, noisier: BoolArray) -> tuple[IntArray, FloatArray]:
    """(pulls, classes) elements of P (y − m), one a noisier arm of an item, and their places (items, arms)."""
    parts = []
    for arm in range(values.shape[1]):
        row = prepared.precision[arm]
        parts.append(values[noisier[:, arm]] @ row - np.einsum("jc,cj->c", row, prepared.mean))
    place = np.cumsum(noisier.T.ravel()).reshape(noisier.T.shape).T - 1
    return place, np.concatenate(parts)


def _correction(prepared: Prepared, pull: list[FloatArray], *, more: IntArray, excess: FloatArray) -> FloatArray:
    """What noisier (or, with infinite excess, missing) arms change, one arm after the other (Sherman-Morrison).

    `more` and `excess` are (items, noisier arms), all items have as many; `pull` has one array (items, classes) an arm.
    """
    one = excess.dtype.type(1)
    number = more.shape[1]
    # The precision between these arms, changed as noise is added to one after the other.
    between = {(i, j): prepared.precision[more[:, i], more[:, j]] for i in range(number) for j in range(i, number)}
    change = np.zeros_like(pull[0])
    for i in range(number):
        finite = np.isfinite(excess[:, i])
        added = prepared.scale * np.where(finite, excess[:, i], one)[:, None]
        pivot = between[i, i] + finite.astype(excess.dtype)[:, None] / added
        step = pull[i] / pivot
        added[~finite] = one
        change += step * pull[i] - np.log(pivot * added)
        for j in range(i + 1, number):
            pull[j] = pull[j] - between[i, j] * step
            ratio = between[i, j] / pivot
            for k in range(j, number):
                between[j, k] = between[j, k] - ratio * between[i, k]
    change *= 0.5
    return np.asarray(change)
