"""Contrasts of the arms of one cell line, with biological replicates as blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.blocked import BlockFit, fit_blocks, fit_mixed, mixed_contrasts
from sensitome.core.dunnett import control_loadings, dunnett_p
from sensitome.core.moderated import squeeze_variance, variance_prior
from sensitome.core.t_tests import TTest, t_of
from sensitome.validation.cells import Cells
from sensitome.validation.settings import ValidationSettings

__all__ = ["FamilyTest", "block_families"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: A mixed model of more wells than this is fitted reagent by reagent.
MOST_WELLS = 250


@dataclass(frozen=True)
class FamilyTest:
    """All reagents of one arm against its control.

    Parameters
    ----------
    arm, contrast : the arm; "reagent" or "interaction"
    test : each (reagents,), log2
    p_dunnett : (reagents,)
    points : difference of the viabilities and its interval, each (reagents,), fractions; NaN for interactions
    n : (reagents,), biological replicates
    mixed : (reagents,), whether the mixed model was needed
    """

    arm: str
    contrast: str
    test: TTest
    p_dunnett: FloatArray
    points: tuple[FloatArray, FloatArray, FloatArray]
    n: IntArray
    mixed: BoolArray


@dataclass(frozen=True)
class _Exact:
    """Tests of complete reagents; NaN where one is not complete."""

    test: TTest
    loadings: FloatArray


def block_families(groups: Sequence[Cells], *, settings: ValidationSettings, vehicle: str) -> list[FamilyTest]:
    """Test reagents against the control in every arm, and the interaction in every arm with drug.

    Parameters
    ----------
    groups : from `line_cells`: the reagents that lie on the same plates, each group with the control of its plates
    settings : variance and level
    vehicle : the arm without drug

    Returns
    -------
    One family per arm × contrast, its reagents in the order of the groups; variances are moderated over all groups
    """
    arms = range(len(groups[0].arms))
    own = [(arm, None) for arm in arms]
    families = _families(groups, own, settings)
    points = _exact([c.viability[arm] for arm, _ in own for c in groups], _complete(groups, own), settings)
    per_arm = [points[start : start + len(groups)] for start in range(0, len(points), len(groups))]
    families = [_with_points(family, exact) for family, exact in zip(families, per_arm, strict=True)]
    if vehicle in groups[0].arms:
        base = groups[0].arms.index(vehicle)
        families += _families(groups, [(arm, base) for arm in arms if arm != base], settings)
    return families


def _complete(groups: Sequence[Cells], pairs: Sequence[tuple[int, int | None]]) -> list[BoolArray]:
    """Which groups are complete, for every pair of arms and plate group."""
    return [
        cells.complete[arm] if base is None else cells.complete[arm] & cells.complete[base]
        for arm, base in pairs
        for cells in groups
    ]


def _families(
    groups: Sequence[Cells], pairs: Sequence[tuple[int, int | None]], settings: ValidationSettings
) -> list[FamilyTest]:
    """Test each arm (or difference of arms): complete reagents exactly, the others by a mixed model."""
    cases = [(cells, arm, base) for arm, base in pairs for cells in groups]
    values = [cells.log2[arm] if base is None else cells.log2[arm] - cells.log2[base] for cells, arm, base in cases]
    complete = _complete(groups, pairs)
    parts = [
        _one_group(case, value, own, exact, settings.level)
        for case, value, own, exact in zip(cases, values, complete, _exact(values, complete, settings), strict=True)
    ]
    families = []
    for number, (arm, base) in enumerate(pairs):
        own = parts[number * len(groups) : (number + 1) * len(groups)]
        test = TTest(*(np.concatenate(fields) for fields in zip(*(part[0] for part in own), strict=True)))
        loadings, n, mixed = (np.concatenate([part[i] for part in own]) for i in (1, 2, 3))
        nothing = np.full(len(mixed), np.nan)
        families.append(
            FamilyTest(
                groups[0].arms[arm],
                "reagent" if base is None else "interaction",
                test,
                _dunnett(groups, test, loadings),
                (nothing, nothing, nothing),
                n,
                mixed,
            )
        )
    return families


def _dunnett(groups: Sequence[Cells], test: TTest, loadings: FloatArray) -> FloatArray:
    """Dunnett's p among the reagents that share a comparator."""
    shared = np.concatenate([np.full(len(cells.reagents), cells.comparator) for cells in groups])
    p = np.full(len(shared), np.nan)
    for name in np.unique(shared):
        own = shared == name
        p[own] = dunnett_p(test.t[own], test.df[own], loadings[own])
    return p


