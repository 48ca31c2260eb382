"""Comparators by class, and the interaction of reagent and drug on a protein."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.protein.assess import assess_proteins
from sensitome.protein.comparators import relative_to_comparator
from sensitome.protein.settings import NORMANN2021, RECOMMENDED
from sensitome.protein.simulate import ArrayDesign, array_files, simulate_array
from sensitome.tables import TABLES, check_table

REAGENTS = (*((f"miR-{i}", "mimic" if i < 20 else "inhibitor") for i in range(40)),)


@pytest.fixture(scope="module")
def array(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two control classes that differ by 1 log2 in KI67, an effect under lapatinib, and one in every arm."""
    folder = tmp_path_factory.mktemp("array")
    names = (*REAGENTS, ("mimic control", "control"), ("inhibitor control", "control"))
    classes = (("mimic control", "mimic"), ("inhibitor control", "inhibitor"))
    effects = np.zeros((42, 4, 9))
    effects[20:40, :, 0], effects[41, :, 0] = 1.0, 1.0
    effects[0, 2, 8] = 1.2
    effects[1, :, 8] = 1.2
    design = ArrayDesign(names, replicates=3, control_classes=classes, protein_sd=0.1)
    made = simulate_array(design, effects=effects, rng=np.random.default_rng(8))
    for name, text in array_files(made).items():
        (folder / name).write_bytes(text.encode())
    return folder


def test_reagents_are_compared_with_the_controls_of_their_class(array: Path) -> None:
    tables = assess_proteins(array / "slides.csv", array / "spots.csv", settings=NORMANN2021, vehicle="vehicle")
    ki67 = tables["proteins"].filter((pl.col("protein") == "KI67") & (pl.col("role") == "sample"))
    by_kind = dict(ki67.group_by("kind").agg(pl.col("effect").median()).iter_rows())
    assert by_kind == {"mimic": pytest.approx(0, abs=0.2), "inhibitor": pytest.approx(0, abs=0.2)}
    for name, table in tables.items():
        check_table(table, TABLES[name], name=name)


def test_a_class_without_controls_of_its_own_takes_all() -> None:
    items = pl.DataFrame(
        {
            "kind": ["mimic", "siRNA", "control", "control"],
            "role": ["sample", "sample", "negative", "negative"],
            "control_class": [None, None, "mimic", "inhibitor"],
        }
    )
    log2 = np.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0], [1.0, 1.0]])
    relative = relative_to_comparator(log2, items, settings=NORMANN2021)
    np.testing.assert_allclose(relative, [[1, 2], [0.5, 1.5], [-0.5, -0.5], [0.5, 0.5]])
    nobody = relative_to_comparator(log2[:2], items.head(2), settings=NORMANN2021)
    np.testing.assert_allclose(nobody, 0)


def test_only_what_the_drug_changes_is_an_interaction(array: Path) -> None:
    tables = assess_proteins(array / "slides.csv", array / "spots.csv", settings=RECOMMENDED, vehicle="vehicle")
    found = tables["protein_interactions"]
    assert set(found["treatment"]) == {"trastuzumab", "lapatinib", "trastuzumab+lapatinib"}
    changed = found.filter(pl.col("q_value") < 0.001)
    assert changed.select("reagent", "treatment", "protein", "direction").rows() == [
        ("miR-0", "lapatinib", "cPARP", "up")
    ]
    (row,) = changed.iter_rows(named=True)
    assert row["ci_low"] < 1.2 < row["ci_high"]
    assert row["n"] == 3
    main = tables["proteins"].filter((pl.col("reagent") == "miR-1") & (pl.col("protein") == "cPARP"))
    assert (main["q_value"] < 0.05).all()


def test_the_order_of_the_spots_does_not_matter(array: Path, tmp_path: Path) -> None:
    first = assess_proteins(array / "slides.csv", array / "spots.csv", settings=RECOMMENDED, vehicle="vehicle")
    for path in array.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    spots = pl.read_csv(array / "spots.csv")
    spots.sample(fraction=1, shuffle=True, seed=1).write_csv(tmp_path / "spots.csv")
    again = assess_proteins(tmp_path / "slides.csv", tmp_path / "spots.csv", settings=RECOMMENDED, vehicle="vehicle")
    assert all(again[name].equals(first[name]) for name in ("proteins", "protein_interactions"))
