"""Effects that plates share: of a position, of a batch, and of a spread that differs between plates.

All kernels take cubes that are already normalized per plate, give NaN where nothing can be estimated, and never change
their inputs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = ["adjust_variance", "batch_effects", "well_effects"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


def well_effects(cube: FloatArray, mask: BoolArray, *, group: IntArray | None = None, fewest: int = 3) -> FloatArray:
    """Effect of each position, as the median over the plates of a group.

    Parameters
    ----------
    cube : (plates, rows, columns), normalized per plate, so that plates are comparable; NaN = no reading
    mask : (plates, rows, columns); wells that define the effects, usually the samples
    group : (plates,), codes of the groups of plates that share position effects; None = all plates are one group
    fewest : readings that an effect needs at least

    Returns
    -------
    (plates, rows, columns): the effect of the position in the plate's group, to be subtracted; NaN where the group has
    fewer than `fewest` readings at that position

    Notes
    -----
    Only for plates of **different** libraries (or with scattered layouts). Where all plates of a group carry the same
    library plate, a position holds one reagent, the median over plates *is* the effect of that reagent, and taking it
    away takes the result away. The step that calls this must refuse such groups. The individual-well correction of
    SPAWN is this with one group and ``fewest=1`` (the peer's default).

    References
    ----------
    Murie et al. 2015, PMID 25190066; Makarenkov et al. 2007, doi:10.1093/bioinformatics/btm145
    """
    counting = np.where(mask & np.isfinite(cube), cube, np.nan)
    effects = np.full(cube.shape, np.nan)
    codes = np.zeros(len(cube), dtype=np.intp) if group is None else group
    for code in np.unique(codes):
        plates = codes == code
        center = robust.nan_median(counting[plates], axis=0)
        enough = (~np.isnan(counting[plates])).sum(axis=0) >= fewest
        effects[plates] = np.where(enough, center, np.nan)
    return effects


def batch_effects(cube: FloatArray, mask: BoolArray, *, batch: IntArray) -> FloatArray:
    """Median of all wells of the plate's batch.

    Parameters
    ----------
    cube : (plates, rows, columns); NaN = no reading
    mask : (plates, rows, columns); wells that define the effects, usually the samples
    batch : (plates,), codes 0 … batches − 1; a batch within a cell line and treatment is a code of its own

    Returns
    -------
    (plates,): the median of the plate's batch, to be subtracted; NaN where the batch has no well that counts

    Notes
    -----
    Batches must be balanced over treatments, or be taken within them: a median over a batch that holds one treatment
    only is the effect of that treatment.
    """
    values, codes = _by_plate(cube, mask, batch)
    return robust.grouped_median(values, codes)[batch]


def adjust_variance(cube: FloatArray, mask: BoolArray, *, group: IntArray) -> FloatArray:
    """Readings divided by the scaled MAD of their group of plates, without centering anew.

    Parameters
    ----------
    cube : (plates, rows, columns), normalized per plate; NaN = no reading
    mask : (plates, rows, columns); wells that define the spread, usually the samples
    group : (plates,), codes 0 … groups − 1: each plate its own, the batches of a replicate, or one for each replicate

    Returns
    -------
    (plates, rows, columns), in scaled MADs of the group; NaN plates where the group has fewer than 2 wells that count
    or its MAD is 0

    Notes
    -----
    x / (1.4826 median|s − median(s)|): cellHTS2's varianceAdjust "byPlate", "byBatch" and "byExperiment"
    (tests/oracle/plate384, rtol 1e-12).
    """
    values, codes = _by_plate(cube, mask, group)
    spread = robust.grouped_mad(values, codes)[group]
    return np.where(np.isfinite(cube), cube, np.nan) / np.where(spread > 0, spread, np.nan)[:, None, None]


def _by_plate(cube: FloatArray, mask: BoolArray, group: IntArray) -> tuple[FloatArray, IntArray]:
    """All wells in one line (NaN where they do not count), with the group of each."""
    values = np.where(mask & np.isfinite(cube), cube, np.nan).ravel()
    return values, np.repeat(group, cube.shape[1] * cube.shape[2])
