"""Cohorts in files of MuData and AnnData."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.reading import read_cohort
from sensitome.cohort.settings import CohortSettings
from sensitome.errors import MissingExtraError, SourceError
from sensitome.io.annotated import read_annotated

ENDPOINTS = {"os": {"time": "months", "status": "status"}}


def written(folder: Path, name: str) -> Path:
    """A file with four patients, three miRNAs and, where it can have parts, two mRNAs."""
    anndata = pytest.importorskip("anndata", reason="the extra anndata is optional")
    pandas = import_module("pandas")
    names = [f"P{number}" for number in range(1, 5)]
    obs = {"months": [1.0, 2.0, 3.5, 4.0], "status": ["DECEASED", "LIVING", "DECEASED", "LIVING"]}
    patients = pandas.DataFrame(obs, index=names)
    mirna = anndata.AnnData(np.arange(12.0).reshape(4, 3), obs=patients, var=pandas.DataFrame(index=["m1", "m2", "m3"]))
    if name.endswith(".h5ad"):
        mirna.write_h5ad(folder / name)
        return folder / name
    mudata = pytest.importorskip("mudata", reason="the extra anndata is optional")
    bare = pandas.DataFrame(index=names)
    mirna.obs = bare
    genes = anndata.AnnData(np.arange(8.0).reshape(4, 2), obs=bare.copy(), var=pandas.DataFrame(index=["A", "B"]))
    data = mudata.MuData({"mirna": mirna, "mrna": genes})
    data.obs = patients
    data.write_h5mu(folder / name)
    return folder / name


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("name", "roles"), [("cohort.h5ad", {"mirna"}), ("cohort.h5mu", {"mirna", "mrna"})])
def test_a_file_is_a_cohort(tmp_path: Path, name: str, roles: set[str]) -> None:
    written(tmp_path, name)
    settings = CohortSettings(clinical=name, form="mudata", endpoints=ENDPOINTS)
    cohort = read_cohort(settings, folder=tmp_path, matrices=("mirna",))
    assert set(cohort.matrices) == roles
    assert cohort.name == "cohort"
    clinical = cohort.clinical.select("patient", "os_time", "os_event").sort("patient")
    assert clinical.rows() == [("P1", 1.0, True), ("P2", 2.0, False), ("P3", 3.5, True), ("P4", 4.0, False)]
    mirna = cohort.matrix("mirna")
    assert mirna.features["feature"].cast(pl.String).to_list() == ["m1", "m2", "m3"]
    np.testing.assert_array_equal(mirna.values, np.arange(12.0).reshape(4, 3))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=re.escape(str(tmp_path / "cohort.h5mu"))):
        read_annotated(tmp_path / "cohort.h5mu")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=re.escape("expected AnnData (.h5ad) or MuData (.h5mu)")):
        read_annotated(tmp_path / "cohort.csv")


@pytest.mark.skipif(find_spec("mudata") is not None, reason="mudata is installed")
def test_a_missing_package_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "cohort.h5mu").touch()
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'sensitome[anndata]'")):
        read_annotated(tmp_path / "cohort.h5mu")


@pytest.mark.skipif(find_spec("anndata") is None, reason="the extra anndata is optional")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "cohort.h5ad").write_text("no", encoding="utf-8")
    with pytest.raises(SourceError, match="AnnData file cannot be read"):
        read_annotated(tmp_path / "cohort.h5ad")
