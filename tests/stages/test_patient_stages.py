"""Stages of patients: one cohort or several, with everything that a study can ask of them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sensitome.cohort.reading import read_cohort
from sensitome.cohort.settings import CohortSettings
from sensitome.cohort.simulate import CohortDesign, simulate_cohort, write_cohort
from sensitome.errors import Caution, MissingExtraError, SettingsError, TableError
from sensitome.io.mirbase import Mirbase
from sensitome.io.study_file import resolve_study
from sensitome.report.sections.patients import build_genes, build_survival
from sensitome.settings import Study
from sensitome.stages.patient_names import same_mirnas
from sensitome.stages.patients import STAGES
from sensitome.stages.record import Context
from sensitome.tables import TABLES, check_table

MIRNAS = ("miR-1", "miR-2", "miR-3")
REAGENTS = pl.DataFrame({"reagent": MIRNAS, "kind": "mimic", "role": "sample"})
HITS = REAGENTS.select("reagent", "kind").with_columns(is_candidate=pl.lit(True))
ENDPOINTS = {
    "os": {"time": "os_months", "status": "os_status"},
    "bcss": {"time": "os_months", "status": "vital_status"},
}


def section(folder: str, **more: object) -> dict[str, Any]:
    files = {name: f"{folder}/{name}.csv" for name in ("clinical", "mirna", "mrna")}
    return {**files, "stage": "stage", "endpoints": ENDPOINTS, "shown": 2, "permutations": 49, **more}


def study_of(*, inputs: Mapping[str, str] | None = None, **sections: object) -> Study:
    given = {"name": "made", "preset": "normann2021", "inputs": {"wells": "wells.csv", **(inputs or {})}, **sections}
    return resolve_study(given)


def run(
    study: Study, folder: Path, *, out: Path | None = None, without: tuple[str, ...] = (), **tables: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Every table that the stages of patients make, each checked against its schema; some stages can be left out."""
    made: dict[str, pl.DataFrame] = {"hits": HITS, "reagents": REAGENTS, **tables}
    for stage in STAGES:
        if stage.applies(study) and stage.name not in without:
            found = stage.run(made, Context(study, folder, out=out))
            assert set(found) == set(stage.makes)
            made |= {name: check_table(table, TABLES[name], name=name) for name, table in found.items()}
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cohorts")
    design = CohortDesign(
        patients=90, mirnas=MIRNAS, genes=60, hazard_ratios={"miR-1": 0.5}, targets=("miR-1",), floored=0
    )
    for seed, name in enumerate(("first", "second"), start=1):
        write_cohort(simulate_cohort(design, seed=seed), home / name)
    truth = pl.read_csv(home / "first" / "truth_targets.csv")["gene"].to_list()
    others = [f"GENE{number}" for number in range(1, 61) if f"GENE{number}" not in truth]
    lines = {"TARGETS": truth, "OTHERS": others[:20], "MORE": others[20:]}
    text = "\n".join("\t".join([name, "", *genes]) for name, genes in lines.items())
    (home / "sets.gmt").write_text(text)
    return home


@pytest.fixture(scope="module")
def two(folder: Path) -> dict[str, pl.DataFrame]:
    study = study_of(
        inputs={"gene_sets": "sets.gmt"},
        cohort=section("first", name="Oslo2", covariates=["age"], strata="er_status"),
        cohorts={"METABRIC": section("second")},
        enrichment={"convention": "recommended", "alpha": 0.05, "evidence": "moderate (predicted)"},
    )
    truth = pl.read_csv(folder / "first" / "truth_targets.csv").with_columns(
        accession=pl.format("hsa-{}", "mirna"), tier=pl.lit("high (predicted)")
    )
    return run(study, folder, targets=truth)


def test_every_table_tells_its_cohort(two: dict[str, pl.DataFrame]) -> None:
    names = [name for stage in STAGES for name in stage.makes if name not in ("survival_pooled", "cohort_flow")]
    for name in names:
        assert two[name]["cohort"].unique(maintain_order=True).to_list() == ["Oslo2", "METABRIC"], name
    row = two["cohorts"].row(0, named=True)
    events = two["survival"].filter(cohort="Oslo2", model="cox", mirna="miR-1")
    told = dict(zip(events["endpoint"], events["n_event"], strict=True))
    assert (row["source"], row["n_patients"], row["n_mirnas"], row["n_mrnas"]) == ("clinical.csv", 90, 3, 60)
    assert row["endpoints"] == f"os ({told['os']} events); bcss ({told['bcss']} events)"


