"""Controls of a class serve the reagents of that class; where there is none, all of them do, and it is told."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.errors import Caution
from sensitome.report.sections.validation import build
from sensitome.tables import TABLES, check_table
from sensitome.validation.assess import assess_validation
from sensitome.validation.combinations import combination_effects
from sensitome.validation.comparators import ALL, by_comparator, match_controls
from sensitome.validation.contrasts import test_validation
from sensitome.validation.control_agreement import compare_controls
from sensitome.validation.normalize import normalize_validation
from sensitome.validation.settings import NORMANN2021, RECOMMENDED, CombinationSettings
from sensitome.validation.simulate import AssayDesign, simulate_assay
from sensitome.validation.wells import validation_wells

CLASSES = (("scrambled mimic", "mimic"), ("scrambled inhibitor", "inhibitor"))
REAGENTS = tuple((f"miR-{i}", kind) for kind in ("mimic", "inhibitor") for i in range(3))
COMMON = RECOMMENDED.model_copy(update={"comparator": "all-controls"})


def assay(controls: tuple[tuple[str, str], ...] = CLASSES, *, shift: float = 0.0, seed: int = 1) -> pl.DataFrame:
    """Raw wells; inhibitors and their control lose `shift` more under the drugs than the others."""
    design = AssayDesign(REAGENTS, controls=controls, class_effects=(("inhibitor", (0.0, shift, shift, shift)),))
    none = np.zeros((6, 4))
    return simulate_assay(design, alone=none[:, 0], interaction=none, rng=np.random.default_rng(seed)).wells


def normalized(wells: pl.DataFrame) -> pl.DataFrame:
    return normalize_validation(validation_wells(wells, vehicle="vehicle"), settings=RECOMMENDED, vehicle="vehicle")


def contrasts(wells: pl.DataFrame, *, by=RECOMMENDED) -> pl.DataFrame:
    return test_validation(normalized(wells), settings=by, vehicle="vehicle")


def of(table: pl.DataFrame, kind: str, contrast: str = "interaction") -> pl.DataFrame:
    return table.filter((pl.col("kind") == kind) & (pl.col("contrast").cast(pl.String) == contrast))


def test_each_kind_is_held_against_the_controls_of_its_class() -> None:
    table = contrasts(assay())
    pairs = table.select("kind", "comparator").unique().sort("kind").rows()
    assert pairs == [("inhibitor", "inhibitor"), ("mimic", "mimic")]
    assert contrasts(assay(), by=COMMON)["comparator"].unique().to_list() == [ALL]


def test_what_a_class_shares_is_no_interaction_of_its_reagents() -> None:
    wells = assay(shift=-0.6)
    own, common = contrasts(wells), contrasts(wells, by=COMMON)
    assert of(own, "inhibitor")["effect"].mean() == pytest.approx(0, abs=0.15)
    assert of(common, "inhibitor")["effect"].mean() == pytest.approx(-0.3, abs=0.15)
    assert not (own["q_value"] < 0.05).any()
    assert (of(common, "inhibitor")["q_value"] < 0.05).any()


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0.2, 4.0), min_size=4, max_size=4))
def test_a_factor_on_a_class_in_any_arm_changes_no_contrast(factors: list[float]) -> None:
    wells = normalized(assay())
    arms = ["lapatinib", "trastuzumab", "trastuzumab+lapatinib", "vehicle"]
    factor = pl.col("treatment").replace_strict(dict(zip(arms, factors, strict=True)), return_dtype=pl.Float64)
    mine = (pl.col("kind") == "inhibitor") & (pl.col("role") == "sample") | (pl.col("control_class") == "inhibitor")
    times = pl.when(mine.fill_null(False)).then(factor).otherwise(1.0)
    scaled = wells.with_columns(pl.col("viability") * times, pl.col("log2_viability") + times.log(2))
    one, other = (test_validation(table, settings=RECOMMENDED, vehicle="vehicle") for table in (wells, scaled))
    for name in ("effect", "p_value", "p_dunnett"):
        np.testing.assert_allclose(one[name].to_numpy(), other[name].to_numpy(), atol=1e-9)


def test_bliss_is_asked_relative_to_the_controls_of_the_class() -> None:
    wells = match_controls(normalized(assay()), settings=RECOMMENDED)
    mine = (pl.col("kind") == "inhibitor") & (pl.col("role") == "sample") | (pl.col("control_class") == "inhibitor")
    scaled = wells.with_columns(
        pl.when(mine.fill_null(False)).then(0.7 * pl.col("viability")).otherwise("viability").alias("viability")
    )
    one, other = (
        combination_effects(table, vehicle="vehicle", combinations={}, settings=CombinationSettings())
        for table in (wells, scaled)
    )
    np.testing.assert_allclose(one["effect"].to_numpy(), other["effect"].to_numpy(), atol=1e-9)
    common = combination_effects(
        scaled.drop("comparator"), vehicle="vehicle", combinations={}, settings=CombinationSettings()
    )
    assert not np.allclose(common["effect"].to_numpy(), one["effect"].to_numpy(), atol=1e-3)


def test_plates_of_one_arm_have_the_scale_of_their_replicate() -> None:
    wells = assay().with_columns(pl.format("{}, {}", "plate", "treatment").alias("plate"))
    by = RECOMMENDED.model_copy(update={"scope": "replicate"})
    usable = normalize_validation(validation_wells(wells, vehicle="vehicle"), settings=by, vehicle="vehicle")
    matched = match_controls(usable, settings=by)
    assert matched.filter(pl.col("role") == "sample")["comparator"].unique().sort().to_list() == ["inhibitor", "mimic"]
    mine = (pl.col("kind") == "inhibitor") & (pl.col("role") == "sample") | (pl.col("control_class") == "inhibitor")
    scaled = matched.with_columns(
        pl.when(mine.fill_null(False)).then(0.7 * pl.col("viability")).otherwise("viability").alias("viability")
    )
    one, other = (
        combination_effects(table, vehicle="vehicle", combinations={}, settings=CombinationSettings())
        for table in (matched, scaled)
    )
    assert one.height == 6 * 3 * 3
    np.testing.assert_allclose(one["effect"].to_numpy(), other["effect"].to_numpy(), atol=1e-9)
    table = test_validation(usable, settings=by, vehicle="vehicle")
    assert table["p_value"].is_not_null().all()


def test_one_class_serves_everybody_and_the_setting_changes_nothing() -> None:
    for controls in ((("negative control", ""),), (("scrambled mimic", "mimic"),)):
        wells = assay(controls)
        one, other = contrasts(wells), contrasts(wells, by=COMMON)
        assert one.equals(other)
        assert one["comparator"].unique().to_list() == [ALL]


def test_a_kind_without_a_class_takes_all_controls() -> None:
    wells = assay((("scrambled mimic", "MIMIC"), ("scrambled siRNA", "siRNA")))
    table = contrasts(wells)
    assert of(table, "mimic")["comparator"].unique().to_list() == ["MIMIC"]
    assert of(table, "inhibitor")["comparator"].unique().to_list() == [ALL]
    both = contrasts(wells, by=COMMON)
    assert of(table, "inhibitor")["effect"].to_list() == pytest.approx(of(both, "inhibitor")["effect"].to_list())
    sets = dict(by_comparator(match_controls(normalized(wells), settings=RECOMMENDED)))
    assert set(sets) == {"MIMIC", ALL}
    assert sets[ALL].filter(pl.col("role") == "negative")["reagent"].n_unique() == 2


def test_a_class_that_lacks_on_some_plates_is_told_and_not_used() -> None:
    lost = (pl.col("control_class") == "inhibitor") & (pl.col("treatment") == "lapatinib") & (pl.col("replicate") == 2)
    wells = assay().filter(~lost.fill_null(False))
    with pytest.warns(Caution) as caught:
        table = contrasts(wells)
    assert str(caught[0].message) == (
        "negative controls of a class are missing on some plates of its reagents: found 'inhibitor in KPL4', expected "
        "controls of the class beside its reagents, under each treatment and in each replicate. These reagents are "
        "compared with all negative controls together."
    )
    assert of(table, "inhibitor")["comparator"].unique().to_list() == [ALL]
    assert of(table, "mimic")["comparator"].unique().to_list() == ["mimic"]


def test_the_paper_takes_all_negative_controls() -> None:
    from scipy import stats

    wells = assay()
    with pytest.warns(Caution, match="technical replicates are counted as n"):
        table = contrasts(wells, by=NORMANN2021)
    row = table.filter((pl.col("reagent") == "miR-1") & (pl.col("treatment") == "lapatinib")).row(0, named=True)
    read = normalized(wells).filter(pl.col("treatment") == "lapatinib")
    own = read.filter((pl.col("reagent") == "miR-1") & (pl.col("kind") == row["kind"]))["viability"].to_numpy()
    control = read.filter(pl.col("role") == "negative")["viability"].to_numpy()
    assert len(control) == 2 * 2 * 9
    assert row["p_value"] == pytest.approx(stats.ttest_ind(own, control).pvalue, rel=1e-9)
    assert row["comparator"] == ALL


def test_classes_that_say_the_same_are_not_said_to_disagree() -> None:
    table = compare_controls(normalized(assay()), vehicle="vehicle")
    check_table(table, TABLES["validation_controls"], name="validation_controls")
    assert table["treatment"].to_list() == ["lapatinib", "trastuzumab", "trastuzumab+lapatinib", "vehicle"]
    assert table["n"].unique().to_list() == [3]
    # Three replicates show neither that classes differ nor that they agree.
    assert table["agree"].is_null().all()


def test_classes_that_are_shown_to_say_the_same_agree() -> None:
    design = AssayDesign(REAGENTS, controls=CLASSES, replicates=6, cell_sd=0.01, well_sd=0.02)
    none = np.zeros((6, 4))
    made = simulate_assay(design, alone=none[:, 0], interaction=none, rng=np.random.default_rng(3))
    table = compare_controls(normalized(made.wells), vehicle="vehicle")
    assert table["agree"].to_list() == [True] * 4


def test_classes_that_disagree_are_named() -> None:
    with pytest.warns(Caution) as caught:
        table = compare_controls(normalized(assay(shift=-0.8)), vehicle="vehicle")
    quarrels = table.filter(~pl.col("agree"))
    assert quarrels["treatment"].to_list() == ["lapatinib", "trastuzumab", "trastuzumab+lapatinib"]
    found = "; ".join(
        f"inhibitor − mimic = {e:+.2f} log2 with {a} in KPL4" for a, e in quarrels.select("treatment", "effect").rows()
    )
    assert str(caught[0].message) == (
        f"classes of negative controls disagree in the validation assay: found {found}, expected differences within "
        "0.1 log2. Compare each kind of reagent with the controls of its own class: "
        'validation.comparator = "controls".'
    )


def test_one_class_or_one_replicate_says_nothing_of_agreement() -> None:
    assert compare_controls(normalized(assay((("negative control", ""),))), vehicle="vehicle").is_empty()
    with pytest.warns(Caution, match="one biological replicate"):
        wells = normalized(assay().filter(pl.col("replicate") == 1))
    table = compare_controls(wells, vehicle="vehicle")
    assert table["agree"].is_null().all()
    assert table["effect"].is_not_null().all()


def test_classes_without_a_difference_disagree_in_few_assays() -> None:
    found = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        for seed in range(25):
            table = compare_controls(normalized(assay(seed=100 + seed)), vehicle="vehicle")
            found += int((table["p_value"] < 0.05).sum())
    # 100 comparisons, four of an assay together: 5 expected.
    assert found <= 14


def test_the_page_says_what_is_compared_with_what() -> None:
    manifest = {"study": {"validation": {"test": "blocks"}, "treatments": {"vehicle": "vehicle"}}}
    tables = assess_validation(assay(), vehicle="vehicle", settings=RECOMMENDED)
    for name, table in tables.items():
        check_table(table, TABLES[name], name=name)
    made = build(tables, manifest)
    assert made is not None
    assert made["controls"] == {
        "own": "inhibitor and mimic",
        "common": "",
        "by_wells": True,
        "verdict": "Nowhere are the classes of controls shown to disagree; 0 of 4 comparisons show that they agree "
        "within 0.1 log2, which takes many replicates.",
        "quarrels": [],
    }
    assert tables["validation_paper"]["comparator"].unique().to_list() == [ALL]
    assert tables["validated"]["comparator"].unique().sort().to_list() == ["inhibitor", "mimic"]
    one = build(assess_validation(assay((("n", ""),)), vehicle="vehicle", settings=RECOMMENDED), manifest)
    assert one is not None
    assert one["controls"] is None


def test_the_page_names_classes_that_disagree() -> None:
    with pytest.warns(Caution, match="classes of negative controls disagree in the validation assay"):
        tables = assess_validation(assay(shift=-0.8), vehicle="vehicle", settings=RECOMMENDED)
    made = build(tables, {"study": {"validation": {"test": "blocks"}}})
    assert made is not None
    assert made["controls"]["verdict"] == "The classes of controls disagree in 3 of 4 comparisons."
    assert len(made["controls"]["quarrels"]) == 3
    assert made["controls"]["quarrels"][0].startswith("inhibitor − mimic, lapatinib in KPL4: −")
