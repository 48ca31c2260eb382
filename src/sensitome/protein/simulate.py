"""A simulated lysate array with known truth, as raw GenePix files with their lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["ArrayDesign", "SimulatedArray", "array_files", "simulate_array"]

FloatArray = npt.NDArray[np.float64]

TOTAL = "Sypro"


@dataclass(frozen=True)
class ArrayDesign:
    """What is printed, and how noisy it is.

    Parameters
    ----------
    reagents : (name, kind); those of kind "control" are negative controls
    proteins : antibodies, a slide each
    treatments : treatment arms
    replicates : biological replicates
    dilutions : printed dilutions of each lysate
    lysate_sd : log2 SD of the amount of lysate, the same on all slides
    protein_sd : log2 SD of a protein between lysates
    spot_sd : log2 SD of spots
    level, background : counts of an undiluted spot and of the slide
    cell_line : cell line
    control_classes : (name of a control, kind of the reagents that it belongs to); none = controls of all
    """

    reagents: tuple[tuple[str, str], ...]
    proteins: tuple[str, ...] = ("KI67", "HER2", "pHER2-Y1222", "pHER2-Y877", "AKT", "pAKT", "ERK", "pERK", "cPARP")
    treatments: tuple[str, ...] = ("vehicle", "trastuzumab", "lapatinib", "trastuzumab+lapatinib")
    replicates: int = 2
    dilutions: tuple[float, ...] = (1.0, 0.5)
    lysate_sd: float = 0.3
    protein_sd: float = 0.15
    spot_sd: float = 0.08
    level: float = 8000.0
    background: float = 300.0
    cell_line: str = "KPL4"
    control_classes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SimulatedArray:
    """A simulated array.

    Parameters
    ----------
    slides : antibody → spots as `gpr_writer.gpr_text` takes them
    spot_map : one row per spot: id, reagent, kind, role, treatment, cell_line, replicate, dilution (and
        control_class)
    truth : reagent, kind, treatment, protein, `effect` (log2)
    """

    slides: dict[str, pl.DataFrame]
    spot_map: pl.DataFrame
    truth: pl.DataFrame


def simulate_array(design: ArrayDesign, *, effects: FloatArray, rng: np.random.Generator) -> SimulatedArray:
    """Simulate the slides of a lysate array.

    Parameters
    ----------
    design : what is printed
    effects : (reagents, treatments, proteins), log2
    rng : source of the noise

    Returns
    -------
    SimulatedArray
    """
    lysates = [
        (r, t, replicate)
        for replicate in range(1, design.replicates + 1)
        for t in range(len(design.treatments))
        for r in range(len(design.reagents))
    ]
    spots = [(lysate, dilution) for lysate in range(len(lysates)) for dilution in design.dilutions]
    amount = rng.normal(0, design.lysate_sd, len(lysates))
    width = 12
    place = pl.DataFrame(
        {
            "block": [1 + i // (width * width) for i in range(len(spots))],
            "row": [1 + i % (width * width) // width for i in range(len(spots))],
            "column": [1 + i % width for i in range(len(spots))],
            "id": [f"S{i + 1:05d}" for i in range(len(spots))],
        }
    )
    slides = {}
    for p, protein in enumerate([*design.proteins, TOTAL]):
        total = protein == TOTAL
        of_lysate = amount.copy()
        if not total:
            of_lysate += rng.normal(0, design.protein_sd, len(lysates))
            of_lysate += np.array([effects[r, t, p] for r, t, _ in lysates])
        log2 = np.array([of_lysate[lysate] + np.log2(dilution) for lysate, dilution in spots])
        signal = design.level * (4.0 if total else 1.0) * 2.0 ** (log2 + rng.normal(0, design.spot_sd, len(spots)))
        around = design.background * 2.0 ** rng.normal(0, 0.05, len(spots))
        slides[protein] = place.with_columns(
            pl.Series("foreground", np.round(signal + around)),
            pl.Series("background", np.round(around)),
            pl.lit(0).alias("flag"),
        )
    named = [
        (
            *design.reagents[lysates[lysate][0]],
            design.treatments[lysates[lysate][1]],
            lysates[lysate][2],
            dilution,
        )
        for lysate, dilution in spots
    ]
    about = pl.DataFrame(named, schema=["reagent", "kind", "treatment", "replicate", "dilution"], orient="row")
    spot_map = (
        place.select("id")
        .hstack(about)
        .with_columns(
            pl.lit(design.cell_line).alias("cell_line"),
            pl.when(pl.col("kind") == "control").then(pl.lit("negative")).otherwise(pl.lit("sample")).alias("role"),
        )
    )
    if design.control_classes:
        belongs = dict(design.control_classes)
        named_class = pl.col("reagent").replace_strict(belongs, default=None, return_dtype=pl.String)
        spot_map = spot_map.with_columns(named_class.alias("control_class"))
    truth = pl.DataFrame(
        [
            (name, kind, treatment, protein, float(effects[r, t, p]))
            for r, (name, kind) in enumerate(design.reagents)
            for t, treatment in enumerate(design.treatments)
            for p, protein in enumerate(design.proteins)
        ],
        schema=["reagent", "kind", "treatment", "protein", "effect"],
        orient="row",
    )
    return SimulatedArray(slides, spot_map, truth)


def array_files(array: SimulatedArray) -> dict[str, str]:
    """Raw files of the array.

    Returns
    -------
    File name → text: slides.csv, spots.csv, proteins_truth.csv and one GenePix result per slide
    """
    from sensitome.io.gpr_writer import gpr_text

    names = {protein: f"slide_{number:02d}.gpr" for number, protein in enumerate(array.slides, 1)}
    listed = pl.DataFrame(
        [(file, protein, "total_protein" if protein == TOTAL else "detection") for protein, file in names.items()],
        schema=["file", "antibody", "role"],
        orient="row",
    )
    return {
        "slides.csv": listed.write_csv(),
        "spots.csv": array.spot_map.write_csv(),
        "proteins_truth.csv": array.truth.write_csv(),
        **{names[protein]: gpr_text(spots, comment=protein) for protein, spots in array.slides.items()},
    }
