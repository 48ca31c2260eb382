"""Planning the next screen as a whole: what it would find, how many plates it takes, and where everything goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sensitome.errors import Fault, SettingsError, SourceError, TableError, listed
from sensitome.io.columns import Column, name_columns
from sensitome.io.picklist import echo_picklist, janus_picklist, transfers, write_picklist
from sensitome.io.run_folder import RunFolder
from sensitome.io.text import read_table
from sensitome.screen.design import plan_screen
from sensitome.screen.pilot import estimate_noise
from sensitome.screen.plate_layouts import randomized_layout
from sensitome.screen.simulation.settings import Arm, Design, ReagentKind, SimulationSettings

__all__ = ["Plan", "PlanRequest", "make_plan", "plan_in_words", "write_plan"]

#: Plates that can be simulated and laid out.
FORMATS_SIMULATED = (96, 384, 1536)
#: Share of the reagents of a kind that the simulated screens make sensitizers, as in the default simulation.
TRUE_SHARE = 0.025
#: Viability under a drug alone that nothing is known of.
USUAL_VIABILITY = 0.8
_REAGENTS = (Column("reagent", ("name", "product", "mirna"), required=True), Column("kind", ("type",), required=True))
_CONTROLS = (*_REAGENTS, Column("role", (), required=True), Column("wells", ("number", "count"), required=True))
_SOURCES = (
    Column("reagent", ("name", "product", "mirna"), required=True),
    Column("kind", ("type",)),
    Column("source_plate", ("source plate", "plate", "stock plate"), required=True),
    Column("source_well", ("source well", "well", "position"), required=True),
)


@dataclass(frozen=True)
class PlanRequest:
    """What is planned.

    Parameters
    ----------
    lines, arms : names; the first arm is the vehicle, "A+B" combines the arms A and B
    replicates, vehicle_replicates : to compare; vehicle None = as many as of the drugs
    sizes : true interactions to compare, log2
    method : test of sensitization
    screens : simulated screens of each design, at least 1
    reagents, controls, sources : files; None = the library of Normann et al. 2021, its controls, no picklist
    pilot : folder of a run whose noise is taken
    plate_wells, edge_empty, copies : of the layout
    volume_nl : of each transfer
    seed : chance
    """

    lines: tuple[str, ...] = ("line 1", "line 2")
    arms: tuple[str, ...] = ("vehicle", "drug")
    replicates: tuple[int, ...] = (1, 2, 3)
    vehicle_replicates: int | None = None
    sizes: tuple[float, ...] = (0.5, 0.75)
    method: str = "heb"
    screens: int = 5
    reagents: Path | None = None
    controls: Path | None = None
    sources: Path | None = None
    pilot: Path | None = None
    plate_wells: int = 384
    edge_empty: bool = False
    copies: int = 1
    volume_nl: float = 50.0
    seed: int = 20210526


@dataclass(frozen=True)
class Plan:
    """What was planned: ``power``, ``library``, ``plates`` to measure, and ``moves`` where sources are known.

    The list of plates is that of the largest number of replicates.
    """

    power: pl.DataFrame
    library: pl.DataFrame | None
    plates: pl.DataFrame | None
    moves: pl.DataFrame | None


def make_plan(request: PlanRequest) -> Plan:
    """Simulate what a design would find, and lay its plates out.

    Parameters
    ----------
    request : what is planned

    Returns
    -------
    Plan; without a list of reagents there is power alone

    Raises
    ------
    SourceError, TableError, SettingsError, LayoutError, MethodError, ControlError
        A file or a number is faulty, the pilot cannot tell the noise, or the plates are too small.
    """
    if request.plate_wells not in FORMATS_SIMULATED:
        raise SettingsError("unknown plate format", found=request.plate_wells, expected=listed(FORMATS_SIMULATED))
    reagents = None if request.reagents is None else _reagents(request.reagents)
    settings = _settings(request, reagents)
    library = None if reagents is None else _library(request, reagents, settings.design)
    moves = None if library is None or request.sources is None else _moves(request, library)
    power = plan_screen(
        settings,
        method=request.method,
        replicates=request.replicates,
        vehicle_replicates=(request.vehicle_replicates,),
        sizes=request.sizes,
        screens=request.screens,
        seed=request.seed,
    )
    if library is None:
        return Plan(power, None, None, None)
    # Plates of the library as it is laid out, which may be more than the simulation takes.
    stamped = library["library_plate"].n_unique()
    counts = [_count(row, request, stamped) for row in power.to_dicts()]
    return Plan(power.with_columns(pl.Series("plates", counts, pl.Int32)), library, _plates(request, library), moves)


def plan_in_words(plan: Plan) -> list[str]:
    """One line a design: its plates, and what its simulated screens found."""
    return [_design_in_words(row) for row in plan.power.iter_rows(named=True)]


def _design_in_words(row: Mapping[str, Any]) -> str:
    """One design."""
    vehicle = row["vehicle_replicates"]
    head = f"{row['replicates']} replicate{'s' * (row['replicates'] != 1)}"
    head += f" ({vehicle} of the vehicle)" if vehicle != row["replicates"] else ""
    head += f", interactions of {row['size']:g} log2: {row['plates']:,} plates"
    if row["refused"]:
        return f"{head}; {row['refused']}"
    share = row["false_share"] if row["calls"] else None
    false = "nothing is called" if share is None else f"{100 * share:.0f} % of the calls are false"
    return f"{head}, {100 * (row['recall'] or 0):.0f} % of the sensitized contexts are found, {false}"


def write_plan(plan: Plan, folder: Path) -> list[Path]:
    """Write a plan as CSV files.

    Returns
    -------
    ``power.csv`` and, as far as they were planned, ``library.csv``, ``plates.csv``, ``picklist_echo.csv`` and
    ``picklist_janus.csv``

    Raises
    ------
    SourceError
        A file cannot be written.
    SettingsError
        The volume is no whole number of drops of an Echo.
    """
    tables = {"power": plan.power, "library": plan.library, "plates": plan.plates}
    if plan.moves is not None:
        tables |= {"picklist_echo": echo_picklist(plan.moves), "picklist_janus": janus_picklist(plan.moves)}
    return [write_picklist(table, folder / f"{name}.csv") for name, table in tables.items() if table is not None]


def _read(path: Path, columns: Sequence[Column]) -> pl.DataFrame:
    """Read a table with some columns that must be there."""
    table, faults = name_columns(read_table(path), columns, file=path.name)
    if faults:
        raise SourceError("a table of the plan cannot be used", where=str(path), faults=faults)
    return table.drop("line")


def _reagents(path: Path) -> pl.DataFrame:
    """Reagents of a list, or those of the table `reagents` of a run, whose controls and places are left out."""
    table = _read(path, _REAGENTS)
    if "role" in table.columns:
        table = table.filter(pl.col("role").fill_null("sample") == "sample")
    return table.drop("role", "control_class", "position", strict=False)


def _settings(request: PlanRequest, reagents: pl.DataFrame | None) -> SimulationSettings:
    """Simulated screens of the lines, arms and kinds that are planned, with the noise of the pilot."""
    settings = SimulationSettings()
    known = {kind.name: kind for kind in settings.design.kinds}
    kinds = settings.design.kinds
    if reagents is not None:
        counts = reagents["kind"].fill_null("reagent").value_counts().sort("kind").rows()
        kinds = tuple(
            known.get(name, ReagentKind(name=name, count=1)).model_copy(update={"count": count})
            for name, count in counts
        )
    arms = tuple(_arms(request.arms))
    if not request.lines or len(set(request.lines)) < len(request.lines):
        raise SettingsError(
            "no cell lines to screen", found=", ".join(request.lines) or "none", expected="one or more, each named once"
        )
    design = Design.model_validate(
        {"lines": request.lines, "arms": arms, "kinds": kinds, "plate_wells": request.plate_wells}
    )
    sensitizers = {kind.name: max(1, round(TRUE_SHARE * kind.count)) for kind in kinds}
    settings = settings.model_copy(update={"design": design})
    if reagents is not None:
        settings = settings.changed({"effects.sensitizers": sensitizers})
    if request.pilot is None:
        return settings
    return estimate_noise(RunFolder(request.pilot).read_table("wells")).applied(settings)


def _arms(names: Sequence[str]) -> list[Arm]:
    """Arms by name; "A+B" combines A and B where both are there."""
    if len(names) < 2 or len(set(names)) < len(names):
        raise SettingsError(
            "no arms to compare",
            found=", ".join(names) or "none",
            expected="the vehicle and at least one drug, each named once",
        )
    arms = [Arm(name=names[0])]
    for name in names[1:]:
        parts = tuple(part.strip() for part in name.split("+"))
        joined = len(parts) > 1 and set(parts) <= set(names)
        drugs = parts if joined else (name,)
        arms.append(Arm(name=name, drugs=drugs, viability=(USUAL_VIABILITY ** len(drugs),)))
    return arms


def _controls(request: PlanRequest, design: Design) -> pl.DataFrame:
    """Controls of every plate: those of the file, or the usual number of each class."""
    if request.controls is None:
        return _usual_controls(design)
    table = _read(request.controls, _CONTROLS)
    numbers = table["wells"].cast(pl.Int32, strict=False)
    faults = [
        Fault("a whole number of wells, at least 1", request.controls.name, column="wells", value=value)
        for value, number in zip(table["wells"], numbers, strict=True)
        if number is None or number < 1
    ]
    if faults:
        raise TableError("the controls cannot be used", where=str(request.controls), faults=faults)
    return table.with_columns(numbers)


def _usual_controls(design: Design) -> pl.DataFrame:
    """A tenth of the plate: negatives of every kind, a killing control, and cells without reagent."""
    negatives = {96: 8, 384: 36, 1536: 144}[design.plate_wells]
    each = -(-negatives // len(design.kinds))
    rows = [(f"negative control, {kind.name}", kind.name, "negative", each) for kind in design.kinds]
    rows += [("cell death control", "siRNA", "positive", max(4, negatives // 4))]
    rows += [("cells alone", "none", "untreated", max(2, negatives // 4))]
    return pl.DataFrame(rows, schema=["reagent", "kind", "role", "wells"], orient="row")


def _library(request: PlanRequest, reagents: pl.DataFrame, design: Design) -> pl.DataFrame:
    """Reagents and controls on randomized plates."""
    return randomized_layout(
        reagents,
        controls=_controls(request, design),
        plate_wells=request.plate_wells,
        edge="leave empty" if request.edge_empty else "use",
        copies=request.copies,
        seed=request.seed,
    )


def _moves(request: PlanRequest, library: pl.DataFrame) -> pl.DataFrame:
    """What must go where; cells without a reagent need no transfer. Refuses volumes that an Echo cannot move."""
    assert request.sources is not None  # noqa: S101 - asked only where sources are known
    filled = library.filter(pl.col("reagent").is_not_null() & (pl.col("role") != "untreated"))
    moves = transfers(filled, sources=_read(request.sources, _SOURCES), volume_nl=request.volume_nl)
    echo_picklist(moves)
    return moves


def _count(row: dict[str, int], request: PlanRequest, stamped: int) -> int:
    """Plates of a design with so many library plates."""
    drugs = len(request.arms) - 1
    return stamped * len(request.lines) * (row["vehicle_replicates"] + drugs * row["replicates"])


def _plates(request: PlanRequest, library: pl.DataFrame) -> pl.DataFrame:
    """Plate list of the largest design, with the names that the reader's files should get."""
    most = max(request.replicates)
    rows = []
    for line in request.lines:
        for place, arm in enumerate(request.arms):
            own = most if place else request.vehicle_replicates or most
            for replicate in range(1, own + 1):
                for plate in library["library_plate"].unique(maintain_order=True):
                    name = f"{line}_{arm}_{plate}_r{replicate}".replace(" ", "-")
                    rows.append((f"raw/{name}.csv", plate, line, arm, replicate, f"replicate {replicate}", name))
    columns = ["file", "library_plate", "cell_line", "treatment", "replicate", "batch", "plate"]
    return pl.DataFrame(rows, schema=columns, orient="row")
