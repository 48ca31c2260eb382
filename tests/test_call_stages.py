"""The stages behind the calls: what they make of a study, and what they leave empty with a reason."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from tests.screen.small_scores import planned, quiet_scores

from sensitome.check import check_study
from sensitome.errors import Caution
from sensitome.io.prior_file import prior_content
from sensitome.io.study_file import read_study
from sensitome.screen.prior import keep_prior
from sensitome.screen.sensitization import sensitize
from sensitome.settings import Study
from sensitome.stages.calls import STAGES
from sensitome.stages.record import Context, Tables
from sensitome.tables import TABLES, check_table

STAGE = {stage.name: stage for stage in STAGES}


@pytest.fixture(scope="module")
def study(small_study: Path) -> Study:
    return read_study(small_study)


@pytest.fixture(scope="module")
def tables() -> Tables:
    screen = planned(2, 1)
    found = sensitize(screen.scores, treatments=screen.treatments, families=screen.families)
    reagents = screen.targets.with_columns(role=pl.lit("sample"))
    made = {"scores": screen.scores, "reagents": reagents, "sensitizers": found.sensitizers}
    return made | {"expressed": screen.expressed}


def run(name: str, tables: Mapping[str, pl.DataFrame], study: Study, folder: Path = Path()) -> Tables:
    made = STAGE[name].run(tables, Context(study, folder))
    assert set(made) == set(STAGE[name].makes)
    return {key: check_table(table, TABLES[key], name=key) for key, table in made.items()}


def with_settings(study: Study, section: str, **changes: object) -> Study:
    return study.model_copy(update={section: getattr(study, section).model_copy(update=changes)})


def test_the_chance_of_a_call_is_in_every_run(tables: Tables, study: Study) -> None:
    few = with_settings(study, "hits", bootstrap=20)
    table = run("probability", tables, few)["call_probability"]
    assert table.height == 160 * 6
    assert table["rounds"].unique().to_list() == [20]
    assert run("probability", tables, with_settings(study, "hits", bootstrap=0))["call_probability"].is_empty()


def test_one_replicate_without_a_vehicle_has_no_chance_and_says_so(study: Study) -> None:
    scores = quiet_scores(replicates=1, arms=("none",)).with_columns(score=pl.col("score_r1"), n=pl.lit(1, pl.Int32))
    alone = study.model_copy(
        update={"treatments": study.treatments.model_copy(update={"vehicle": None, "combinations": {}})}
    )
    tables = {"scores": scores, "reagents": scores.select("reagent", "kind", "role").unique()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = run("probability", tables, alone)["call_probability"]
    assert table.is_empty()
    said = [str(warning.message) for warning in caught if isinstance(warning.message, Caution)]
    assert any(text.startswith("the chance that the rule calls again is not known: found the noise") for text in said)


def test_null_screens_are_made_when_asked_for(tables: Tables, study: Study) -> None:
    assert run("null", tables, study)["null_calls"].is_empty()
    asked = with_settings(study, "sensitization", null_screens=2, method="moderated-t")
    table = run("null", tables, asked)["null_calls"]
    assert table["called_by"].to_list() == ["rule", "moderated-t"]
    assert table["rounds"].to_list() == [2, 2]
    assert table["expected"].null_count() == 0


def test_support_is_empty_where_nothing_gives_it(tables: Tables, study: Study) -> None:
    wells = pl.DataFrame(
        {"cell_line": "KPL4", "treatment": "vehicle", "replicate": 1, "library_plate": "L1", "plate": "P1",
         "role": "sample", "kind": "mimic", "control_class": pl.Series([None], dtype=pl.String), "signal": 1.0}
    )  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = run("support", {**tables, "wells": wells}, study)
    assert made["drug_effects"].is_empty()
    assert made["control_agreement"].is_empty()
    assert made["line_evidence"].height > 0
    assert made["antisymmetry"].height > 0
    assert made["three_way"]["treatment"].unique().to_list() == ["trastuzumab+lapatinib"]
    assert any(str(warning.message).startswith("what the drugs do alone is not known") for warning in caught)


def test_a_study_with_arms_has_no_table_of_one_arm(tables: Tables, study: Study) -> None:
    assert run("one arm", {**tables, "wells": tables["scores"]}, study)["one_arm"].is_empty()


def kept_prior(study_folder: Path, folder: Path, **changes: object) -> Path:
    """A copy of a study whose prior is that of another screen."""
    screen = planned(2, 1)
    kept = keep_prior(sensitize(screen.scores, treatments=screen.treatments).fit)
    assert kept is not None
    (folder / "prior.json").write_text(json.dumps(prior_content(kept) | changes), encoding="utf-8")
    text = (study_folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text + '\n[sensitization]\nprior = "prior.json"\n', encoding="utf-8")
    for path in study_folder.iterdir():
        if path.name != "study.toml":
            (folder / path.name).symlink_to(path)
    return folder


def test_check_reads_a_prior_and_finds_nothing(small_study: Path, tmp_path: Path) -> None:
    assert check_study(kept_prior(small_study, tmp_path)).errors == ()


def test_check_names_a_prior_of_other_lines(small_study: Path, tmp_path: Path) -> None:
    folder = kept_prior(small_study, tmp_path)
    text = (folder / "prior.json").read_text(encoding="utf-8").replace("SUM190PT", "MCF7")
    (folder / "prior.json").write_text(text, encoding="utf-8")
    errors = check_study(folder).errors
    assert len(errors) == 1
    assert str(errors[0]).startswith("the prior does not fit this screen in sensitization.prior = 'prior.json'")
    (folder / "prior.json").unlink()
    assert any(str(error).startswith("no prior of sensitization in ") for error in check_study(folder).errors)
