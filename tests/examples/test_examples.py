"""The examples, run from their raw files, against what their peers recorded."""

from __future__ import annotations

import gzip
import io
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution
from sensitome.inputs import read_inputs
from sensitome.io.study_file import read_study
from sensitome.io.top_table import top_table
from sensitome.pipeline import Run, run_study
from sensitome.screen.normalize import normalize
from sensitome.settings import NormalizeSettings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run_example(name: str, out: Path, *, folder: Path | None = None, **changes: object) -> Run:
    """Run an example; one without a vehicle arm cautions, which is right."""
    study = read_study(EXAMPLES / name)
    if changes:
        study = study.model_copy(update={"normalize": study.normalize.model_copy(update=changes)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        return run_study(study, folder=folder or EXAMPLES / name, out=out)


def read_gz(path: Path, separator: str) -> pl.DataFrame:
    text = gzip.decompress(path.read_bytes())
    return pl.read_csv(io.BytesIO(text), separator=separator, null_values="NA", infer_schema_length=None)


@pytest.fixture(scope="module")
def kcviab(kcviab_folder: Path) -> Run:
    """The run of KcViab as its page says, its files in the folder `data`."""
    folder = kcviab_folder.parent
    return run_example("kcviab", folder / "results", folder=folder)


def by_well(run: Run) -> pl.DataFrame:
    """Scores of a run by library plate and well."""
    place = pl.col("position").str.split(":")
    return run.tables["scores"].with_columns(
        place.list.get(0).cast(pl.Int64).alias("plate"), place.list.get(1).alias("well")
    )


def test_kcviab_normalized_values_are_those_that_cellhts2_stored(kcviab: Run, shared: Path) -> None:
    stored = read_gz(shared / "data" / "screens" / "cellHTS2" / "HTSanalyzeR_KcViab_Norm.tsv.gz", "\t")
    wells = kcviab.tables["wells"].sort(pl.col("library_plate").cast(pl.Int64), "row", "column")
    for replicate, column in ((1, "X1"), (2, "X2")):
        ours = wells.filter(pl.col("replicate") == replicate)["normalized"].to_numpy()
        theirs = stored[column].cast(pl.Float64).to_numpy()
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        # The stored table has thirteen decimals: equal to all of them.
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=5.1e-14)


def test_kcviab_scores_are_those_of_r(kcviab: Run, shared: Path) -> None:
    recorded = read_gz(shared / "oracle" / "kcviab" / "kcviab_reference.csv.gz", ",")
    both = by_well(kcviab).join(recorded, on=["plate", "well"], how="inner")
    assert both.height > 21_000
    for ours, theirs in (("score_r1", "z1"), ("score_r2", "z2"), ("score", "mean")):
        np.testing.assert_allclose(both[ours].to_numpy(), both[theirs].to_numpy(), atol=1e-9)


def test_kcviab_has_the_hits_and_the_agreement_of_its_publication(kcviab: Run) -> None:
    samples = kcviab.tables["scores"].filter(pl.col("role") == "sample")
    assert samples.filter(pl.col("score") >= 3).height == 443
    assert samples.filter(pl.col("score") >= 5).height == 206
    both = samples.drop_nulls(["score_r1", "score_r2"])
    spearman = both.select(pl.corr("score_r1", "score_r2", method="spearman")).item()
    assert spearman == pytest.approx(0.7687, abs=5e-4)
    z_prime = kcviab.tables["quality"].filter(
        (pl.col("level") == "screen") & pl.col("figure").str.contains("z_prime_robust")
    )
    assert sorted(z_prime["value"].round(3)) == [0.756, 0.808]


@pytest.mark.parametrize(
    ("method", "column", "tolerance"),
    [("bscore-cellhts2", "bscore_log2", 1e-9), ("cellhts2-locfit", "locfit_h3_log2", 1e-6)],
)
def test_kcviab_surfaces_are_those_of_r(kcviab: Run, shared: Path, method: str, column: str, tolerance: float) -> None:
    recorded = read_gz(shared / "oracle" / "kcviab" / "kcviab_reference.csv.gz", ",")
    how = NormalizeSettings.model_validate({"method": method, "scale": "log2", "bandwidth": 3.0, "span": 1e-9})
    wells = normalize(kcviab.tables["wells"], settings=how)
    for replicate in (1, 2):
        ours = wells.filter(pl.col("replicate") == replicate).select(
            pl.col("library_plate").cast(pl.Int64).alias("plate"), "well", "normalized"
        )
        both = ours.join(recorded.select("plate", "well", f"{column}_r{replicate}"), on=["plate", "well"])
        difference = (both["normalized"] - both[f"{column}_r{replicate}"]).abs()
        assert difference.max() < tolerance
        assert both["normalized"].null_count() == both[f"{column}_r{replicate}"].null_count()


def test_kinome_scores_are_those_of_its_top_table(shared: Path, tmp_path: Path) -> None:
    recorded = pl.read_csv(
        shared / "data" / "screens" / "identifying-genetic-dependencies" / "TopTable.txt",
        separator="\t",
        null_values="NA",
        infer_schema_length=None,
    )
    run = run_example("kinome", tmp_path)
    both = by_well(run).join(recorded, on=["plate", "well"], how="inner", suffix="_theirs")
    known = both.drop_nulls(["score", "score_theirs"])
    assert known.height >= 960
    assert (known["score"] - known["score_theirs"]).abs().max() <= 0.005 + 1e-9
    samples = known.filter(pl.col("role") == "sample")["score"]
    # The recorded table has two decimals, so its limits are ours to half a hundredth.
    assert (samples.round(2) <= -2).sum() == 105
    assert (samples.round(2) <= -3).sum() == 42
    wells = run.tables["wells"].with_columns(pl.col("library_plate").cast(pl.Int64).alias("number"))
    for replicate in (1, 2, 3):
        ours = wells.filter(pl.col("replicate") == replicate)
        pair = ours.join(recorded, left_on=["number", "well"], right_on=["plate", "well"]).drop_nulls("normalized")
        difference = (pair["normalized"] - pair[f"normalized_r{replicate}_ch1"]).abs().max()
        assert difference <= 6e-4


@pytest.mark.parametrize(
    ("wells_that_define", "column"), [("negatives", "edgeFactor_loess"), ("all-wells", "edgeFactor_loess_allWell")]
)
def test_envision_loess_surfaces_are_those_of_r(
    shared: Path, tmp_path: Path, wells_that_define: str, column: str
) -> None:
    folder = shared / "data" / "screens" / "DrugScreenExplorer" / "test_subset"
    recorded = read_gz(folder / "expected_edge_correction.tsv.gz", "\t").with_columns(
        pl.concat_str(pl.col("wellID").str.slice(0, 1), pl.col("wellID").str.slice(2)).alias("well")
    )
    run = run_example("envision-ctg", tmp_path, statistics_from=wells_that_define)
    level = pl.col("signal").filter(pl.col("role") == "negative").median().over("plate")
    wells = run.tables["wells"].with_columns(
        (pl.col("fitted") / level).alias("surface"), (pl.col("signal") / level).alias("ratio")
    )
    both = wells.join(recorded, left_on=["plate", "well"], right_on=["fileName", "well"], how="inner")
    assert both.height == 4 * 384
    np.testing.assert_allclose(both["surface"], both[column].cast(pl.Float64), atol=1e-9)
    np.testing.assert_allclose(both["ratio"], both["normVal"], atol=1e-9)


MCF7 = [
    ("z", "raw", "zscore", 1e-12),
    ("robust-z", "raw", "rzscore", 1e-12),
    ("bscore-hitseekr", "raw", "Bscore", 1e-12),
    ("mean", "raw", "centered", 1e-12),
    ("median", "raw", "rcentered", 1e-12),
    ("poc-negative", "raw", "poc", 1e-12),
    ("inhibition", "raw", "npi", 1e-12),
]


@pytest.mark.parametrize(("method", "scale", "column", "tolerance"), MCF7, ids=[row[2] for row in MCF7])
def test_mcf7_inhibitors_have_hitseekrs_numbers(
    shared: Path, method: str, scale: str, column: str, tolerance: float
) -> None:
    assert shared.is_dir()
    wells = read_inputs(read_study(EXAMPLES / "mcf7-inhibitors").inputs, folder=EXAMPLES / "mcf7-inhibitors")
    how = NormalizeSettings.model_validate({"method": method, "scale": scale, "statistics_from": "all-wells"})
    if method in ("poc-negative", "inhibition"):
        # Plate 12 has no controls of its own; the peer took those of plate 11.
        wells = wells.filter(pl.col("library_plate") != "12")
    answer = normalize(wells, settings=how)
    recorded = answer[column].cast(pl.Float64, strict=False)
    np.testing.assert_allclose(answer["normalized"].to_numpy(), recorded.to_numpy(), atol=tolerance, rtol=tolerance)


def test_a_run_gives_a_cellhts2_style_top_table(kcviab: Run) -> None:
    table = top_table(kcviab.tables["wells"], kcviab.tables["scores"])
    assert table.height == 57 * 384
    assert table["score"].drop_nulls().is_sorted(descending=True)
