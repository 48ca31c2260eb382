"""Simulate a whole screen with known truth, in any design."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import polars as pl

from sensitome.screen.simulation.library import library_layout, simulate_expression, simulate_reagents
from sensitome.screen.simulation.settings import Design, SimulationSettings
from sensitome.screen.simulation.signal import simulate_signal
from sensitome.screen.simulation.truth import (
    Truth,
    log2_viability,
    observed_effect,
    simulate_truth,
    truth_table,
)
from sensitome.tables import ROLES, Wells

__all__ = ["Simulation", "simulate_screen"]


#: Columns of a well table before normalization.
_FIRST = [name for name in Wells.column_names() if name not in ("log2_signal", "fitted", "normalized")]


@dataclass(frozen=True)
class Simulation:
    """A simulated screen and its truth.

    Parameters
    ----------
    wells : columns of `tables.Wells` before any normalization, then mimat, sequence and target of the library: what
        `read_wells` gives of its files
    library : one row a well of each library plate: library_plate, well, reagent, kind, role, control_class, mimat,
        sequence, target
    plate_list : columns of `tables.PlateList`
    expressed : target, cell_line, expressed
    truth : one row per reagent × kind × cell line × drug arm, as `truth_table` gives it
    settings : what it was made from
    seed : the chance it was made with
    """

    wells: pl.DataFrame
    library: pl.DataFrame
    plate_list: pl.DataFrame
    expressed: pl.DataFrame
    truth: pl.DataFrame
    settings: SimulationSettings
    seed: int


class _Stream(IntEnum):
    """Parts of a screen that draw on chance of their own, so that a change of one leaves the others as they are."""

    REAGENTS = 0
    EXPRESSION = 1
    LAYOUT = 2
    GENERAL = 3
    BACKGROUND = 4
    SENSITIZERS = 5
    VARIANCE = 6
    SIGNAL = 7


def simulate_screen(settings: SimulationSettings | None = None, *, seed: int) -> Simulation:
    """Simulate a screen whose truth is known.

    signal = 2^(level + batch + plate) · [f + (1 − f) 2^η] · 2^(surface + noise) + reader noise, with
    η = slope · general effect + log2 drug + interaction + background interaction, and f the floor.

    Library, truth and noise draw on chance of their own, and so does each replicate: a further replicate changes
    neither the truth nor the replicates before it.

    Parameters
    ----------
    settings : design, truth and noise; by default those of Normann et al. 2021 in two replicates
    seed : chance; the same seed gives the same screen

    Raises
    ------
    LayoutError
        The control wells do not fit on the plate.
    SettingsError
        Sensitizers are asked for that the library or the arms do not allow.

    References
    ----------
    Normann et al. 2021, doi:10.1038/s41598-021-90385-2 (design, drug effects on KPL4)

    Examples
    --------
    >>> screen = simulate_screen(seed=1)
    >>> screen.plate_list.height, screen.truth.filter("is_sensitizer")["reagent"].n_unique()
    (96, 40)
    """
    settings = settings or SimulationSettings()
    design = settings.design
    reagents = simulate_reagents(design, rng=_chance(seed, _Stream.REAGENTS))
    expressed = simulate_expression(
        reagents["target"],
        lines=design.lines,
        share=settings.effects.expressed,
        kept=settings.effects.expressed_kept,
        rng=_chance(seed, _Stream.EXPRESSION),
    )
    streams = [_chance(seed, part) for part in (_Stream.GENERAL, _Stream.BACKGROUND, _Stream.SENSITIZERS)]
    truth = simulate_truth(settings, reagents, expressed=expressed, streams=streams)
    layout = library_layout(reagents, design=design, rng=_chance(seed, _Stream.LAYOUT))
    signal = _signal(settings, truth, layout, seed=seed)
    plate_list = _plate_list(design, layout["library_plate"].unique(maintain_order=True).to_list())
    return Simulation(
        wells=_wells(plate_list, layout, signal),
        library=layout.drop("row", "column", "index"),
        plate_list=plate_list.drop("order"),
        expressed=expressed,
        truth=truth_table(truth, reagents, design=design),
        settings=settings,
        seed=seed,
    )


def _chance(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _signal(settings: SimulationSettings, truth: Truth, layout: pl.DataFrame, *, seed: int) -> np.ndarray:
    """Counts (plates, wells), plates in the order of the plate list: replicate, line, arm, library plate."""
    design, effects = settings.design, settings.effects
    count = truth.total.shape[0]
    # After the reagents stand the things that lie in wells without one.
    roles = {role: count + i for i, role in enumerate(("negative", "positive", "untreated", "empty"))}
    alone = log2_viability(design)
    controls = np.stack([alone, alone + effects.positive_effect, alone + effects.untreated_effect])
    seen = observed_effect(np.concatenate([truth.total, controls]), floor=effects.floor)
    expected = np.concatenate([seen, np.full((1, *alone.shape), -np.inf)])
    index = layout["index"].to_numpy()
    role = layout["role"].replace_strict(roles, default=-1, return_dtype=pl.Int64).to_numpy()
    thing = np.where(index >= 0, index, role).reshape(-1, design.plate_wells).astype(np.intp)
    variance = np.ones(len(expected))
    if settings.noise.variance_df is not None:
        df = settings.noise.variance_df
        variance[:count] = df / _chance(seed, _Stream.VARIANCE).chisquare(df, size=count)
    signal = np.stack(
        [
            simulate_signal(
                expected,
                thing=thing,
                samples=count,
                variance=variance,
                settings=settings,
                rng=_chance(seed, _Stream.SIGNAL, replicate),
            )
            for replicate in range(design.replicates)
        ]
    )
    return signal.reshape(-1, design.plate_wells)


def _plate_list(design: Design, library_plates: list[str]) -> pl.DataFrame:
    """One row a plate, with the place of its library plate as `order` within the library."""
    rows = [
        {
            "plate": f"{line}_{arm.name}_{library_plate}_r{replicate}",
            "library_plate": library_plate,
            "cell_line": line,
            "treatment": arm.name,
            "replicate": replicate,
            "batch": f"{line}-{replicate}",
            "order": order,
        }
        for replicate in range(1, design.replicates + 1)
        for line in design.lines
        for arm in design.arms
        for order, library_plate in enumerate(library_plates)
    ]
    plates = pl.DataFrame(rows, schema_overrides={"replicate": pl.Int16})
    file = pl.col("plate").str.replace_all(r"[^\w.-]", "_") + ".csv"
    return plates.select("plate", (pl.lit("plates/") + file).alias("file"), pl.exclude("plate"))


def _wells(plate_list: pl.DataFrame, layout: pl.DataFrame, signal: np.ndarray) -> pl.DataFrame:
    """Wells as a reader gives them, plate by plate and row by row."""
    plates, wells = signal.shape
    of_plate = np.repeat(np.arange(plates), wells)
    in_layout = (plate_list["order"].to_numpy()[:, None] * wells + np.arange(wells)).ravel()
    plate_columns = plate_list.select(
        "plate",
        pl.int_range(pl.len(), dtype=pl.Int32).alias("order"),
        "library_plate",
        "cell_line",
        "treatment",
        "replicate",
        "batch",
    )[of_plate]
    well_columns = layout.with_columns(pl.col("role").cast(pl.Enum(ROLES))).drop("library_plate", "index")[in_layout]
    reading = pl.Series("signal", signal.ravel()).fill_nan(None)
    flags = pl.when(pl.col("signal").is_null()).then(pl.lit("no_reading")).otherwise(pl.lit("")).alias("flags")
    return (
        plate_columns.hstack(well_columns)
        .with_columns(reading)
        .with_columns(flags)
        .select(*_FIRST, "mimat", "sequence", "target")
    )
