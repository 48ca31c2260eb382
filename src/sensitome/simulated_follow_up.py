"""Simulated validation plates and lysate arrays beside a simulated screen: what a lab does after the hits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.io.study_writer import write_files
from sensitome.protein.simulate import ArrayDesign, array_files, simulate_array
from sensitome.screen.simulation.simulate import Simulation
from sensitome.screen.simulation.truth import log2_viability
from sensitome.validation.simulate import AssayDesign, simulate_assay, simulated_files

__all__ = ["Chosen", "choose_reagents", "follow_up_files", "write_follow_up"]

FloatArray = npt.NDArray[np.float64]

#: Reagents that go to the validation: true sensitizers of the first line, toxic ones, and ones that do nothing.
SENSITIZERS, TOXIC, NULL = 8, 2, 6
#: Further reagents of the library on the lysate array: what is typical of a protein.
LIBRARY = 32
#: Log2 protein per log2 of viability that is lost.
PROLIFERATION, APOPTOSIS, SIGNALING = 0.9, -1.1, 0.8
#: Largest score of the simulated dose matrix beyond Bliss, percent inhibition.
SYNERGY = 20.0
_DOSES = "validation/dose_matrix.csv"
#: Parts of the study that draw on chance of their own, past those of the screen and of its arrays.
_CHOICE, _PLATES, _SLIDES, _DOSE_NOISE = 21, 22, 23, 24
_COLUMNS = 12
#: Most rows of a validation plate that negative controls take; two of each class where that fits, else one.
_CONTROL_ROWS = 4
#: Negative controls of the lysate array, and the kind of reagents that each belongs to.
_CONTROLS = (("scrambled mimic", "mimic"), ("scrambled inhibitor", "inhibitor"))

_INPUTS = """[inputs]
validation_plates = "validation/validation_plates.csv"
validation_layout = "validation/validation_layout.csv"
validation_reader = "envision"
slides = "protein/slides.csv"
spots = "protein/spots.csv"
"""


@dataclass(frozen=True)
class Chosen:
    """Reagents of the follow-up and what is true of them in the first cell line.

    Parameters
    ----------
    reagents : (name, kind)
    alone : (reagents,), log2 effect without drug
    interaction : (reagents, arms), log2; 0 in the first arm, which is without drug
    """

    reagents: tuple[tuple[str, str], ...]
    alone: FloatArray
    interaction: FloatArray


def write_follow_up(simulation: Simulation, folder: str | Path) -> list[Path]:
    """Write validation plates and slides into the folder of a simulated study, and name them in its ``study.toml``.

    Parameters
    ----------
    simulation : the screen, whose truth decides what is validated
    folder : where `sensitome.screen.simulation.files.write_study` wrote the screen

    Returns
    -------
    The files written; none for a screen without drug arms

    Raises
    ------
    SourceError
        A file cannot be written.
    """
    texts = follow_up_files(simulation)
    if not texts:
        return []
    study = (Path(folder) / "study.toml").read_text(encoding="utf-8")
    named = _INPUTS + (f'dose_matrices = "{_DOSES}"\n' if _DOSES in texts else "")
    return write_files({"study.toml": study.replace("[inputs]\n", named, 1), **texts}, folder)


def follow_up_files(simulation: Simulation) -> dict[str, str]:
    """File name → text of validation plates and slides, with their lists and what is true of them."""
    design, line = simulation.settings.design, simulation.settings.design.lines[0]
    if len(design.arms) < 2 or len(design.arms) > _COLUMNS:
        return {}
    arms = tuple(arm.name for arm in design.arms)
    chosen = choose_reagents(simulation, sizes=(SENSITIZERS, TOXIC, NULL))
    assay = simulate_assay(
        AssayDesign(
            chosen.reagents,
            arms=arms,
            drug_effects=tuple(log2_viability(design)[0].tolist()),
            technical=min(3, _COLUMNS // len(arms)),
            cell_line=line,
            controls=_plate_controls(chosen),
        ),
        alone=chosen.alone,
        interaction=chosen.interaction,
        rng=_chance(simulation.seed, _PLATES),
    )
    printed = _with_library(simulation, chosen)
    array = simulate_array(
        ArrayDesign(
            (*printed.reagents, *((name, "control") for name, _ in _CONTROLS)),
            treatments=arms,
            cell_line=line,
            control_classes=_CONTROLS,
        ),
        effects=_protein_effects(printed, controls=len(_CONTROLS)),
        rng=_chance(simulation.seed, _SLIDES),
    )
    return {
        **_dose_file(simulation),
        **{f"validation/{name}": text for name, text in simulated_files(assay).items()},
        **{f"protein/{name}": text for name, text in array_files(array).items()},
    }


def choose_reagents(simulation: Simulation, *, sizes: tuple[int, int, int]) -> Chosen:
    """Reagents by what is true of them in the first cell line.

    Parameters
    ----------
    simulation : the screen
    sizes : how many of the strongest sensitizers, of the most toxic others, and of those that do next to nothing

    Returns
    -------
    Chosen, sorted by name and kind; fewer where the library has not so many. No name is taken twice.
    """
    design = simulation.settings.design
    arms = [arm.name for arm in design.arms[1:]]
    own = simulation.truth.filter(pl.col("cell_line") == design.lines[0])
    table = own.group_by("reagent", "kind", maintain_order=True).agg(
        pl.col("is_active").any(),
        pl.col("is_antagonist").first(),
        pl.col("main_effect").first(),
        pl.col("delta"),
        (pl.col("delta") * pl.col("is_active")).sum().alias("strength"),
    )
    others = table.filter(~pl.col("is_active") & ~pl.col("is_antagonist"))
    shuffled = others[_chance(simulation.seed, _CHOICE).permutation(others.height)]
    quiet = shuffled.filter(pl.col("main_effect").abs() < 0.1)
    taken = table.clear()
    orders = (table.filter("is_active").sort("strength", "reagent"), others.sort("main_effect", "reagent"), quiet)
    for order, size in zip(orders, sizes, strict=True):
        # A mimic and an inhibitor of one miRNA share its name.
        new = order.unique("reagent", keep="first", maintain_order=True).join(taken, on="reagent", how="anti")
        taken = pl.concat([taken, new.head(size)])
    taken = taken.sort("reagent", "kind")
    delta = np.array(taken["delta"].to_list()).reshape(taken.height, len(arms))
    return Chosen(
        tuple(taken.select("reagent", "kind").rows()),
        taken["main_effect"].to_numpy(),
        np.column_stack([np.zeros(taken.height), delta]),
    )


def _dose_file(simulation: Simulation) -> dict[str, str]:
    """A dose matrix of the first two single drugs, with synergy in its middle; none with fewer drugs."""
    drugs = [arm.name for arm in simulation.settings.design.arms if len(arm.drugs) == 1]
    if len(drugs) < 2:
        return {}
    rng, line = _chance(simulation.seed, _DOSE_NOISE), simulation.settings.design.lines[0]
    dose = np.array([0.0, 0.03, 0.1, 0.3, 1.0, 3.0])
    one, two = 40 * dose / (dose + 0.3), 70 * dose / (dose + 0.5)
    expected = one[:, None] + two[None, :] - one[:, None] * two[None, :] / 100
    hump = dose * np.exp(-dose / 0.6) / (0.6 * np.exp(-1))
    rows = [
        (line, drugs[0], drugs[1], "µg/ml", a, b, replicate, round(float(value), 3))
        for replicate in (1, 2, 3)
        for (i, a), (j, b) in product(enumerate(dose.tolist()), enumerate(dose.tolist()))
        for value in [expected[i, j] + SYNERGY * hump[i] * hump[j] + rng.normal(0, 2.0)]
    ]
    schema = ["cell_line", "drug_one", "drug_two", "unit", "dose_one", "dose_two", "replicate", "response"]
    return {_DOSES: pl.DataFrame(rows, schema=schema, orient="row").write_csv()}


def _plate_controls(chosen: Chosen) -> tuple[tuple[str, str], ...]:
    """Scrambled controls of each kind of reagents on the validation plates; one for all where kinds are many."""
    kinds = sorted({kind for _, kind in chosen.reagents})
    if len(kinds) > _CONTROL_ROWS:
        return (("scrambled", ""),)
    numbers = range(1, 3) if 2 * len(kinds) <= _CONTROL_ROWS else range(1, 2)
    return tuple((f"scrambled {kind} {number}", kind) for kind in kinds for number in numbers)


def _with_library(simulation: Simulation, chosen: Chosen) -> Chosen:
    """The validated reagents and some of the rest of the library, which do what they do."""
    every = choose_reagents(simulation, sizes=(0, 0, LIBRARY + len(chosen.reagents)))
    names = {name for name, _ in chosen.reagents}
    keep = [i for i, (name, _) in enumerate(every.reagents) if name not in names][:LIBRARY]
    return Chosen(
        (*chosen.reagents, *(every.reagents[i] for i in keep)),
        np.concatenate([chosen.alone, every.alone[keep]]),
        np.concatenate([chosen.interaction, every.interaction[keep]]),
    )


def _protein_effects(printed: Chosen, *, controls: int) -> FloatArray:
    """What the reagents do to each protein, (reagents, arms, proteins), log2: as many fewer cells as they leave.

    Proliferation falls and apoptosis rises with the cells that are lost; every second sensitizer also takes the
    phosphorylated forms down, beyond the proteins themselves.
    """
    proteins = {name: i for i, name in enumerate(ArrayDesign.proteins)}
    lost = printed.alone[:, None] + printed.interaction
    effects = np.zeros((*lost.shape, len(proteins)))
    effects[:, :, proteins["KI67"]] = PROLIFERATION * lost
    effects[:, :, proteins["cPARP"]] = APOPTOSIS * lost
    signaling = SIGNALING * printed.interaction[::2]
    for name in ("pAKT", "pERK"):
        effects[::2, :, proteins[name]] = signaling
    return np.concatenate([effects, np.zeros((controls, *effects.shape[1:]))])


def _chance(seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part,)))
