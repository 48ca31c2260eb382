"""study.toml: presets, overrides, and messages with lines."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from sensitome.errors import SettingsError, SourceError
from sensitome.io.study_file import read_preset, read_study, resolve_study
from sensitome.io.study_template import study_template, write_template
from sensitome.settings import PRESETS, Study

MINIMAL = 'preset = "normann2021"\n[inputs]\nplates = "plates.csv"\nlibrary = "library.csv"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_answers_everything_that_a_study_leaves_open(preset: str) -> None:
    study = resolve_study({"name": "x", "preset": preset, "inputs": {"cellhts2": "folder"}})
    assert study.preset_version == read_preset(preset)["version"]


def test_a_study_overrides_its_preset_key_by_key(tmp_path: Path) -> None:
    study = read_study(write(tmp_path, MINIMAL + "[normalize]\nspan = 0.5\n[hits]\nspread = 'mad'\n"))
    assert (study.normalize.span, study.normalize.method) == (0.5, "stats-loess")
    assert (study.hits.spread, study.hits.k) == ("mad", 3.0)
    assert study.name == tmp_path.name


def test_every_fault_is_named_with_its_line_and_the_closest_key(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL + 'redaer = "envision"\n[normalize]\nmethod = "stats-loes"\nspan = -1\n')
    with pytest.raises(SettingsError) as caught:
        read_study(path)
    first, second, third = caught.value.faults
    assert (first.line, first.column, first.value) == (5, "inputs.redaer", "redaer")
    assert first.next_step == "Did you mean 'reader'?"
    assert (second.line, second.next_step) == (7, "Did you mean 'stats-loess'?")
    assert str(third) == f"{path}, line 8, column normalize.span: found -1, expected greater than 0."


def test_a_study_without_preset_must_answer_and_is_told_of_presets(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_study(write(tmp_path, '[inputs]\ncellhts2 = "x"\n'))
    assert {fault.rule for fault in caught.value.faults} == {
        f"the key {key!r} is missing" for key in ("normalize", "score", "hits", "sensitization")
    }
    assert caught.value.next_step == "A preset answers what is missing: preset = 'normann2021' or 'cellhts2'."


def test_an_unknown_preset_is_refused_with_the_closest() -> None:
    message = (
        "unknown preset in study: found 'norman2021', expected 'normann2021' or 'cellhts2'. Did you mean 'normann2021'?"
    )
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        resolve_study({"name": "x", "preset": "norman2021"})


def test_readings_come_from_one_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_study(write(tmp_path, MINIMAL + 'cellhts2 = "x"\n'))
    assert [fault.rule for fault in caught.value.faults] == [
        "expected exactly one of plates, wells and cellhts2 (found plates, cellhts2)"
    ]


def test_a_file_that_is_not_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "name = \n")
    with pytest.raises(SettingsError, match=re.escape(f"not valid TOML in {path}: found Invalid value (at line 1")):
        read_study(path)


def test_a_missing_study_says_how_to_make_one(tmp_path: Path) -> None:
    message = (
        f"no study file in {tmp_path / 'study.toml'}: expected a study.toml. "
        "Run `sensitome init FOLDER` to make one to fill in."
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        read_study(tmp_path)


def answered(text: str) -> Study:
    """The template with every key and section that is an example put in."""
    uncommented = re.sub(r'(?m)^#(?=[a-z_]+ = |\[|")', "", text)
    return resolve_study(tomllib.loads(uncommented), text=uncommented)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_template_is_a_study_whose_keys_show_what_holds_without_them(preset: str) -> None:
    text = study_template("mine", preset=preset)
    as_it_is, with_all = resolve_study(tomllib.loads(text), text=text), answered(text)
    for section in ("normalize", "score", "hits", "stability", "quality", "report"):
        assert getattr(with_all, section) == getattr(as_it_is, section)
    for section in ("expression", "enrichment", "validation", "protein"):
        own, shown = getattr(as_it_is, section, None), getattr(with_all, section, None)
        assert own is None or own.model_dump(exclude_defaults=True).items() <= shown.model_dump().items()


def test_the_template_shows_every_section_and_every_input() -> None:
    study = answered(study_template("mine", preset="normann2021"))
    instead = {"wells", "cellhts2", "plateconf", "screenlog", "gene_ids"}
    assert {key for key, value in study.inputs.model_dump().items() if not value} == instead
    assert [name for name in Study.model_fields if getattr(study, name) is None] == []
    assert study.cohort is not None
    assert study.cohort.endpoints["os"].time == "os_months"


def test_the_template_explains_every_key() -> None:
    lines = ["", *study_template("mine", preset="normann2021").splitlines()]
    keys = [index for index, line in enumerate(lines) if re.match(r"^#?[a-z_]+ = ", line)]
    unexplained = [lines[index] for index in keys if not lines[index - 1].startswith("# ")]
    own_words = [line for line in unexplained if not re.match(r"#(spread|pool|controls|exclusion|summary) = \[", line)]
    assert own_words == ['name = "mine"', 'title = "mine"']


def test_init_writes_nothing_over_what_is_there(tmp_path: Path) -> None:
    assert [path.name for path in write_template(tmp_path / "new", preset="normann2021")] == [
        "study.toml",
        "plates.csv",
        "library.csv",
        "expressed.csv",
    ]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "library.csv").write_text("mine")
    message = (
        f"the folder already has such files in {tmp_path / 'old'}: found 'library.csv'. "
        "Choose another folder; nothing was written."
    )
    with pytest.raises(SourceError, match=f"^{re.escape(message)}$"):
        write_template(tmp_path / "old", preset="normann2021")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["library.csv"]
