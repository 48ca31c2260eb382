"""Raw validation plates and slides with known truth, carried through to one row of evidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.evidence.conclude import conclude
from sensitome.evidence.gather import gather_evidence, list_candidates
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.sources import Asked
from sensitome.protein.assess import assess_proteins
from sensitome.protein.settings import RECOMMENDED as PROTEINS
from sensitome.protein.simulate import ArrayDesign, array_files, simulate_array
from sensitome.screen.layout import read_wells
from sensitome.validation.assess import assess_validation
from sensitome.validation.settings import RECOMMENDED
from sensitome.validation.simulate import AssayDesign, simulate_assay, simulated_files

NAMES = tuple((f"miR-{i}", "mimic") for i in range(8))
COMBINED = {"trastuzumab+lapatinib": ("trastuzumab", "lapatinib")}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder: Path = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(11)
    interaction = np.zeros((8, 4))
    interaction[0, 2:] = -0.73
    assay = simulate_assay(AssayDesign(NAMES), alone=np.array([-1.0] + [0.0] * 7), interaction=interaction, rng=rng)
    effects = np.zeros((41, 4, 9))
    effects[0, 2:, 0], effects[0, 2:, 8] = -1.5, 1.5
    reagents = (*NAMES, *((f"other-{i}", "mimic") for i in range(32)), ("scrambled", "control"))
    array = simulate_array(ArrayDesign(reagents), effects=effects, rng=rng)
    for name, text in {**simulated_files(assay), **array_files(array)}.items():
        (folder / name).write_bytes(text.encode())
    wells = read_wells(folder / "validation_plates.csv", library=folder / "validation_layout.csv", reader="envision")
    validated = assess_validation(wells, vehicle="vehicle", settings=RECOMMENDED, combinations=COMBINED)
    return validated | assess_proteins(folder / "slides.csv", folder / "spots.csv", settings=PROTEINS)


def test_the_planted_sensitizer_is_the_one_with_evidence(tables: dict[str, pl.DataFrame]) -> None:
    settings = EvidenceSettings()
    lists = (PROTEINS.proliferation, PROTEINS.apoptosis)
    asked = Asked(list_candidates(tables, settings=settings), "vehicle", settings, lists)
    evidence, support = gather_evidence(tables, asked)
    assert evidence.height == 8 * 4
    drug = evidence.filter(pl.col("treatment") == "lapatinib").sort("interaction_q_value")
    best = drug.row(0, named=True)
    assert best["reagent"] == "miR-0"
    assert best["interaction_ci_low"] < -0.73 < best["interaction_ci_high"]
    assert best["interaction_says"] == "supports"
    assert best["combination_effect"] > 0
    assert best["protein_toward"] == "KI67 down, cPARP up"
    assert best["missing"].startswith("screen, stability, sensitization")
    assert "more killing than Bliss expects" in best["summary"]
    conclusions = conclude(support, asked)
    assert conclusions.select("reagent", "verdict").row(0) == ("miR-0", "suggestive")
    assert not conclusions.filter(pl.col("reagent") != "miR-0")["verdict"].is_in(["strong", "confirmed"]).any()


def test_combinations_do_not_depend_on_which_control_the_tests_take(tables: dict[str, pl.DataFrame]) -> None:
    wells = tables["validation_wells"].select(pl.exclude("control_level", "viability", "log2_viability"))
    settings = RECOMMENDED.model_copy(update={"control_arm": "same-arm"})
    other = assess_validation(wells, vehicle="vehicle", settings=settings, combinations=COMBINED)
    keys = ["combination", "reference", "scale"]
    one, two = (
        table.filter(pl.col("scale") == "log2").sort(keys)["effect"].to_numpy()
        for table in (tables["combinations"], other["combinations"])
    )
    np.testing.assert_allclose(one, two, atol=0.15)
