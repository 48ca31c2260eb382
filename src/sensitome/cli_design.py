"""The command that plans a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["design"]


def design(
    folder: Annotated[Path, typer.Argument(help="Where to put the plan.")],
    reagents: Annotated[
        Path | None,
        typer.Option(
            help="Reagents to screen: reagent, kind, as in tables/reagents.csv of a run; without it, power alone."
        ),
    ] = None,
    controls: Annotated[
        Path | None, typer.Option(help="Controls of every plate: reagent, kind, role, wells; default: the usual ones.")
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(help="Where reagents lie now: reagent, source_plate, source_well; adds picklists.")
    ] = None,
    pilot: Annotated[Path | None, typer.Option(help="Results of a run whose noise the screen will have.")] = None,
    lines: Annotated[str, typer.Option(help="Cell lines, joined by commas.")] = "line 1,line 2",
    arms: Annotated[str, typer.Option(help='Arms, the vehicle first; "A+B" combines A and B.')] = "vehicle,drug",
    replicates: Annotated[str, typer.Option(help="Numbers of replicates to compare.")] = "1,2,3",
    vehicle_replicates: Annotated[
        int | None, typer.Option(min=1, help="Replicates of the vehicle; default: as many as of the drugs.")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Sizes of true interactions to compare, log2.")] = "0.5,0.75",
    method: Annotated[str, typer.Option(help="Test of sensitization.")] = "heb",
    screens: Annotated[int, typer.Option(min=1, help="Simulated screens of each design.")] = 5,
    plate_wells: Annotated[int, typer.Option(help="Wells of a plate: 96, 384 or 1536.")] = 384,
    edge_empty: Annotated[bool, typer.Option("--edge-empty", help="Leave outer rows and columns empty.")] = False,
    copies: Annotated[int, typer.Option(help="Wells of each reagent.")] = 1,
    volume_nl: Annotated[float, typer.Option(help="Volume of each transfer, nanoliters.")] = 50.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of simulation and layout.")] = 20210526,
) -> None:
    """Plan a screen: power and false discoveries, plates, randomized layouts with scattered controls, picklists."""
    from sensitome.plan import PlanRequest, make_plan, plan_in_words, write_plan

    plan = make_plan(
        PlanRequest(
            lines=_words(lines),
            arms=_words(arms),
            replicates=tuple(int(number) for number in _numbers(replicates, "--replicates", least=1)),
            vehicle_replicates=vehicle_replicates,
            sizes=_numbers(sizes, "--sizes", least=0),
            method=method,
            screens=screens,
            reagents=reagents,
            controls=controls,
            sources=sources,
            pilot=pilot,
            plate_wells=plate_wells,
            edge_empty=edge_empty,
            copies=copies,
            volume_nl=volume_nl,
            seed=seed,
        )
    )
    for line in plan_in_words(plan):
        typer.echo(line)
    for path in write_plan(plan, folder):
        typer.echo(f"wrote {path}")


def _words(text: str) -> tuple[str, ...]:
    """Words joined by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str, option: str, *, least: float) -> tuple[float, ...]:
    """Numbers joined by commas."""
    try:
        numbers = tuple(float(word) for word in _words(text))
    except ValueError:
        numbers = ()
    whole = option != "--replicates" or all(number.is_integer() for number in numbers)
    if not numbers or min(numbers) < least or not whole:
        kind = "whole numbers" if option == "--replicates" else "numbers"
        raise typer.BadParameter(
            f"found {text!r}, expected {kind} of at least {least:g}, joined by commas", param_hint=option
        )
    return numbers
