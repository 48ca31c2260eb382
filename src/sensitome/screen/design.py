"""Planning the next screen: what it would find, how many calls would be false, how many plates it takes."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Caution, MethodError
from sensitome.screen.sensitization import test_sensitization
from sensitome.screen.sensitization_methods import sensitization_method
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.screen.simulation.library import CONTROLS, simulate_expression, simulate_reagents
from sensitome.screen.simulation.scoring import score_against_truth
from sensitome.screen.simulation.settings import Noise, SimulationSettings
from sensitome.screen.simulation.truth import log2_viability, observed_effect, simulate_truth, truth_table
from sensitome.settings import Treatments

__all__ = ["PlannedScreen", "count_plates", "plan_screen", "simulate_scores"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PlannedScreen:
    """Scores of a simulated screen and its truth: what `simulate_scores` gives."""

    scores: pl.DataFrame
    truth: pl.DataFrame
    expressed: pl.DataFrame
    targets: pl.DataFrame
    families: pl.DataFrame
    treatments: Treatments


def plan_screen(
    settings: SimulationSettings,
    *,
    method: str = "heb",
    replicates: Sequence[int] = (1, 2, 3),
    vehicle_replicates: Sequence[int | None] = (None,),
    sizes: Sequence[float] = (0.5, 0.75),
    screens: int = 20,
    seed: int = 20210526,
    choices: SensitizationSettings | None = None,
) -> pl.DataFrame:
    """Power and false-discovery rate of planned designs, from simulated screens.

    Parameters
    ----------
    settings : design, truth and noise; `pilot.estimate_noise(wells).applied(settings)` has the noise of a pilot
    method : a test of sensitization
    replicates : biological replicates to compare
    vehicle_replicates : plates of the vehicle to compare; None = as many as of the drugs. For D drug arms √D times as
        many as of each drug spend the plates best
    sizes : true interactions to compare, log2
    screens : simulated screens of each design; the same truths for all numbers of replicates
    seed : chance
    choices : of the test

    Returns
    -------
    One row per replicates × vehicle_replicates × size: plates, screens, calls, recall, recall_se, false_share,
    false_share_se (over contexts; se = Monte-Carlo standard error) and candidate_recall. Designs that the method
    refuses have nulls and the reason in ``refused``.

    Notes
    -----
    Screens are simulated as scores after normalization: plate levels and place effects are taken to be gone, and what
    they leave behind belongs into the well SD.
    """
    sensitization_method(method)
    rows: list[dict[str, object]] = []
    for size, count, vehicle in itertools.product(sizes, replicates, vehicle_replicates):
        own = settings.changed({"design.replicates": count, "effects.size": size})
        plates = count_plates(own, vehicle_replicates=vehicle)
        row: dict[str, object] = {
            "replicates": count,
            "vehicle_replicates": vehicle or count,
            "size": size,
            "plates": plates,
        }
        try:
            found = [
                _one_screen(own, method=method, vehicle=vehicle, seed=seed + turn, choices=choices)
                for turn in range(screens)
            ]
            rows.append(row | _summary(found) | {"refused": None})
        except MethodError as error:
            rows.append(row | {"screens": 0, "refused": str(error)})
    numbers = ["calls", "recall", "recall_se", "false_share", "false_share_se", "candidate_recall"]
    schema = {
        **dict.fromkeys(["replicates", "vehicle_replicates"], pl.Int32),
        "size": pl.Float64,
        **dict.fromkeys(["plates", "screens"], pl.Int32),
        **dict.fromkeys(numbers, pl.Float64),
        "refused": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def count_plates(settings: SimulationSettings, *, vehicle_replicates: int | None = None) -> int:
    """Plates that a design takes.

    Parameters
    ----------
    settings : design; each kind of reagents fills library plates of its own
    vehicle_replicates : plates of the vehicle for each library plate and line; None = as many as of the drugs

    >>> count_plates(SimulationSettings())
    96
    """
    design = settings.design
    library = simulate_reagents(design, rng=np.random.default_rng(0))["library_plate"].n_unique()
    vehicle = vehicle_replicates or design.replicates
    return library * len(design.lines) * (vehicle + (len(design.arms) - 1) * design.replicates)


def simulate_scores(settings: SimulationSettings, *, seed: int, vehicle_replicates: int | None = None) -> PlannedScreen:
    """Simulate normalized scores, without plates: fast, for planning.

    Parameters
    ----------
    settings : design, truth and noise; plate, batch and surface are taken to be normalized away
    seed : chance
    vehicle_replicates : of the vehicle, when they differ from those of the drugs

    Returns
    -------
    PlannedScreen; scores with a negative control of each class

    Notes
    -----
    x = log2 viability relative to the arm + transfection (shared by the arms of a replicate) + well noise, with the
    artifacts and missing wells of the settings; then each context is centered at its median.
    """
    design = settings.design
    streams = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part,))) for part in range(6)]
    reagents = simulate_reagents(design, rng=streams[0])
    expressed = simulate_expression(
        reagents["target"],
        lines=design.lines,
        share=settings.effects.expressed,
        kept=settings.effects.expressed_kept,
        rng=streams[1],
    )
    truth = simulate_truth(settings, reagents, expressed=expressed, streams=streams[2:5])
    alone = observed_effect(log2_viability(design), floor=settings.effects.floor)
    effect = observed_effect(truth.total, floor=settings.effects.floor) - alone
    most = max(design.replicates, vehicle_replicates or design.replicates)
    values = _noisy(effect, settings.noise, replicates=most, rng=streams[5])
    values[:, :, 1:, design.replicates :] = np.nan
    values[:, :, :1, vehicle_replicates or design.replicates :] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # arms without a replicate
        values -= np.nanmedian(values, axis=0)
    return PlannedScreen(
        scores=_scores(values, reagents, settings),
        truth=truth_table(truth, reagents, design=design),
        expressed=expressed,
        targets=reagents.select("reagent", "kind", "target"),
        families=reagents.select("reagent", "kind", "seed_family"),
        treatments=Treatments(
            vehicle=design.arms[0].name,
            combinations={arm.name: arm.drugs for arm in design.arms if len(arm.drugs) > 1},
        ),
    )


def _noisy(effect: FloatArray, noise: Noise, *, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Readings (items, lines, arms, replicates) of effects (items, lines, arms)."""
    items, lines, arms = effect.shape
    shape = (items, lines, arms, replicates)
    variance = np.ones(items)
    if noise.variance_df is not None:
        variance = np.asarray(noise.variance_df / rng.chisquare(noise.variance_df, size=items), dtype=np.float64)
    if noise.well_df is None:
        well = rng.standard_normal(shape)
    else:
        well = np.asarray(rng.standard_t(noise.well_df, size=shape) * np.sqrt(1 - 2 / noise.well_df))
    values = np.asarray(effect[..., None] + noise.well_sd * np.sqrt(variance)[:, None, None, None] * well)
    values += noise.transfection_sd * rng.standard_normal((items, lines, 1, replicates))
    wrong = rng.random(shape) < noise.artifact_share
    values += wrong * (noise.artifact_mean + noise.artifact_sd * rng.standard_normal(shape))
    values[rng.random(shape) < noise.missing_share] = np.nan
    return values


