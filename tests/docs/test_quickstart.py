"""Every block of the quickstart, run in order in one folder, as a reader would."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Blocks = list[tuple[str, str]]

#: What is replaced before it is run, to save time: the package is installed already, the demonstration is smaller, and
#: the figures of the practice screen are drawn once, by `report`.
INSTEAD = {
    "python -m pip install .": "",
    "sensitome demo": "sensitome demo --scenario small",
    "sensitome run practice": "sensitome run practice --no-report",
    "sensitome design plan --reagents practice/results/tables/reagents.csv --pilot practice/results --screens 2": (
        "sensitome design plan --reagents practice/results/tables/reagents.csv --pilot practice/results --screens 1 "
        "--replicates 2 --sizes 0.75"
    ),
    'st.publish("practice/results")': 'st.publish("practice/results", figures=False, workbook=False)',
}
COMMAND = [sys.executable, "-W", "error", "-c", "from sensitome.cli import main; main()"]


def run_line(line: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(INSTEAD.get(line, line))
    assert program == "sensitome"
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )


def run_shell(text: str, *, folder: Path) -> list[subprocess.CompletedProcess[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    return [run_line(line, folder=folder) for line in lines if INSTEAD.get(line, line)]


def run_python(text: str, *, folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own documentation
        [sys.executable, "-W", "error", "-c", text], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, blocks: Callable[[str], Blocks]) -> tuple[Path, Blocks]:
    """The folder after all blocks; Python blocks go on where the one before ended."""
    folder = tmp_path_factory.mktemp("quickstart")
    python = ""
    expected_next: list[subprocess.CompletedProcess[str]] = []
    for language, text in blocks("quickstart"):
        if language == "sh":
            expected_next = run_shell(text, folder=folder)
            for done in expected_next:
                is_fresh_study = done.args[-2:] == ["check", "my-study"]
                assert done.returncode == (1 if is_fresh_study else 0), done.stderr
        elif language == "text":
            assert expected_next[-1].stderr == text
        elif language == "python":
            for told, instead in INSTEAD.items():
                text = text.replace(told, instead)
            python += text
        else:
            assert language == "toml"
            with (folder / "practice" / "study.toml").open("a", encoding="utf-8") as study:
                study.write(f"\n{text}")
    run_python(python, folder=folder)
    return folder, blocks("quickstart")


def test_the_quickstart_runs_as_it_is_written(walked: tuple[Path, Blocks]) -> None:
    folder, told = walked
    assert {language for language, _ in told} == {"sh", "text", "toml", "python"}
    assert (folder / "demo" / "results" / "report.html").is_file()


def test_the_results_are_where_the_quickstart_says(walked: tuple[Path, Blocks]) -> None:
    results = walked[0] / "practice" / "results"
    for pattern in (
        "report.html",
        "tables/*.parquet",
        "tables/*.csv",
        "results.xlsx",
        "figures/*.svg",
        "figures/*.pdf",
    ):
        assert list(results.glob(pattern)), pattern
    assert (results / "manifest.json").is_file()