def _one_group(
    case: tuple[Cells, int, int | None], value: FloatArray, own: BoolArray, exact: _Exact, level: float
) -> tuple[TTest, FloatArray, IntArray, BoolArray]:
    """Tests, loadings, replicates and whether by a mixed model, of the reagents of one plate group."""
    there = np.isfinite(value).sum(axis=1)
    mixed = ~(own[1:] & own[0]) & (there[1:] > 0) & (there[0] > 0)
    test = exact.test
    if mixed.any():
        test = _merge(test, _mixed_tests(*case, mixed, level), mixed)
    return test, np.where(np.isfinite(exact.loadings), exact.loadings, np.sqrt(0.5)), there[1:], mixed


def _with_points(family: FamilyTest, parts: Sequence[_Exact]) -> FamilyTest:
    """Add the differences of the viabilities."""
    low, middle, high = (
        np.concatenate([getattr(part.test, name) for part in parts]) for name in ("ci_low", "effect", "ci_high")
    )
    return replace(family, points=(middle, low, high))


def _exact(values: Sequence[FloatArray], complete: Sequence[BoolArray], settings: ValidationSettings) -> list[_Exact]:
    """Tests of the complete groups of every family, their variances moderated over all families.

    Parameters
    ----------
    values : (groups, blocks) of each family
    complete : (groups,) of each family
    """
    fits: list[BlockFit | None] = []
    for value, own in zip(values, complete, strict=True):
        usable = own[0] and own.sum() > 1 and value.shape[1] > 1
        fits.append(fit_blocks(value[own][None]) if usable else None)
    variances = _variances(fits, settings)
    return [
        _contrasts(value, own, fit, variance, settings.level)
        for value, own, fit, variance in zip(values, complete, fits, variances, strict=True)
    ]


def _variances(
    fits: list[BlockFit | None], settings: ValidationSettings
) -> list[tuple[FloatArray, FloatArray, float] | None]:
    """(variance, degrees of freedom) of every group of every fit, and the most degrees that a contrast can have."""
    usable = [fit for fit in fits if fit is not None and fit.df > 0]
    if not usable:
        return [None] * len(fits)
    variance = np.concatenate([fit.squares[0] / fit.df for fit in usable])
    # Freed of the blocks a group's residuals keep n − 1 degrees of freedom each, all together fewer.
    df = np.concatenate([np.full(fit.squares.shape[1], fit.blocks - 1.0) for fit in usable])
    whole = sum(fit.df * fit.squares.shape[1] for fit in usable)
    if settings.variance == "moderated":
        prior = variance_prior(variance, df)
        variance, df = squeeze_variance(variance, df, prior=prior), np.minimum(df + prior.df, whole)
    answers: list[tuple[FloatArray, FloatArray, float] | None] = []
    start = 0
    for fit in fits:
        if fit is None or not fit.df > 0:
            answers.append(None)
            continue
        own = slice(start, start + fit.squares.shape[1])
        start = own.stop
        family = float(fit.df * fit.squares.shape[1])
        if settings.variance == "pooled":
            pooled = fit.squares.sum() / family
            answers.append((np.full(fit.squares.shape[1], pooled), np.full(fit.squares.shape[1], family), family))
        else:
            answers.append((variance[own], df[own], float(df[own][0]) if settings.variance == "moderated" else family))
    return answers


