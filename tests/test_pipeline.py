"""A run from raw files: what it makes, how it resumes, and that nothing but the inputs decides its bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from threadpoolctl import threadpool_info

from sensitome import pipeline
from sensitome.errors import SourceError
from sensitome.io.run_folder import RunFolder
from sensitome.io.study_file import read_study, resolve_study
from sensitome.pipeline import STAGES, run_study
from sensitome.stages.record import Context, Stage
from sensitome.tables import TABLES, check_table


@pytest.fixture(scope="module")
def results(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    run_study(read_study(small_study), folder=small_study, out=out)
    return out


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_run_makes_every_table_and_each_keeps_its_schema(results: Path) -> None:
    for name, schema in TABLES.items():
        table = pl.read_parquet(results / "tables" / f"{name}.parquet")
        assert check_table(table, schema, name=name).equals(table)
        assert (results / "tables" / f"{name}.csv").is_file()


def test_the_manifest_names_inputs_settings_and_headline_without_clock_or_machine(
    results: Path, small_study: Path
) -> None:
    manifest = json.loads((results / "manifest.json").read_text())
    listed = {entry["file"]: entry["sha256"] for entry in manifest["inputs"]}
    assert listed["plates.csv"] == hashlib.sha256((small_study / "plates.csv").read_bytes()).hexdigest()
    assert {"library.csv", "expressed.csv", "truth.csv"} <= set(listed)
    assert manifest["study"]["preset"] == "normann2021"
    assert manifest["headline"]["reagents"] == 60
    assert 0 <= manifest["headline"]["recall"] <= 1
    assert str(small_study) not in (results / "manifest.json").read_text()


def test_the_number_of_threads_and_the_place_do_not_change_a_byte(
    small_study: Path, results: Path, tmp_path: Path
) -> None:
    run_study(read_study(small_study), folder=small_study, out=tmp_path / "again", jobs=3)
    assert digests(tmp_path / "again") == digests(results)


def test_a_second_run_does_nothing_and_changes_nothing(small_study: Path, results: Path) -> None:
    before = digests(results)
    again = run_study(read_study(small_study), folder=small_study, out=results)
    assert again.reused == tuple(stage.name for stage in STAGES)
    assert digests(results) == before


@pytest.mark.parametrize("last", ["read", "normalize", "score", "hits"])
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    small_study: Path, results: Path, tmp_path: Path, last: str
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        del total
        if stage == last and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(read_study(small_study), folder=small_study, out=tmp_path, progress=stop)
    assert not (tmp_path / "manifest.json").exists()
    finished = run_study(read_study(small_study), folder=small_study, out=tmp_path)
    assert last in finished.reused
    assert digests(tmp_path) == digests(results)


def test_a_changed_setting_runs_only_what_depends_on_it(small_study: Path, results: Path, tmp_path: Path) -> None:
    study = read_study(small_study)
    run_study(study, folder=small_study, out=tmp_path)
    changed = study.model_copy(update={"hits": study.hits.model_copy(update={"spread": "mad"})})
    again = run_study(changed, folder=small_study, out=tmp_path)
    kept = {"read", "normalize", "quality", "score", "expression", "validation", "agreement", "protein", "targets"}
    assert kept <= set(again.reused)
    assert not {"hits", "stability", "enrichment"} & set(again.reused)
    assert digests(tmp_path)["tables/scores.csv"] == digests(results)["tables/scores.csv"]


def test_a_table_that_somebody_changed_is_made_again(small_study: Path, results: Path, tmp_path: Path) -> None:
    study = read_study(small_study)
    run_study(study, folder=small_study, out=tmp_path)
    (tmp_path / "tables" / "scores.parquet").write_bytes(b"spoiled")
    again = run_study(study, folder=small_study, out=tmp_path)
    assert "score" not in again.reused
    assert digests(tmp_path) == digests(results)


def test_a_plate_file_that_changes_during_the_run_is_told(small_study: Path, tmp_path: Path) -> None:
    plate = small_study / pl.read_csv(small_study / "plates.csv")["file"][0]
    text = plate.read_text()

    def spoil(stage: str, done: int, total: int) -> None:
        del done, total
        if stage == "read":
            plate.write_text(text + "\n")

    try:
        with pytest.raises(SourceError, match="inputs changed during the run"):
            run_study(read_study(small_study), folder=small_study, out=tmp_path, progress=spoil)
    finally:
        plate.write_text(text)


def test_the_stability_map_holds_the_studys_own_setting_and_its_calls(results: Path) -> None:
    settings = pl.read_parquet(results / "tables" / "stability_settings.parquet")
    hits = pl.read_parquet(results / "tables" / "hits.parquet")
    own = settings.filter("is_own")
    assert own["n_hits"].to_list() == [hits["is_hit"].sum()]
    assert own["jaccard"].to_list() == [1.0] if hits["is_hit"].any() else True
    stability = pl.read_parquet(results / "tables" / "stability.parquet")
    assert stability["is_hit"].sum() == hits["is_hit"].sum()
    assert set(stability["n_settings"]) == {settings.height}
    assert stability["n_called"].sum() == settings["n_hits"].sum()


def test_linear_algebra_of_a_stage_runs_on_one_thread(tmp_path: Path) -> None:
    seen: list[int] = []

    def look(_tables: object, _context: object) -> dict[str, pl.DataFrame]:
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return {}

    stage = Stage("look", (), (), (), (), look)
    study = resolve_study({"name": "x", "preset": "normann2021", "inputs": {"wells": "wells.csv"}})
    pipeline._run_stage(stage, "key", {}, Context(study, tmp_path), RunFolder(tmp_path))
    assert set(seen) == {1}
