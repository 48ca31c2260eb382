"""The command: one verb a task, no statistics; what it prints is what a person needs next."""

from __future__ import annotations

import sys
import traceback
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer

from sensitome.cli_design import design
from sensitome.cli_words import headline_words
from sensitome.errors import SensitomeError, SourceError

__all__ = ["Exit", "app", "main"]

app = typer.Typer(
    name="sensitome",
    help="Find what makes tumor cells sensitive to a drug: arrayed screens, from raw plates to sensitizers.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        typer.echo(f"sensitome {metadata.version('sensitome')}")
        raise typer.Exit


@app.callback()
def about(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Find what makes tumor cells sensitive to a drug: arrayed screens, from raw plates to sensitizers."""
    del version


class Exit(IntEnum):
    """What the exit status says."""

    OK = 0
    DATA = 1
    USAGE = 2
    NETWORK = 3
    BUG = 4


StudyPath = Annotated[Path, typer.Argument(help="study.toml, or the folder that holds it.")]
OutPath = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder of the results; default: results/ beside it.")
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="Threads; 0 = all cores. The results do not depend on it.")
]


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the study and its results.")] = Path("demo"),
    scenario_name: Annotated[
        str, typer.Option("--scenario", help="Which screen; see the page on simulation.")
    ] = "main",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 20210526,
    jobs: Jobs = 0,
) -> None:
    """Simulate a study in the design of Normann et al. 2021 as raw files, run it, and name the report."""
    from sensitome.io.study_file import read_study
    from sensitome.screen.simulation.files import write_study
    from sensitome.screen.simulation.scenarios import scenario
    from sensitome.screen.simulation.simulate import simulate_screen
    from sensitome.simulated_follow_up import write_follow_up
    from sensitome.simulated_study import write_patients

    study_folder = folder / "study"
    typer.echo(f"Simulating a screen with known truth in {study_folder} …")
    screen = simulate_screen(scenario(scenario_name), seed=seed)
    write_study(screen, study_folder, mechanism=True)
    write_patients(screen, study_folder)
    write_follow_up(screen, study_folder)
    study = read_study(study_folder)
    _run_and_tell(study, folder=study_folder, out=folder / "results", jobs=jobs)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="New folder, or one without a study.toml.")],
    preset: Annotated[str, typer.Option(help="Preset that answers the questions of method.")] = "normann2021",
) -> None:
    """Make a study folder to fill in: study.toml with every key explained, and example tables."""
    from sensitome.io.study_template import write_template

    for path in write_template(folder, preset=preset):
        typer.echo(f"wrote {path}")
    typer.echo(f"Fill them in, then: sensitome check {folder}")


@app.command()
def check(study: StudyPath) -> None:
    """Name every fault of every input at once, without writing anything."""
    from sensitome.check import check_study
    from sensitome.parallel import usable_cores

    report = check_study(study, jobs=usable_cores())
    for caution in report.cautions:
        typer.echo(f"caution: {caution}", err=True)
    for error in report.errors:
        typer.echo(f"error: {error}", err=True)
    if report.errors:
        places = len(report.errors)
        counted = f"{report.faults} fault{'s' * (report.faults > 1)} in {places} place{'s' * (places > 1)}"
        sound = f" Sound: {', '.join(report.sound)}." if report.sound else ""
        typer.echo(f"{counted}.{sound}", err=True)
        raise typer.Exit(Exit.DATA)
    typer.echo(f"{study}: nothing is wrong.")
    width = max(map(len, report.sound))
    for part, size in report.sound.items():
        typer.echo(f"  {part:<{width}}  {size}")
    typer.echo(f"Run it with: sensitome run {study}")


@app.command()
def run(
    study: StudyPath,
    out: OutPath = None,
    jobs: Jobs = 0,
    report: Annotated[bool, typer.Option(help="Write the page, the figures and the workbook too.")] = True,
) -> None:
    """Run every stage that the study has inputs for; what did not change since the last run is not run again."""
    from sensitome.io.study_file import read_study

    folder = study if study.is_dir() else study.parent
    _run_and_tell(read_study(study), folder=folder, out=out or folder / "results", jobs=jobs, report=report)


@app.command()
def report(results: Annotated[Path, typer.Argument(help="Folder of a run.")]) -> None:
    """Write the page, the figures and the workbook again from the tables of a run."""
    from sensitome.parallel import usable_cores
    from sensitome.publish import publish

    typer.echo(f"Report: {publish(results, jobs=usable_cores())}")


@app.command()
def query(
    results: Annotated[Path, typer.Argument(help="Folder of a run.")],
    sql: Annotated[str, typer.Argument(help='SQL over its tables: "select reagent, z from hits where is_hit".')],
    csv: Annotated[bool, typer.Option(help="Print CSV, not a table.")] = False,
) -> None:
    """Ask the tables of a run in SQL."""
    from sensitome.query import query_run

    answer = query_run(results, sql)
    if csv:
        typer.echo(answer.write_csv(), nl=False)
        return
    import polars as pl

    # Wide rows are left to the terminal to wrap: cells that are broken over lines cannot be read.
    with pl.Config(tbl_rows=50, tbl_cols=40, tbl_hide_column_data_types=True, fmt_str_lengths=60, tbl_width_chars=-1):
        typer.echo(str(answer))


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to put the study.")],
    scenario_name: Annotated[
        str, typer.Option("--scenario", help="Which screen; see the page on simulation.")
    ] = "main",
    replicates: Annotated[int, typer.Option(min=1, help="Biological replicates.")] = 2,
    size: Annotated[float, typer.Option(min=0, help="Size of a true interaction, log2.")] = 0.75,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 20210526,
) -> None:
    """Simulate a screen with known truth, as the raw files of a study."""
    from sensitome.screen.simulation.files import write_study
    from sensitome.screen.simulation.scenarios import scenario
    from sensitome.screen.simulation.simulate import simulate_screen
    from sensitome.simulated_follow_up import write_follow_up
    from sensitome.simulated_study import write_patients

    screen = simulate_screen(scenario(scenario_name, replicates=replicates, size=size), seed=seed)
    paths = {
        *write_study(screen, folder, mechanism=True),
        *write_patients(screen, folder),
        *write_follow_up(screen, folder),
    }
    typer.echo(f"wrote {len(paths)} files; run them with: sensitome run {folder}")


app.command()(design)


@app.command()
def readers() -> None:
    """List the file formats that can be read."""
    from sensitome.io.readers import READERS

    for name, reader in READERS.items():
        typer.echo(f"{name:<22}{reader.description}")


@app.command()
def methods() -> None:
    """List the named normalizations: formula, peer, and where equality with it is tested."""
    from sensitome.screen.methods import METHODS

    for name, method in METHODS.items():
        typer.echo(f"{name}\n    {method.formula}\n    as {method.peer}; tested: {method.oracle}")


@app.command()
def names(
    names_file: Annotated[Path, typer.Argument(metavar="LIST", help="Names of miRNAs, one a line.")],
    mirbase: Annotated[
        Path | None, typer.Option(help="miRBase's own files or a history table; default: what `fetch mirbase` brought.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Release in which the list is written; default: guessed.")] = None,
    target: Annotated[str | None, typer.Option(help="Release to convert to; default: the latest.")] = None,
) -> None:
    """Say of each miRNA name which molecule it means, through the releases of miRBase; print CSV."""
    from sensitome.io.fetch import cache_folder
    from sensitome.io.mirbase import read_mirbase
    from sensitome.io.text import read_text
    from sensitome.mirna.names import resolve_names

    if mirbase is None and not (cache_folder() / "mirbase" / "CURRENT").exists():
        raise SourceError(
            "no history of miRBase names",
            where=str(cache_folder() / "mirbase"),
            next_step="Run `sensitome fetch mirbase` once, or name a history with --mirbase.",
        )
    listed = [line.strip() for line in read_text(names_file).splitlines() if line.strip()]
    base = read_mirbase(mirbase or cache_folder() / "mirbase" / "CURRENT")
    answer = resolve_names(listed, base=base, version=version, target=target)
    typer.echo(answer.write_csv(), nl=False)
    counts = answer["status"].value_counts(sort=True).rows()
    typer.echo(", ".join(f"{count} {status}" for status, count in counts), err=True)


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="kegg, mirbase or geo.")],
    item: Annotated[str | None, typer.Argument(help="Accession of geo, library of kegg.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where to put it; default: the cache.")] = None,
) -> None:
    """Download public data into the cache, with licence, date and checksum; nothing else uses the network."""
    from sensitome.io.fetch import fetch as download

    for fetched in download(source, item=item, folder=folder):
        typer.echo(f"{fetched.path}  sha256 {fetched.sha256}  {fetched.licence}")


def _run_and_tell(study: object, *, folder: Path, out: Path, jobs: int, report: bool = True) -> None:
    """Run a study, publish it, and print where it is and what it found."""
    from sensitome.parallel import usable_cores
    from sensitome.pipeline import run_study
    from sensitome.progress import shown
    from sensitome.publish import publish
    from sensitome.settings import Study

    assert isinstance(study, Study)  # noqa: S101 - the caller read it
    cores = jobs or usable_cores()
    with shown() as progress:
        finished = run_study(study, folder=folder, out=out, jobs=cores, progress=progress)
    for caution in finished.manifest["cautions"]:
        typer.echo(f"caution: {caution['text']}", err=True)
    if report:
        page = publish(out, jobs=cores)
    for line in headline_words(finished.manifest["headline"]):
        typer.echo(line)
    typer.echo(f"Report: {page}" if report else f"Tables: {out / 'tables'}")


def main() -> None:
    """Run the command; print what the user can mend as one message, and exit with a status that says what it was."""
    show_traceback = "--traceback" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--traceback"]
    try:
        app(args=arguments, prog_name="sensitome", standalone_mode=True)
    except SensitomeError as error:
        if show_traceback:
            traceback.print_exc()
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        if show_traceback:
            traceback.print_exc()
        else:
            typer.echo(f"This is a fault of the program, not of yours: {error!r}. See more with --traceback.", err=True)
        raise SystemExit(Exit.BUG) from error
