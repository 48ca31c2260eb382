"""Faults that labs make, one at a time, in a small simulated study; the page for the bench shows their messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sensitome.check import check_study
from sensitome.screen.simulation.files import study_files
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import simulate_screen

Files = dict[str, str]
PLATE = "plates/KPL4_lapatinib_L1_r1.csv"


@cache
def _sound() -> tuple[tuple[str, str], ...]:
    settings = scenario("small", replicates=1).changed({"design.lines": ("KPL4",)})
    return tuple(study_files(simulate_screen(settings, seed=1)).items())


def _replace(name: str, old: str, new: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def _drop(name: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        del files[name]

    return change


def _raw(files: Files, pattern: str, new: str) -> None:
    """Change lines of the raw block of one plate file."""
    head, raw = files[PLATE].split("Results for")
    files[PLATE] = f"{head}Results for" + re.sub(pattern, new, raw, flags=re.MULTILINE)


def _constant(files: Files) -> None:
    _raw(files, r"^([A-H]);.*$", r"\1;" + "1000;" * 12)


def _no_row(files: Files) -> None:
    _raw(files, r"^C;.*$", "C;" + ";" * 12)


def _text_in_number(files: Files) -> None:
    _raw(files, r"^D;(\d+);\d+", r"D;\1;14B3O2")


def _no_raw_block(files: Files) -> None:
    files[PLATE] = "Plate information" + files[PLATE].split("Plate information")[1]


def _no_positives(files: Files) -> None:
    files["library.csv"] = re.sub(r",positive,", ",excluded,", files["library.csv"])
    files["study.toml"] += '\n[normalize]\nmethod = "npi"\nscale = "raw"\n'


def _truncated_library(files: Files) -> None:
    files["library.csv"] = "\n".join(line for line in files["library.csv"].splitlines() if not line.startswith("L2,"))


FAULTS: dict[str, Callable[[Files], None]] = {
    "missing file": _drop(PLATE),
    "file named twice": _replace("plates.csv", "KPL4_lapatinib_L2_r1.csv", "KPL4_lapatinib_L1_r1.csv"),
    "library plate": _truncated_library,
    "role": _replace("library.csv", ",negative,", ",siScr,"),
    "well": _replace("library.csv", "L1,A02,", "L1,A-2,"),
    "number": _text_in_number,
    "constant": _constant,
    "row": _no_row,
    "raw block": _no_raw_block,
    "vehicle": _replace("study.toml", 'vehicle = "vehicle"', 'vehicle = "DMSO"'),
    "no vehicle": _replace("study.toml", '[treatments]\nvehicle = "vehicle"', "[treatments]"),
    "key": _replace("study.toml", "[treatments]", '[normalize]\nmetod = "median"\n\n[treatments]'),
    "reader": _replace("study.toml", 'reader = "envision"', 'reader = "envison"'),
    "expressed": _replace("study.toml", 'expressed = "expressed.csv"\n', ""),
    "controls": _no_positives,
}


def messages(fault: str, folder: Path) -> list[str]:
    """What `check` says of the study with this fault."""
    files = dict(_sound())
    FAULTS[fault](files)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = check_study(folder)
    said = [*(f"caution: {c}" for c in report.cautions), *(f"error: {e}" for e in report.errors)]
    return [message.replace(f"{folder}/", "") for message in said]