def test_cohorts_are_pooled_and_agree_with_the_truth(two: dict[str, pl.DataFrame]) -> None:
    pooled = two["survival_pooled"].filter(mirna="miR-1", endpoint="bcss")
    assert pooled["source"].to_list() == ["Oslo2", "METABRIC", "fixed", "random"]
    row = pooled.filter(source="fixed").row(0, named=True)
    assert row["ci_low"] < -0.693 < row["ci_high"]
    assert row["q_value"] < 0.001


def test_the_same_mirnas_are_drawn_in_every_cohort(two: dict[str, pl.DataFrame]) -> None:
    for name in ("stage_values", "survival_curves", "survival_scrutiny", "multiverse", "incidence"):
        drawn = two[name].group_by("cohort").agg(pl.col("mirna").unique().sort())["mirna"].to_list()
        assert drawn[0] == drawn[1], name


def test_covariates_and_causes_are_told(two: dict[str, pl.DataFrame]) -> None:
    models = two["survival"].group_by("cohort").agg(pl.col("model").unique().sort())
    assert dict(models.iter_rows()) == {
        "Oslo2": ["cox", "cox-adjusted", "log-rank"],
        "METABRIC": ["cox", "log-rank"],
    }
    figures = two["survival_scrutiny"].filter(cohort="Oslo2", mirna="miR-1", endpoint="bcss")["figure"].to_list()
    assert figures == ["proportional-hazards", "restricted-mean", "firth", "best-cut", "gray", "fine-gray"]
    assert two["incidence"]["endpoint"].unique().to_list() == ["bcss"]
    assert sorted(two["incidence"]["cause"].unique()) == [1, 2]
    cut = two["survival_scrutiny"].filter(figure="best-cut", mirna="miR-1", endpoint="bcss", cohort="Oslo2")
    assert cut["p_value"].item() == pytest.approx(1 / 50)


def test_targets_that_are_pushed_down_lie_lower_and_fill_their_set(two: dict[str, pl.DataFrame]) -> None:
    row = two["association_summary"].filter(cohort="Oslo2", mirna="miR-1").row(0, named=True)
    assert row["n_targets"] == 20
    assert row["target_delta"] < -0.7
    assert row["target_q_value"] == row["target_p_value"] < 1e-5
    others = two["association_summary"].filter(pl.col("mirna") != "miR-1")
    assert others["n_targets"].to_list() == [0] * 4
    assert others["target_p_value"].null_count() == 4
    best = two["association_sets"].filter(cohort="Oslo2", mirna="miR-1", sign="negative").row(0, named=True)
    assert (best["gene_set"], best["list"]) == ("TARGETS", "miR-1, negative")
    assert best["q_value"] < 1e-4


def test_gene_sets_are_held_against_the_mrnas_that_were_measured(folder: Path) -> None:
    study = study_of(
        inputs={"gene_sets": "sets.gmt"},
        cohort=section("first"),
        enrichment={"convention": "enrichr-2018", "alpha": 0.05, "evidence": "moderate (predicted)"},
    )
    made = run(study, folder, without=("stage", "survival"))["association_sets"]
    assert made["convention"].unique().to_list() == ["recommended"]
    assert made["universe_size"].unique().to_list() == [60]


def test_one_cohort_is_not_pooled_and_takes_its_name_from_its_file(folder: Path) -> None:
    made = run(study_of(cohort=section("first", stage=None, mrna=None)), folder)
    assert made["survival_pooled"].is_empty()
    assert made["survival"]["cohort"].unique().to_list() == ["clinical"]
    assert "association" not in made
    assert "stage" not in made


def test_cohorts_that_name_mirnas_otherwise_are_brought_together(folder: Path, tmp_path: Path) -> None:
    write_cohort(
        simulate_cohort(CohortDesign(patients=60, mirnas=("hsa-miR-1", "hsa-miR-7"), genes=9, floored=0), seed=3),
        tmp_path / "third",
    )
    cohorts = {"first": section(f"{folder}/first"), "third": section(str(tmp_path / "third"))}
    with pytest.warns(Caution) as caught:
        made = run(study_of(cohorts=cohorts), tmp_path)
    third = made["cohort_mirnas"].filter(cohort="third").select("mirna", "measured_as").rows()
    assert third == [("miR-1", "hsa-miR-1"), ("miR-2", None), ("miR-3", None)]
    assert set(made["survival_pooled"].filter(mirna="miR-1")["source"]) == {"first", "third", "fixed", "random"}
    told = next(str(warning.message) for warning in caught if "every miRNA" in str(warning.message))
    assert told == (
        "cohort 'third' does not measure every miRNA that is asked for: found 2 of 3 not there: 'miR-2' and 'miR-3'. "
        "Where only their names differ, name a history of miRBase (inputs.mirbase), or write the miRNA as the cohort "
        "does in the library's column target."
    )


