"""A simulated validation assay with known truth: wells, or the raw files of a reader and its layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.plates import well_name

__all__ = ["AssayDesign", "SimulatedAssay", "simulate_assay", "simulated_files"]

FloatArray = npt.NDArray[np.float64]

#: A 96-well plate has this many rows, each with one reagent or control under four arms, thrice.
ROWS = 8
NEGATIVE, POSITIVE = "negative control", "cell death control"
#: What kills everything leaves so much.
DEATH = -5.0


@dataclass(frozen=True)
class AssayDesign:
    """How the assay is laid out, and how noisy it is.

    Parameters
    ----------
    reagents : (name, kind) of each candidate
    arms : treatment arms; the first is without drug
    drug_effects : log2 effect of each arm on cells with the negative control
    replicates, technical : biological and technical replicates
    replicate_sd, plate_sd : log2 SD of what a biological replicate, or a plate, shares
    cell_sd : log2 SD between biological replicates of one reagent × arm (dosing, transfection of the day)
    well_sd : log2 SD of technical wells
    level : counts of the negative control without drug
    cell_line : cell line
    controls : (name, kind of the reagents that it belongs to) of each negative control; "" = of all
    class_effects : kind → log2 effect in each arm of what its reagents and their controls share, as their chemistry
    """

    reagents: tuple[tuple[str, str], ...]
    arms: tuple[str, ...] = ("vehicle", "trastuzumab", "lapatinib", "trastuzumab+lapatinib")
    drug_effects: tuple[float, ...] = (0.0, -0.059, -0.269, -0.578)
    replicates: int = 3
    technical: int = 3
    replicate_sd: float = 0.25
    plate_sd: float = 0.1
    cell_sd: float = 0.1
    well_sd: float = 0.1
    level: float = 600_000.0
    cell_line: str = "KPL4"
    controls: tuple[tuple[str, str], ...] = ((NEGATIVE, ""),)
    class_effects: tuple[tuple[str, tuple[float, ...]], ...] = ()

    @property
    def reagents_a_plate(self) -> int:
        """Reagents beside the negative controls and the positive one."""
        return max(ROWS - len(self.controls) - 1, 1)


@dataclass(frozen=True)
class SimulatedAssay:
    """A simulated assay.

    Parameters
    ----------
    wells : well table as a reader gives it: plate, library_plate, well, row, column, cell_line, treatment, replicate,
        technical, reagent, kind, role, signal; and control_class where controls belong to kinds
    truth : reagent, kind, treatment, `alone` (log2 effect without drug), `interaction` (log2)
    design : what it was made by
    """

    wells: pl.DataFrame
    truth: pl.DataFrame
    design: AssayDesign


def simulate_assay(
    design: AssayDesign, *, alone: FloatArray, interaction: FloatArray, rng: np.random.Generator
) -> SimulatedAssay:
    """Simulate a validation assay.

    Parameters
    ----------
    design : layout and noise
    alone : (reagents,), log2 effect without drug
    interaction : (reagents, arms), log2 effect beyond Bliss in each arm; that of the first arm is not used
    rng : source of the noise

    Returns
    -------
    SimulatedAssay; every 96-well plate has all controls and as many candidates as there is room for, under all arms
    """
    rows = []
    size, last = design.reagents_a_plate, len(design.controls)
    groups = [design.reagents[i : i + size] for i in range(0, len(design.reagents), size)]
    shared = dict(design.class_effects)
    place = {reagent: i for i, reagent in enumerate(design.reagents)}
    for replicate in range(1, design.replicates + 1):
        day = rng.normal(0, design.replicate_sd)
        control_cells = rng.normal(0, design.cell_sd, (last + 1, len(design.arms)))
        for number, group in enumerate(groups, 1):
            plate = day + rng.normal(0, design.plate_sd)
            for slot, reagent in enumerate([*design.controls, (POSITIVE, ""), *group]):
                for arm in range(len(design.arms)):
                    effect = design.drug_effects[arm] + (shared[reagent[1]][arm] if reagent[1] in shared else 0.0)
                    if slot <= last:
                        effect += control_cells[slot, arm] + (DEATH if slot == last else 0.0)
                    else:
                        i = place[reagent]
                        effect += alone[i] + (interaction[i, arm] if arm else 0.0) + rng.normal(0, design.cell_sd)
                    wells = plate + effect + rng.normal(0, design.well_sd, design.technical)
                    rows += _wells(design, (number, replicate, slot, arm), reagent, wells)
    truth = pl.DataFrame(
        [
            (name, kind, arm, float(alone[i]), float(interaction[i, a]) if a else 0.0)
            for i, (name, kind) in enumerate(design.reagents)
            for a, arm in enumerate(design.arms)
        ],
        schema=["reagent", "kind", "treatment", "alone", "interaction"],
        orient="row",
    )
    wells = pl.DataFrame(rows).cast({"row": pl.Int16, "column": pl.Int16})
    if not any(kind for _, kind in design.controls):
        wells = wells.drop("control_class")
    return SimulatedAssay(wells, truth, design)


def simulated_files(assay: SimulatedAssay) -> dict[str, str]:
    """Raw files of the assay: plate list, layout and one EnVision export per plate, and the truth.

    Returns
    -------
    File name → text: validation_plates.csv, validation_layout.csv, validation_truth.csv, V1_r1.csv …
    """
    from sensitome.io.envision_writer import envision_text
    from sensitome.io.readings import PlateMatrix

    first = ["library_plate", "cell_line", "replicate", "plate"]
    plates = assay.wells.select(first).unique().sort("replicate", "library_plate")
    listed = plates.with_columns(pl.format("{}.csv", "plate").alias("file"), pl.lit("see layout").alias("treatment"))
    classes = [name for name in ("control_class",) if name in assay.wells.columns]
    layout = (
        assay.wells.filter(pl.col("replicate") == 1)
        .sort("library_plate", "row", "column")
        .select("library_plate", "well", "reagent", "kind", "role", *classes, "treatment", "technical")
    )
    files = {
        "validation_plates.csv": listed.select(
            "file", "library_plate", "cell_line", "treatment", "replicate", "plate"
        ).write_csv(),
        "validation_layout.csv": layout.write_csv(),
        "validation_truth.csv": assay.truth.write_csv(),
    }
    for number, (plate,) in enumerate(plates.select("plate").iter_rows(), 1):
        values = np.full((ROWS, 12), np.nan)
        own = assay.wells.filter(pl.col("plate") == plate)
        values[own["row"].to_numpy() - 1, own["column"].to_numpy() - 1] = own["signal"].to_numpy()
        files[f"{plate}.csv"] = envision_text([PlateMatrix(values, barcode=f"VAL{number:05d}")], label="US LUM 96")
    return files


def _wells(
    design: AssayDesign, place: tuple[int, int, int, int], reagent: tuple[str, str], log2: FloatArray
) -> list[dict[str, object]]:
    """Rows of the technical wells of one reagent × arm: a row of the plate per reagent, the arms side by side."""
    number, replicate, slot, arm = place
    last = len(design.controls)
    role = "negative" if slot < last else "positive" if slot == last else "sample"
    rows: list[dict[str, object]] = []
    for technical, value in enumerate(log2.tolist(), 1):
        column = arm * design.technical + technical
        rows.append(
            {
                "plate": f"V{number}_r{replicate}",
                "library_plate": f"V{number}",
                "well": well_name(slot + 1, column),
                "row": slot + 1,
                "column": column,
                "cell_line": design.cell_line,
                "treatment": design.arms[arm],
                "replicate": replicate,
                "technical": technical,
                "reagent": reagent[0],
                "kind": (reagent[1] or None) if role == "sample" else None,
                "role": role,
                "control_class": (reagent[1] or None) if role == "negative" else None,
                "signal": float(round(design.level * 2.0**value)),
            }
        )
    return rows
