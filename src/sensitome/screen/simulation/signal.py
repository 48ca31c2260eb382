"""Signals of a simulated screen: the truth seen through plates, places, wells and a reader."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.plates import FORMATS
from sensitome.screen.simulation.settings import Noise, SimulationSettings, Surface

__all__ = ["plate_surfaces", "simulate_signal"]

FloatArray = npt.NDArray[np.float64]


def simulate_signal(
    expected: FloatArray,
    *,
    thing: npt.NDArray[np.intp],
    samples: int,
    variance: FloatArray,
    settings: SimulationSettings,
    rng: np.random.Generator,
) -> FloatArray:
    """Readings of one replicate.

    signal = 2^(level + batch + plate + expected + transfection + surface + well) + reader; whole counts.

    Parameters
    ----------
    expected : (things, lines, arms) log2 effect of every reagent or control, floor included; −inf = no cells
    thing : (library plates, wells) row of `expected` that lies in each well, row by row of the plate
    samples : how many of the things, from the first, are reagents of the library
    variance : (things,) factor on the variance of its wells
    settings : noise and place effects
    rng : chance

    Returns
    -------
    (lines, arms, library plates, wells) counts; NaN = no reading
    """
    noise = settings.noise
    things, lines, arms = expected.shape
    shape = (lines, arms, *thing.shape)
    batch = noise.batch_sd * rng.standard_normal((lines, 1, 1, 1))
    plate = noise.plate_sd * rng.standard_normal((*shape[:3], 1))
    seen = expected + noise.transfection_sd * rng.standard_normal((things, lines, 1))
    log2_signal = np.moveaxis(seen, 0, -1)[:, :, thing] + (noise.level + batch + plate)
    wells = settings.design.plate_wells
    log2_signal += plate_surfaces(shape[:3], wells=wells, surface=settings.surface, rng=rng).reshape(shape)
    log2_signal += _well_noise(noise, shape, rng=rng) * np.sqrt(variance)[thing]
    fallible = noise.control_faults | (thing < samples)
    wrong = fallible & (rng.random(shape) < noise.artifact_share)
    log2_signal += wrong * (noise.artifact_mean + noise.artifact_sd * rng.standard_normal(shape))
    counts = np.exp2(log2_signal) + noise.reader_background + noise.reader_sd * rng.standard_normal(shape)
    counts = np.maximum(np.rint(counts), 1.0)
    counts[fallible & _missing(noise, shape, wells=wells, rng=rng)] = np.nan
    return counts


def _well_noise(noise: Noise, shape: tuple[int, ...], *, rng: np.random.Generator) -> FloatArray:
    """Draw noise of wells at the SD of the settings, normal or Student's t."""
    if noise.well_df is None:
        return noise.well_sd * rng.standard_normal(shape)
    return np.asarray(noise.well_sd * np.sqrt(1 - 2 / noise.well_df) * rng.standard_t(noise.well_df, size=shape))


def _missing(noise: Noise, shape: tuple[int, ...], *, wells: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Wells without a reading: lone ones, and whole rows of some plates."""
    plate = FORMATS[wells]
    lone = rng.random(shape) < noise.missing_share
    lost = rng.random((*shape[:3], 1)) < noise.lost_row_share
    row = rng.integers(plate.rows, size=(*shape[:3], 1))
    return np.asarray(lone | (lost & (row == np.arange(wells) // plate.columns)))


def plate_surfaces(shape: tuple[int, ...], *, wells: int, surface: Surface, rng: np.random.Generator) -> FloatArray:
    """Place effects: edge loss, tilt, bowl, stripes and bumps, partly common to all plates of a batch.

    Parameters
    ----------
    shape : plates; the first axis is the batch
    wells : wells of a plate
    surface : sizes of the effects
    rng : chance

    Returns
    -------
    (*shape, rows, columns) log2
    """
    rows, columns = FORMATS[wells].rows, FORMATS[wells].columns
    if surface.scale == 0:
        return np.zeros((*shape, rows, columns))
    common = _surfaces(shape[0], rows, columns, surface=surface, rng=rng)
    own = _surfaces(int(np.prod(shape)), rows, columns, surface=surface, rng=rng).reshape(*shape, rows, columns)
    common = common.reshape(shape[0], *(1,) * (len(shape) - 1), rows, columns)
    share = surface.batch_share
    return np.asarray(surface.scale * (np.sqrt(share) * common + np.sqrt(1 - share) * own))


def _surfaces(count: int, rows: int, columns: int, *, surface: Surface, rng: np.random.Generator) -> FloatArray:
    """Draw surfaces (count, rows, columns) of the full size."""
    vertical, horizontal = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)[None, :]
    step = 16 / rows  # distances are those of a 384-well plate, whatever the format
    down, across = np.arange(rows)[:, None], np.arange(columns)[None, :]
    distance = np.minimum(np.minimum(down, rows - 1 - down), np.minimum(across, columns - 1 - across)) * step

    def scaled(size: float) -> FloatArray:
        return size * rng.standard_normal((count, 1, 1))

    loss = np.abs(surface.edge_mean + scaled(surface.edge_sd))
    drawn = -loss * np.exp(-distance / surface.edge_reach)
    drawn = drawn + scaled(surface.gradient_sd) * vertical + scaled(surface.gradient_sd) * horizontal
    drawn += scaled(surface.bowl_sd) * ((vertical**2 + horizontal**2) / 2 - 1 / 3)
    drawn += surface.row_stripe_sd * rng.standard_normal((count, rows, 1))
    drawn += surface.column_stripe_sd * rng.standard_normal((count, 1, columns))
    for _ in range(surface.bumps):
        width = rng.uniform(*surface.bump_width, size=(count, 1, 1)) / step
        middle_down = rng.uniform(0, rows - 1, size=(count, 1, 1))
        middle_across = rng.uniform(0, columns - 1, size=(count, 1, 1))
        # A bump is round, so it is a product of one factor along the rows and one along the columns.
        height = scaled(surface.bump_sd) * np.exp(-(((down - middle_down) / width) ** 2) / 2)
        drawn += height * np.exp(-(((across - middle_across) / width) ** 2) / 2)
    return drawn
