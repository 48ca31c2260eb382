"""The command, as a user types it."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import polars as pl
import pytest

from sensitome import cli


def run(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["sensitome", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return lambda *arguments: run([str(argument) for argument in arguments], monkeypatch, capsys)


OTHERS = "dose_matrices|validation_plates|validation_layout|slides|spots|arrays|mirbase|targets|gene_sets|true_genes"


@pytest.fixture(scope="module")
def ran(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `run` prints of a study of the screen alone, and where its results are."""
    folder = tmp_path_factory.mktemp("cli") / "study"
    shutil.copytree(small_study, folder)
    text = re.sub(rf"(?m)^({OTHERS}) = .*\n", "", (folder / "study.toml").read_text())
    (folder / "study.toml").write_text(re.sub(r"(?s)\[cohort.*?(?=\n\[stability)", "", text))
    said = io.StringIO()
    results = folder.parent / "results"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setattr(sys, "argv", ["sensitome", "run", str(folder), "--out", str(results), "--no-report", "-j", "2"])
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.main()
    return said.getvalue(), results


def test_run_prints_the_headline_and_where_the_tables_are(ran: tuple[str, Path]) -> None:
    out, results = ran
    assert re.match(
        r"^32 plates, 3,072 wells, 60 reagents → \d+ reagents with \d+ hits, \d+ candidates; against the known truth",
        out,
    )
    assert f"Tables: {results / 'tables'}" in out


def test_query_answers_in_sql_and_names_the_tables_when_it_cannot(command: Command, ran: tuple[str, Path]) -> None:
    results = ran[1]
    status, out, _ = command("query", results, "select count(*) as n from hits", "--csv")
    assert (status, out) == (0, "n\n360\n")
    status, _, err = command("query", results, "select * from nothing")
    assert status == cli.Exit.DATA
    assert err.startswith(
        "error: the query cannot be answered: found Catalog Error: Table with name nothing does not exist!, expected "
        "SQL over the tables 'wells', 'reagents', 'plate_files', 'plates'"
    )
    status, _, err = command("query", results, "select * from read_csv('plates.csv')")
    assert status == cli.Exit.DATA


def test_check_finds_nothing_in_a_good_study_and_writes_nothing(command: Command, small_study: Path) -> None:
    before = sorted(small_study.rglob("*"))
    status, out, err = command("check", small_study)
    assert (status, err) == (0, "")
    sizes = re.sub(r"\d[\d,]*", "#", out.replace(str(small_study), "study"))
    assert sizes.splitlines() == [
        "study: nothing is wrong.",
        "  screen         # plates, # wells, # treatments",
        "  arrays         # arrays, # miRNAs",
        "  validation     # plates, # wells",
        "  dose matrices  # pairs of drugs, # readings",
        "  lysate array   # slides, # spots",
        "  miRBase        # releases",
        "  targets        # miRNAs, # genes",
        "  gene sets      # sets",
        "  patients       # patients, endpoints os and bcss, # miRNAs, # mRNAs",
        "Run it with: sensitome run study",
    ]
    assert sorted(small_study.rglob("*")) == before


def test_check_names_faults_of_several_inputs_at_once(command: Command, small_study: Path, tmp_path: Path) -> None:
    for name in ("study.toml", "plates.csv", "library.csv", "expressed.csv", "truth.csv"):
        (tmp_path / name).write_text((small_study / name).read_text())
    (tmp_path / "expressed.csv").write_text("target,cell_line,expressed\na,KPL4,perhaps\n")
    text = (tmp_path / "study.toml").read_text()
    (tmp_path / "study.toml").write_text(re.sub(rf"(?m)^({OTHERS}) = .*\n", "", text))
    shutil.copytree(small_study / "cohort", tmp_path / "cohort")
    status, _, err = command("check", tmp_path)
    assert status == cli.Exit.DATA
    assert "expressed.csv, line 2, column expressed: found 'perhaps'" in err
    assert "plates.csv, line 2, column file: found" in err
    assert "(32 in all)" in err
    assert err.strip().endswith("33 faults in 2 places. Sound: patients.")