def _contrasts(
    value: FloatArray,
    own: BoolArray,
    fit: BlockFit | None,
    variances: tuple[FloatArray, FloatArray, float] | None,
    level: float,
) -> _Exact:
    """Each group minus the control."""
    reagents = len(own) - 1
    effect = _mean(value)[1:] - _mean(value)[0]
    error, df, loadings = (np.full(reagents, np.nan) for _ in range(3))
    if fit is not None and variances is not None:
        variance, freedom, most = variances
        place = np.flatnonzero(own)[1:] - 1
        mean_variance = variance / fit.blocks
        own_error = mean_variance[1:] + mean_variance[0]
        parts = mean_variance[1:] ** 2 / freedom[1:] + mean_variance[0] ** 2 / freedom[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            satterthwaite = np.where(parts > 0, own_error**2 / parts, most)
            loadings[place] = control_loadings(mean_variance[1:], mean_variance[:1])
        error[place] = np.sqrt(own_error)
        # What is known of all groups is known once: two variances drawn towards it have not twice its freedom.
        df[place] = np.minimum(satterthwaite, most)
    return _Exact(t_of(effect, error, df, level=level), loadings)


def _mean(value: FloatArray) -> FloatArray:
    """Mean over blocks, NaN left out."""
    there = np.isfinite(value)
    count = there.sum(axis=1)
    return np.asarray(np.where(there, value, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan))


def _merge(exact: TTest, mixed: TTest, where: BoolArray) -> TTest:
    """Results of the mixed model in the places that needed it."""
    return TTest(*(np.where(where, ours, theirs) for theirs, ours in zip(exact, mixed, strict=True)))


def _mixed_tests(cells: Cells, arm: int, base: int | None, mixed: BoolArray, level: float) -> TTest:
    """Mixed-model contrasts of the reagents that are not complete; the whole family together where it is small."""
    arms = [arm] if base is None else [base, arm]
    wells = cells.readings.filter(pl.col("arm").is_in(arms))
    wanted = np.flatnonzero(mixed) + 1
    fields = np.full((7, len(mixed)), np.nan)
    together = wells.height <= MOST_WELLS
    for group in [None] if together else wanted.tolist():
        groups = wanted if group is None else np.array([group])
        own = wells if group is None else wells.filter(pl.col("group").is_in([0, group]))
        fields[:, groups - 1] = np.array(_fit_family(own, arms, groups, level))
    return TTest(*fields)


def _fit_family(wells: pl.DataFrame, arms: list[int], groups: IntArray, level: float) -> TTest:
    """REML fit of the wells of one or two arms, and the contrast of each wanted group with the control."""
    arm = (wells["arm"].to_numpy() == arms[-1]).astype(np.intp)
    group = wells["group"].to_numpy().astype(np.intp)
    block = wells["replicate"].to_numpy().astype(np.intp)
    cell, place = np.unique(np.stack([group, arm]), axis=1, return_inverse=True)
    place = place.reshape(-1)
    design = np.zeros((len(place), cell.shape[1]))
    design[np.arange(len(place)), place] = 1.0
    factors = [_levels(block, arm), _levels(block, group, arm)]
    if len(arms) == 2:
        factors.insert(1, _levels(block, group))
    known = {(int(g), int(a)): column for column, (g, a) in enumerate(cell.T)}
    contrasts = np.full((len(groups), cell.shape[1]), 0.0)
    possible = np.ones(len(groups), dtype=bool)
    last = 1 if len(arms) == 2 else int(arm[0])
    for row, wanted in enumerate(groups.tolist()):
        for sign, key in _signs(wanted, last, two=len(arms) == 2):
            if key in known:
                contrasts[row, known[key]] += sign
            else:
                possible[row] = False
    # One well a cell: the readings cannot tell cells from wells.
    if wells.height == len(np.unique(factors[-1])):
        factors = factors[:-1]
    if len(np.unique(block)) < 2 or wells.height <= design.shape[1] + 1:
        return TTest(*np.full((7, len(groups)), np.nan))
    test = mixed_contrasts(fit_mixed(wells["log2"].to_numpy(), design, factors), contrasts, level=level)
    return TTest(*(np.where(possible, values, np.nan) for values in test))


def _signs(group: int, arm: int, *, two: bool) -> list[tuple[float, tuple[int, int]]]:
    """The cells of a contrast with their signs."""
    own = [(1.0, (group, arm)), (-1.0, (0, arm))]
    return [*own, (-1.0, (group, 0)), (1.0, (0, 0))] if two else own


def _levels(*factors: IntArray) -> IntArray:
    """Numbers of the combinations of several factors."""
    _, number = np.unique(np.stack(factors), axis=1, return_inverse=True)
    return number.reshape(-1).astype(np.intp)
