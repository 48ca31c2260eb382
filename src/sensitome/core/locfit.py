"""Robust local regression of plates as in the R package locfit, which cellHTS2 uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sensitome.core._cells import Cells, Shape
from sensitome.core._local_fits import (
    Geometry,
    LocalFits,
    exponents,
    monomials,
    products_of,
    surfaces,
)
from sensitome.core._loess_geometry import plate_places
from sensitome.errors import MethodError

__all__ = ["locfit_surface"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Fits of the robust form; the weights of the last come from the residuals of the one before.
ROBUST_FITS = 4


def locfit_surface(
    signal: FloatArray,
    defines_fit: BoolArray,
    *,
    nn: float = 0.7,
    h: float = 0.0,
    degree: int = 2,
    scale: bool = False,
    robust: bool = True,
) -> FloatArray:
    """Smooth surface of each plate by locfit, for all of its wells.

    Parameters
    ----------
    signal : (plates, rows, columns), any unit; NaN = no reading
    defines_fit : (plates, rows, columns) or (rows, columns); the wells that are fitted, where they have a reading
    nn : share of the fitted wells in each neighborhood; 0 for none
    h : smallest bandwidth, in wells (in standard deviations with `scale`); with `nn=0` the bandwidth itself
    degree : 1 or 2, of the local polynomial in column and row
    scale : measure distances in standard deviations of column and row instead of wells
    robust : weight wells by the residuals of the last fit, four fits in all, as `locfit.robust`

    Returns
    -------
    (plates, rows, columns), unit of the signal. NaN: all wells of a plate that has fewer fitted wells than one more
    than the terms of the polynomial, or fitted wells in one row or column only, or a corner of a cell out of reach of
    all wells. Wells outside the fitted rows and columns get a value however far it is extrapolated: see
    `sensitome.core.loess.extrapolated`; a small fixed `h` can leave any sensible range there.

    Raises
    ------
    MethodError
        The degree is not 1 or 2, or neither `nn` nor `h` is positive.

    Notes
    -----
    Bandwidth: the distance to the floor(n nn)-th nearest fitted well, at least h; weights (1 - (d/b)³)³. Value and
    gradient are fitted at the corners of cells that are halved until they are shorter than 0.8 bandwidths, and blended
    by bicubic Hermite polynomials, after a polynomial of the whole plate is taken off; it is added back. Robust weights
    are max(0, 1 - (e/6s)²)², s the median of the absolute residuals e.
    Equal to locfit 1.5-9.7 (`locfit(y ~ lp(column, row, …), lfproc = locfit.robust)`) within 1e-6
    (tests/oracle/plate384).

    References
    ----------
    Loader 1999, Local Regression and Likelihood, doi:10.1007/b98858

    Examples
    --------
    >>> tilted = np.add.outer(np.arange(8.0), np.arange(12.0))[np.newaxis]
    >>> fit = locfit_surface(tilted, np.ones((8, 12), dtype=bool))
    >>> bool(np.allclose(fit, tilted))
    True
    """
    if degree not in (1, 2):
        raise MethodError("locfit of this degree is not supported", found=degree, expected="1 or 2")
    if not (nn > 0 or h > 0):
        raise MethodError("locfit has no bandwidth", found=f"nn = {nn}, h = {h}", expected="one of them above 0")
    plates, rows, columns = signal.shape
    values = signal.reshape(plates, rows * columns)
    fitted = np.broadcast_to(defines_fit, signal.shape).reshape(values.shape) & np.isfinite(values)
    result = surfaces(
        values,
        fitted,
        geometry=_Geometries(plate_places(rows, columns), nn, h, exponents(2, degree), scale, readouts={}),
        rule="eigenvalues",
        fits=ROBUST_FITS if robust else 1,
        reweight=_bisquare,
    )
    return result.reshape(signal.shape)


def _bisquare(size: FloatArray, middle: FloatArray) -> FloatArray:
    """Robust weights (plates, fitted)."""
    return np.asarray(np.maximum(1 - (size / (6 * middle)) ** 2, 0) ** 2)


@dataclass(frozen=True)
class _Geometries:
    """Makes the geometry of a pattern of fitted wells; keeps the readouts of the cells met so far."""

    place: FloatArray
    nn: float
    h: float
    powers: list[tuple[int, ...]]
    scale: bool
    readouts: dict[Shape, tuple[FloatArray, FloatArray]]

    def __call__(self, fitted: BoolArray) -> Geometry | None:
        """Geometry of a pattern (wells,); None when it cannot be fitted."""
        wells = np.flatnonzero(fitted)
        data = self.place[wells]
        if len(wells) < len(self.powers) + 1 or np.ptp(data, axis=0).min() == 0:
            return None
        unit = data.std(axis=0, ddof=1).tolist() if self.scale else [1.0, 1.0]
        cells = Cells(data, (unit[0], unit[1]), int(len(wells) * self.nn + 1e-12), self.h)
        corners = cells.start()
        shape = cells.shape()
        if shape not in self.readouts:
            self.readouts[shape] = self._readout(cells, corners)
        points, readout = self.readouts[shape]
        basis = monomials(self._unit(data), self.powers)
        final = LocalFits(
            kernel=np.vstack([cells.kernel(), np.ones((1, len(wells)))]),
            basis=basis,
            products=products_of(basis, self.powers),
            points=np.vstack([points, self._unit(data.mean(axis=0, keepdims=True))]),
            powers=self.powers,
            readout=readout,
            direct=False,
        )
        steps = replace(final, readout=readout[wells])
        there, order = np.ones(len(wells), dtype=bool), np.arange(len(self.place))
        return Geometry(wells, there, steps, final, order, np.zeros(len(self.place), dtype=bool))

    def _unit(self, points: FloatArray) -> FloatArray:
        """Points in coordinates that run from -1 to 1 over the plate."""
        return np.asarray(points / self.place.max(axis=0))

    def _readout(self, cells: Cells, corners: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Fitted vertices, and (wells, terms × points) from the coefficients there and of the whole plate."""
        blend = cells.readout(self.place, corners)
        vertices = self._unit(np.array([cells.points[number] for number in cells.fitted]))
        half = self.place.max(axis=0)
        slopes = [monomials(vertices, self.powers, derivative=axis) / half[axis] for axis in (0, 1)]
        terms = np.stack([monomials(vertices, self.powers), *slopes])
        readout = np.empty((len(self.place), len(self.powers), len(vertices) + 1))
        readout[:, :, :-1] = np.einsum("wvp,pkv->wkv", blend, terms)
        # The last point is the polynomial of the whole plate: what the cells would take off it is added back.
        whole = monomials(self._unit(self.place), self.powers).T
        readout[:, :, -1] = whole - readout[:, :, :-1].sum(axis=2)
        return vertices, readout.reshape(len(self.place), -1)
