"""A simulated screen as the raw files of a study, from reader exports to the known truth."""

from __future__ import annotations

from pathlib import Path

from sensitome.io.envision_writer import envision_text
from sensitome.io.readings import PlateMatrix
from sensitome.io.study_writer import write_files
from sensitome.plates import plate_cubes
from sensitome.screen.simulation.mechanism import mechanism_files, mechanism_inputs, mechanism_sections
from sensitome.screen.simulation.settings import Arm, Design
from sensitome.screen.simulation.simulate import Simulation

__all__ = ["study_files", "write_study"]


def write_study(simulation: Simulation, folder: str | Path, *, mechanism: bool = False) -> list[Path]:
    """Write the files of `study_files` and return their paths.

    Raises
    ------
    SourceError
        A file cannot be written.
    """
    return write_files(study_files(simulation, mechanism=mechanism), folder)


def study_files(
    simulation: Simulation, *, preset: str = "normann2021", title: str = "", mechanism: bool = False
) -> dict[str, str]:
    """Texts of the files from which a study of the screen starts.

    Parameters
    ----------
    simulation : the screen
    preset : the preset that study.toml names
    title : heading of the report; by default it says that the screen is simulated, and its seed
    mechanism : whether the study has arrays, targets of miRNAs and gene sets as well

    Returns
    -------
    File name → text: study.toml, plates.csv, library.csv, expressed.csv, truth.csv, and one EnVision export a plate
    with the crosstalk-corrected block before the raw one; with `mechanism` the files of
    `sensitome.screen.simulation.mechanism.mechanism_files`
    """
    plates = simulation.plate_list.select(
        "file", "library_plate", "cell_line", "treatment", "replicate", "batch", "plate"
    )
    tables = {
        "plates.csv": plates,
        "library.csv": simulation.library,
        "expressed.csv": simulation.expressed,
        "truth.csv": simulation.truth,
    }
    heading = title or f"Simulated screen with known truth (seed {simulation.seed})"
    design = simulation.settings.design
    study = _study_text(design, preset=preset, title=heading, seed=simulation.seed, mechanism=mechanism)
    return {
        "study.toml": study,
        **{name: table.write_csv() for name, table in tables.items()},
        **_exports(simulation),
        **(
            mechanism_files(
                simulation.settings.design,
                simulation.expressed,
                simulation.truth,
                simulation.library,
                seed=simulation.seed,
            )
            if mechanism
            else {}
        ),
    }


def _exports(simulation: Simulation) -> dict[str, str]:
    """EnVision text of each plate by its file name, in the order of the plate list."""
    (cube,) = plate_cubes(simulation.wells)
    signals = cube.fill(simulation.wells["signal"].to_numpy())
    files = dict(simulation.plate_list.select("plate", "file").iter_rows())
    label = f"US LUM {cube.format.wells}"
    return {
        files[plate]: envision_text(
            [PlateMatrix(values=values, barcode=f"SIM{number:05d}")], label=label, crosstalk=True
        )
        for number, (plate, values) in enumerate(zip(cube.plates, signals, strict=True), start=1)
    }


def _study_text(design: Design, *, preset: str, title: str, seed: int, mechanism: bool) -> str:
    combined = [(arm.name, parts) for arm in design.arms[1:] if len(parts := _parts(arm, design)) > 1]
    combinations = [f"{_quoted(name)} = [{', '.join(map(_quoted, parts))}]" for name, parts in combined]
    size = f"{len(design.lines)} cell lines, {len(design.arms)} arms, {design.replicates} replicates"
    lines = [
        f"# A simulated screen: {size}.",
        'name = "simulated"',
        f"title = {_quoted(title)}",
        f"preset = {_quoted(preset)}",
        f"seed = {seed}",
        "",
        "[inputs]",
        'plates = "plates.csv"',
        'library = "library.csv"',
        'reader = "envision"',
        'expressed = "expressed.csv"',
        'truth = "truth.csv"',
        *(mechanism_inputs() if mechanism else []),
        "",
        "[treatments]",
        f"vehicle = {_quoted(design.arms[0].name)}",
        *(["", "[treatments.combinations]", *combinations] if combinations else []),
        *(mechanism_sections(design) if mechanism else []),
    ]
    return "\n".join(lines) + "\n"


def _parts(arm: Arm, design: Design) -> list[str]:
    """Names of the arms of the single drugs that an arm combines."""
    singles = {other.drugs[0]: other.name for other in design.arms if len(other.drugs) == 1}
    return [singles[drug] for drug in arm.drugs if drug in singles]


def _quoted(text: str) -> str:
    """Text as a TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