def test_names_of_two_releases_mean_one_molecule() -> None:
    matures = pl.DataFrame(
        [("15.0", "hsa-miR-1", "MIMAT1"), ("22.0", "hsa-miR-1-3p", "MIMAT1"), ("22.0", "hsa-miR-2", "MIMAT2")],
        schema=["version", "name", "accession"],
        orient="row",
    ).with_columns(sequence=pl.lit(None, pl.String))
    none = {"accession": pl.String, "name": pl.String}
    base = Mirbase(
        matures,
        pl.DataFrame(schema={"version": pl.String, **none, "mature": pl.String}),
        pl.DataFrame(schema={**none, "forward": pl.String, "comment": pl.String}),
    )
    assert same_mirnas(["hsa-miR-1", "hsa-miR-2"], ["hsa-miR-1-3p", "hsa-miR-2"], base) == {
        "hsa-miR-1": "hsa-miR-1-3p",
        "hsa-miR-2": "hsa-miR-2",
    }
    assert same_mirnas(["hsa-miR-1"], ["hsa-miR-1-3p"], None) == {}


def test_only_the_strongest_pairs_are_held_and_all_are_in_a_file(folder: Path, tmp_path: Path) -> None:
    rest = ("stage", "survival")
    given = section("first", name="Oslo 2", alpha=0.5)
    every = run(study_of(cohort=given), folder, out=tmp_path, without=rest)["association"]
    assert not (tmp_path / "association").exists()
    with pytest.warns(Caution) as caught:
        few = run(study_of(cohort={**given, "most_pairs": 5}), folder, out=tmp_path, without=rest)
    written = pl.read_parquet(tmp_path / "association" / "Oslo-2.parquet")
    assert written.equals(every.select(written.columns))
    kept = every.sort("p_value", pl.col("effect").abs(), descending=[False, True])[:5]
    assert few["association"].equals(every.join(kept, on=["mirna", "gene"], how="semi", maintain_order="left"))
    assert str(caught[0].message) == (
        "more mRNAs go with miRNAs in cohort 'Oslo 2' than the table association holds: "
        f"found {every.height} pairs, expected at most 5, the strongest. "
        "Gene sets are tested among those. All are in association/Oslo-2.parquet."
    )


def test_other_correlations_families_and_covariates_can_be_asked_for(folder: Path) -> None:
    rest = ("stage", "survival")
    plain = run(study_of(cohort=section("first", alpha=0.5)), folder, without=rest)["association"]
    given = {"correlation": "pearson", "correlation_covariates": ["age"], "family": "all", "alpha": 0.5}
    other = run(study_of(cohort=section("first", **given)), folder, without=rest)["association"]
    both = plain.join(other, on=["mirna", "gene"])
    assert both.height
    assert not both["effect"].equals(both["effect_right"])
    assert other["q_value"].max() <= 0.5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("setting", "value"), [("covariates", ["grade"]), ("correlation_covariates", ["grade"]), ("strata", "grade")]
)
def test_columns_that_are_not_there_are_named(folder: Path, setting: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        run(study_of(cohorts={"A": section("first", **{setting: value})}), folder)
    fault = f"  column cohorts.A.{setting}: found 'grade', expected a clinical column of cohort 'A'."
    assert str(caught.value).split("\n")[1:] == [fault]
    assert str(caught.value).startswith("some clinical columns are not there: found ")


def test_two_cohorts_need_two_names() -> None:
    with pytest.raises(SettingsError) as caught:
        study_of(cohort=section("first", name="A"), cohorts={"A": section("second")})
    assert "another name for [cohorts.A] than 'A', which [cohort] has already" in str(caught.value)


def test_a_gpu_that_is_not_there_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensitome.device.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError) as caught:
        run(study_of(cohort=section("first", device="gpu")), folder)
    assert str(caught.value) == (
        "device = \"gpu\" needs the package 'torch', which is not installed. Run: pip install 'sensitome[gpu]'."
    )