def _scores(values: FloatArray, reagents: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    """Table `scores` of readings, with quiet negative controls."""
    design = settings.design
    contexts = pl.DataFrame({"cell_line": list(design.lines)}).join(
        pl.DataFrame({"treatment": [arm.name for arm in design.arms]}), how="cross", maintain_order="left_right"
    )
    names = [f"score_r{number}" for number in range(1, values.shape[-1] + 1)]
    flat = values.reshape(-1, values.shape[-1])
    columns = [pl.Series(name, flat[:, i]).fill_nan(None) for i, name in enumerate(names)]
    samples = (
        reagents.select("reagent", "kind", pl.format("{}:{}", "library_plate", "reagent").alias("position"))
        .join(contexts, how="cross", maintain_order="left_right")
        .with_columns(*columns, pl.lit("sample").alias("role"), pl.lit(None, pl.String).alias("control_class"))
    )
    controls = pl.DataFrame({"reagent": [name for name, _ in CONTROLS], "kind": [kind for _, kind in CONTROLS]})
    quiet = controls.with_columns(position=pl.lit("controls"), role=pl.lit("negative"), control_class="kind").join(
        contexts, how="cross", maintain_order="left_right"
    )
    quiet = quiet.with_columns(pl.lit(0.0).alias(name) for name in names)
    table = pl.concat([samples, quiet.select(samples.columns)])
    return table.with_columns(
        score=pl.mean_horizontal(names),
        n=pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int32) for name in names).cast(pl.Int32),
    )


def _one_screen(
    settings: SimulationSettings, *, method: str, vehicle: int | None, seed: int, choices: SensitizationSettings | None
) -> pl.DataFrame:
    """How one simulated screen comes out."""
    planned = simulate_scores(settings, seed=seed, vehicle_replicates=vehicle)
    record = sensitization_method(method)
    own = choices or SensitizationSettings(block=vehicle in (None, settings.design.replicates))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        found = test_sensitization(
            planned.scores,
            treatments=planned.treatments,
            method=method,
            settings=own,
            expressed=planned.expressed,
            targets=planned.targets,
            families=planned.families if record.name == "heb" else None,
        )
    return score_against_truth(found, planned.truth, called="is_sensitizer")


def _summary(found: Sequence[pl.DataFrame]) -> dict[str, float | int | None]:
    """Means over screens with their Monte-Carlo errors."""
    contexts = pl.concat([table.filter(pl.col("level") == "context") for table in found])
    candidates = pl.concat([table.filter(pl.col("level") == "candidate") for table in found])
    recall, false_share = (contexts[name].cast(pl.Float64) for name in ("recall", "false_share"))
    root = np.sqrt(len(found))

    def mean(values: pl.Series) -> float:
        known = values.drop_nulls().to_numpy()
        return float(known.mean()) if known.size else float("nan")

    def error(values: pl.Series) -> float:
        known = values.drop_nulls().to_numpy()
        return float(known.std(ddof=1) / root) if known.size > 1 else float("nan")

    numbers = {
        "calls": mean(contexts["called"]),
        "recall": mean(recall),
        "recall_se": error(recall),
        "false_share": mean(false_share),
        "false_share_se": error(false_share),
        "candidate_recall": mean(candidates["recall"].cast(pl.Float64)),
    }
    kept = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
    return {"screens": len(found), **kept}
