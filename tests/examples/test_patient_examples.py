"""The examples on patients, from their raw files, against what was recorded."""

from __future__ import annotations

import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import polars as pl

from sensitome.errors import Caution
from sensitome.io.study_file import read_study
from sensitome.pipeline import run_study

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name: str, file: str = "run") -> ModuleType:
    spec = spec_from_file_location(f"{name.replace('-', '_')}_{file}", EXAMPLES / name / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_metabric_gives_the_table_of_its_page(shared: Path) -> None:
    table = load("metabric").run(shared / "data" / "metabric")
    assert table["chi_square"].round(4).to_list() == [19.7056, 49.978, 19.1103, 17.6971, 28.1807, 29.4409]
    assert table["n"].to_list() == [1979, 1978, 178, 178, 247, 247]
    assert table["n_event"].to_list() == [1143, 646, 113, 92, 155, 120]


def test_metabric_runs_as_a_study_from_its_folder(shared: Path, tmp_path: Path) -> None:
    study = load("metabric", "prepare").prepare(shared / "data" / "metabric", tmp_path / "study")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # they are in the manifest
        run = run_study(read_study(study), folder=study.parent, out=tmp_path / "results")
    row = run.tables["cohorts"].row(0, named=True)
    assert (row["cohort"], row["n_patients"], row["n_mrnas"]) == ("METABRIC, HER2+", 247, None)
    assert row["endpoints"] == "os (155 events); bcss (120 events)"
    index = run.tables["survival"].filter(mirna="NPI", model="log-rank")
    assert index["statistic"].round(6).to_list() == [28.180692, 29.440858]
    pairs = run.tables["stage"].filter(mirna="NPI")
    assert pairs["statistic"].to_list() == [463, 43.5, 541.5]
    assert [f"{p:.4g}" for p in pairs["p_value"]] == ["4.564e-16", "7.876e-12", "7.525e-07"]
    patients = dict(run.tables["stage_patients"].select("stage", "n").iter_rows())
    assert patients == {"0": 4, "1": 50, "2": 100, "3": 28, "4": 1, None: 64}
    assert run.tables["association_summary"].is_empty()
    told = [caution["what"] for caution in run.manifest["cautions"]]
    assert "cohort 'METABRIC, HER2+' has no matrix of mRNAs" in told


def test_tcga_shows_no_difference_for_mir_101_5p(shared: Path) -> None:
    table, flow = load("tcga-brca").run(shared / "data" / "tcga_brca")
    halves = {row["mirna"]: row for row in table.filter(pl.col("model") == "log-rank").to_dicts()}
    mir_101 = halves["hsa-miR-101-5p"]
    assert (round(mir_101["statistic"], 4), round(mir_101["p_value"], 5)) == (0.6928, 0.40521)
    assert (mir_101["n_high"], mir_101["n_low"], mir_101["n_event"], mir_101["note"]) == (77, 78, 22, "")
    mir_1237 = halves["hsa-miR-1237-3p"]
    assert mir_1237["note"] == "unequal halves: 136 low, 19 high, 136 at the median"
    assert round(mir_1237["p_value"], 5) == 0.03879
    assert table["q_value"].min() > 0.05  # type: ignore[operator]
    assert flow["reason"][0] == "deaths that only follow-up forms tell: 47"


def test_tcga_runs_as_a_study_from_raw_counts_and_forms(shared: Path, tmp_path: Path) -> None:
    study = load("tcga-brca", "prepare").prepare(shared / "data" / "tcga_brca", tmp_path / "study")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        run = run_study(read_study(study), folder=study.parent, out=tmp_path / "results")
    row = run.tables["survival"].filter(mirna="miR-101-5p", model="log-rank").row(0, named=True)
    assert (round(row["statistic"], 4), round(row["p_value"], 4)) == (0.6928, 0.4052)
    assert (row["n_high"], row["n_low"], row["n_event"], row["endpoint"]) == (77, 78, 22, "os")
    names = run.tables["cohort_mirnas"].select("mirna", "measured_as").rows()
    assert ("miR-101-5p", "hsa-miR-101-5p") in names
    reasons = dict(run.tables["cohort_flow"].select("reason", "n_left_out").iter_rows())
    assert reasons["time zero"] == 12
    assert reasons["deaths that only follow-up forms tell: 47"] == 0
    assert reasons["no mirna measured"] == 5
    assert run.tables["cohorts"].select("n_patients", "time_unit").row(0) == (159, "days")


def test_micma_has_119_and_107_significant_mrnas(shared: Path) -> None:
    summary, pairs = load("micma").run(shared / "data" / "mirna_arrays")
    counts = {row["mirna"]: (row["n_significant"], row["n_positive"]) for row in summary.to_dicts()}
    assert counts["hsa-miR-101-5p"] == (119, 119)
    assert counts["hsa-miR-29c-3p"] == (107, 106)
    assert pairs.height == summary["n_significant"].sum()