PATIENT_TEXT = "PATIENT_ID\tOS_MONTHS\tOS_STATUS\tVITAL_STATUS\n"
SAMPLE_TEXT = "PATIENT_ID\tSAMPLE_ID\n"


@pytest.fixture
def portal(folder: Path, tmp_path: Path) -> Path:
    """The first cohort as a study folder of cBioPortal, without a matrix."""
    clinical = pl.read_csv(folder / "first" / "clinical.csv")
    rows = clinical.select("patient", "os_months", "os_status", "vital_status").iter_rows()
    (tmp_path / "data_clinical_patient.txt").write_text(
        PATIENT_TEXT + "".join("\t".join(map(str, row)) + "\n" for row in rows)
    )
    samples = "".join(f"{name}\t{name}\n" for name in clinical["patient"])
    (tmp_path / "data_clinical_sample.txt").write_text(SAMPLE_TEXT + samples)
    return tmp_path


def test_a_folder_without_mrnas_is_told_and_has_no_chapter_on_genes(folder: Path, portal: Path) -> None:
    study = study_of(cohort={"folder": portal.name, "mirna": f"{folder}/first/mirna.csv", "shown": 1})
    with pytest.warns(Caution) as caught:
        made = run(study, portal.parent)
    assert [str(warning.message) for warning in caught if "matrix" in str(warning.message)] == [
        f"cohort {portal.name!r} has no matrix of mRNAs. "
        "Nothing is said of genes that go with its miRNAs; name one with `mrna`."
    ]
    assert made["association_summary"].is_empty()
    assert build_genes(made, {}) is None
    assert made["cohorts"]["n_mrnas"].to_list() == [None]
    assert set(made["survival"]["endpoint"]) == {"os", "bcss"}


def test_a_folder_without_mirnas_cannot_be_asked(portal: Path) -> None:
    with pytest.raises(TableError) as caught:
        run(study_of(cohorts={"A": {"folder": portal.name}}), portal.parent)
    assert str(caught.value) == (
        f"cohort 'A' has no matrix of miRNAs in {portal.name}. "
        "Name a matrix of miRNAs, features × samples: `mirna` in the section [cohorts.A]."
    )


def test_a_matrix_of_other_samples_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "turned.csv").write_text("sample,miR-1\nP0001,7.5\n")
    with pytest.raises(TableError) as caught:
        run(study_of(cohort=section(f"{folder}/first", name="A", mirna="turned.csv")), tmp_path)
    assert str(caught.value) == (
        "no sample of the matrix mirna is a patient of cohort 'A' in turned.csv: found 'miR-1' against 'P0001', "
        "'P0002', 'P0003' and 87 more, expected the same names of samples. "
        "Bring the names into one form; a matrix with samples as rows has to be turned."
    )


def test_the_page_tells_cohorts_power_and_checks(two: dict[str, pl.DataFrame]) -> None:
    told = build_survival(two, {"study": {"cohort": {"covariates": ["age"]}}})
    assert told is not None
    assert [row["cohort"] for row in told["cohorts"]] == ["Oslo2", "METABRIC"]
    assert told["adjusted"] == "age"
    assert "miR-1 (BCSS)" in told["pooled"]
    assert re.fullmatch(r"\d+ % for BCSS in METABRIC \(\d+ events\)", told["sight"][0])
    assert told["has_causes"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        genes = build_genes(two, {})
    assert genes is not None
    assert genes["lower"] == ["miR-1"]
    assert genes["has_sets"]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_cohort_in_one_file_gives_what_its_tables_give(folder: Path, tmp_path: Path) -> None:
    mudata = pytest.importorskip("mudata", reason="the extra anndata is optional")
    tables = CohortSettings(**section("first"))
    cohort = read_cohort(tables, folder=folder, matrices=("mirna", "mrna"))
    data = mudata.MuData({role: cohort.matrix(role).to_anndata() for role in ("mirna", "mrna")})
    clinical = pl.read_csv(folder / "first" / "clinical.csv", infer_schema=False).to_pandas()
    data.obs = clinical.set_index("sample" if "sample" in clinical else "patient", drop=False).loc[data.obs_names]
    data.write_h5mu(tmp_path / "clinical.h5mu")
    given = section("first", clinical="clinical.h5mu", form="mudata", mirna=None, mrna=None)
    found = run(study_of(cohort=given), tmp_path)
    expected = run(study_of(cohort=section("first")), folder)
    for name in ("survival", "association", "stage"):
        assert found[name].drop("cohort").equals(expected[name].drop("cohort")), name
