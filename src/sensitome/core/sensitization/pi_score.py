"""RNAinteract's π-score: what is left of a reading after the reagent's and the treatment's own effect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.moderated import fit_linear, moderated_t
from sensitome.core.sensitization.contrasts import ContextTest, Contrasts, unanswered

__all__ = ["alternating_medians", "pi_score"]

FloatArray = npt.NDArray[np.float64]

ALTERNATIONS = 20


def alternating_medians(values: FloatArray) -> FloatArray:
    """Interaction of rows and columns: the reading minus both main effects, fitted by alternating medians.

    Parameters
    ----------
    values : (rows, columns), log scale; NaN = no reading

    Returns
    -------
    (rows, columns), π = D − row − column; NaN where D is

    Notes
    -----
    Start at half of the medians; 20 times: row = median over columns of (D − column), column = median over rows of
    (D − row), as RNAinteract.

    References
    ----------
    Horn et al. 2011, doi:10.1038/nmeth.1581
    """
    row = 0.5 * robust.nan_median(values, axis=1)
    column = 0.5 * robust.nan_median(values, axis=0)
    for _ in range(ALTERNATIONS):
        row = robust.nan_median(values - column[None, :], axis=1)
        column = robust.nan_median(values - row[:, None], axis=0)
    return np.asarray(values - row[:, None] - column[None, :])


def pi_score(screen: Contrasts, *, level: float = 0.95) -> ContextTest:
    """π of every drug arm, with limma's moderated t over the replicates.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more; all arms of a line and replicate are one matrix
    level : coverage of the intervals

    Returns
    -------
    ContextTest; effect = mean π of the drug arm: what differs from the *median arm* of the line, not from the vehicle

    Notes
    -----
    A reagent that acts in half of the arms or more moves its own median: such a sensitizer is seen as an antagonist of
    the other arms. With two arms π is half of the interaction.

    References
    ----------
    Horn et al. 2011, doi:10.1038/nmeth.1581
    """
    items, lines, arms, replicates = screen.values.shape
    pi = np.full(screen.values.shape, np.nan)
    for line, replicate in np.ndindex(lines, replicates):
        pi[:, line, :, replicate] = alternating_medians(screen.values[:, line, :, replicate])
    fit = fit_linear(pi.reshape(-1, replicates), np.ones((replicates, 1)))
    if not (fit.df > 0).any():
        return unanswered(screen.effect)
    test = moderated_t(fit, level=level)

    def drugs(values: FloatArray) -> FloatArray:
        return np.asarray(values[:, 0].reshape(items, lines, arms)[:, :, 1:])

    nothing = np.full(screen.effect.shape, np.nan)
    return ContextTest(
        drugs(test.effect),
        drugs(test.standard_error),
        drugs(test.ci_low),
        drugs(test.ci_high),
        drugs(test.t),
        drugs(test.p_value),
        nothing,
    )