def test_init_makes_a_folder_that_check_understands(command: Command, tmp_path: Path) -> None:
    status, out, _ = command("init", tmp_path / "mine")
    assert status == 0
    assert out.endswith(f"Fill them in, then: sensitome check {tmp_path / 'mine'}\n")
    status, _, err = command("check", tmp_path / "mine")
    assert status == cli.Exit.DATA
    assert "raw/KPL4_vehicle_L1_r1.csv" in err


def test_a_missing_study_is_one_line_and_exit_1(command: Command, tmp_path: Path) -> None:
    status, out, err = command("run", tmp_path)
    assert (status, out) == (cli.Exit.DATA, "")
    assert err.startswith(f"error: no study file in {tmp_path / 'study.toml'}")
    assert "Traceback" not in err


def test_a_misspelled_option_is_exit_2(command: Command, tmp_path: Path) -> None:
    status, _, err = command("run", tmp_path, "--outt", "x")
    assert status == cli.Exit.USAGE
    assert "--outt" in err


def test_a_bug_is_exit_4_and_says_how_to_see_more(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_path: Path) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr("sensitome.io.study_file.read_study", broken)
    status, _, err = command("run", tmp_path)
    assert status == cli.Exit.BUG
    assert "This is a fault of the program, not of yours: ZeroDivisionError('x'). See more with --traceback." in err


def test_readers_and_methods_are_listed(command: Command) -> None:
    assert "envision" in command("readers")[1]
    out = command("methods")[1]
    assert "stats-loess" in out
    assert "bscore-cellhts2" in out


def test_simulate_writes_a_study_that_runs(command: Command, tmp_path: Path) -> None:
    few = ("--scenario", "small", "--replicates", "1", "--size", "1.5")
    status, out, _ = command("simulate", tmp_path, *few, "--seed", "5")
    assert status == 0
    assert f"run them with: sensitome run {tmp_path}" in out
    assert (tmp_path / "study.toml").is_file()
    assert pl.read_csv(tmp_path / "plates.csv")["replicate"].unique().to_list() == [1]
    truth = pl.read_csv(tmp_path / "truth.csv").filter("is_active")
    assert -truth["delta"].mean() == pytest.approx(1.5, rel=0.2)


def test_names_are_resolved_and_counted(command: Command, tmp_path: Path) -> None:
    history = "version,mature,accession\n16,hsa-miR-101*,MIMAT0004513\n22,hsa-miR-101-5p,MIMAT0004513\n"
    (tmp_path / "history.csv").write_text(history)
    (tmp_path / "list.txt").write_text("hsa-miR-101*\r\nnonsense\r\n")
    status, out, err = command("names", tmp_path / "list.txt", "--mirbase", tmp_path / "history.csv")
    assert status == 0
    assert out.splitlines()[1].startswith("hsa-miR-101*,renamed,MIMAT0004513,hsa-miR-101-5p")
    assert out.splitlines()[2].startswith("nonsense,unknown")
    assert err == "1 renamed, 1 unknown\n"


def test_names_without_a_history_say_how_to_get_one(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sensitome.io.fetch.cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "list.txt").write_text("hsa-miR-21\n")
    status, out, err = command("names", tmp_path / "list.txt")
    assert (status, out) == (cli.Exit.DATA, "")
    assert err == (
        f"error: no history of miRBase names in {tmp_path / 'cache' / 'mirbase'}. "
        "Run `sensitome fetch mirbase` once, or name a history with --mirbase.\n"
    )


def test_the_version_is_printed(command: Command) -> None:
    assert command("--version") == (0, f"sensitome {metadata.version('sensitome')}\n", "")


def test_columns_of_an_answer_are_not_broken(command: Command, ran: tuple[str, Path]) -> None:
    _, out, _ = command("query", ran[1], "select * from hits limit 1")
    assert "is_candidate" in out


def test_a_faulty_truth_is_told_before_a_run(command: Command, small_study: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small_study, tmp_path / "study"))
    truth = (folder / "truth.csv").read_text().replace(",is_active", ",active", 1)
    (folder / "truth.csv").write_text(truth)
    status, _, err = command("check", folder)
    assert status == cli.Exit.DATA
    assert f"{folder / 'truth.csv'}: column 'is_active' is missing (there is 'reagent', 'kind'" in err


def test_an_unknown_download_is_refused_with_what_there_is(command: Command) -> None:
    status, _, err = command("fetch", "mirbas")
    assert status == cli.Exit.DATA
    assert "'mirbase'" in err
