"""What each seed family does together: the pattern that its members share, and how many follow it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.seeds import SHARING_GRID

__all__ = ["FamilyEvidence", "family_evidence"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


class FamilyEvidence(NamedTuple):
    """Families of two members or more, by code.

    ``code`` (families,); ``loyalty`` (families,) posterior mean of φ, the probability that a member follows;
    ``pattern`` (families, patterns) P(the family has the pattern, and members follow it), all patterns but the null.
    """

    code: IntArray
    loyalty: FloatArray
    pattern: FloatArray


def family_evidence(
    likelihood: FloatArray, weights: FloatArray, *, family: IntArray, loyalty: FloatArray
) -> FamilyEvidence:
    """Posterior of each family's pattern and loyalty, all members together.

    Parameters
    ----------
    likelihood : (items, patterns), everything else summed out, in any scale per item; pattern 0 = null
    weights : (patterns,), sum to 1
    family : (items,) codes; −1 = none
    loyalty : (grid,) weights of `seeds.SHARING_GRID`

    Returns
    -------
    FamilyEvidence

    Notes
    -----
    P(z, φ | members) ∝ π_z w_φ Π [φ L_z / Σ π L + 1 − φ]; with φ = 0 a family is a mere label and shares nothing.
    """
    codes, size = np.unique(family, return_counts=True)
    chosen = codes[(size > 1) & (codes >= 0)]
    grid = np.array(SHARING_GRID)
    means, patterns = np.zeros(len(chosen)), np.zeros((len(chosen), max(len(weights) - 1, 0)))
    for place, code in enumerate(chosen):
        own = likelihood[family == code]
        ratio = own / np.maximum(own @ weights, np.finfo(float).tiny)[:, None]
        log_joint = np.log(np.maximum(grid[:, None, None] * ratio + 1 - grid[:, None, None], 1e-300)).sum(axis=1)
        joint = np.exp(log_joint - log_joint.max()) * loyalty[:, None] * weights
        joint /= joint.sum()
        means[place] = grid @ joint.sum(axis=1)
        patterns[place] = joint[grid > 0].sum(axis=0)[1:]
    return FamilyEvidence(chosen, means, patterns)
