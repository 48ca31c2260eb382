from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution, ControlError, LayoutError
from sensitome.screen.layout import read_wells
from sensitome.tables import TABLES, check_table
from sensitome.validation.agreement import compare_with_screen
from sensitome.validation.combinations import combination_effects, in_words
from sensitome.validation.contrasts import BIOLOGICAL, PSEUDOREPLICATED, stars_of, test_validation
from sensitome.validation.dose_matrices import score_matrices
from sensitome.validation.normalize import normalize_validation
from sensitome.validation.power import expected_after_selection, interaction_power, noise_of_assay, replicates_needed
from sensitome.validation.settings import NORMANN2021, RECOMMENDED, CombinationSettings
from sensitome.validation.simulate import AssayDesign, SimulatedAssay, simulate_assay, simulated_files
from sensitome.validation.tables import Combinations, Validation, ValidationReplicates, ValidationWells
from sensitome.validation.wells import average_wells, validation_wells

COMBINED = {"trastuzumab+lapatinib": ("trastuzumab", "lapatinib")}


def assay(*, seed: int = 1, reagents: int = 8, alone: float = 0.0, interaction: float = 0.0) -> SimulatedAssay:
    design = AssayDesign(tuple((f"miR-{i}", "mimic") for i in range(reagents)))
    toxic, sensitizing = np.zeros(reagents), np.zeros((reagents, 4))
    toxic[0], sensitizing[0, 2:] = alone, interaction
    return simulate_assay(design, alone=toxic, interaction=sensitizing, rng=np.random.default_rng(seed))


def normalized(wells: pl.DataFrame, *, settings=RECOMMENDED) -> pl.DataFrame:
    return normalize_validation(validation_wells(wells, vehicle="vehicle"), settings=settings, vehicle="vehicle")


def paper(wells: pl.DataFrame) -> pl.DataFrame:
    with pytest.warns(Caution, match="technical replicates are counted as n"):
        return test_validation(normalized(wells), settings=NORMANN2021, vehicle="vehicle")


def test_tables_keep_their_schemas() -> None:
    wells = normalized(assay().wells)
    check_table(wells, ValidationWells, name="validation_wells")
    check_table(average_wells(wells), ValidationReplicates, name="validation_replicates")
    table = test_validation(wells, settings=RECOMMENDED, vehicle="vehicle")
    check_table(table, Validation, name="validation")
    check_table(paper(assay().wells), Validation, name="validation")
    effects = combination_effects(wells, vehicle="vehicle", combinations=COMBINED, settings=CombinationSettings())
    check_table(effects, Combinations, name="combinations")
    assert table.height == 8 * 4 + 8 * 3
    assert effects["reference"].cast(pl.String).unique().sort().to_list() == ["Bliss", "HSA", "three-way"]


def test_the_order_of_the_rows_does_not_matter() -> None:
    wells = assay().wells
    table = test_validation(normalized(wells), settings=RECOMMENDED, vehicle="vehicle")
    shuffled = test_validation(
        normalized(wells.sample(fraction=1, shuffle=True, seed=3)), settings=RECOMMENDED, vehicle="vehicle"
    )
    assert table.equals(shuffled)


def test_a_plate_shift_changes_no_contrast() -> None:
    wells = assay().wells
    factor = pl.when(pl.col("plate") == "V1_r2").then(3.0).otherwise(1.0)
    for settings in (RECOMMENDED, RECOMMENDED.model_copy(update={"control_arm": "same-arm"})):
        one, other = (
            test_validation(normalized(table, settings=settings), settings=settings, vehicle="vehicle")
            for table in (wells, wells.with_columns(pl.col("signal") * factor))
        )
        np.testing.assert_allclose(one["effect"].to_numpy(), other["effect"].to_numpy(), atol=1e-10)


def test_a_toxic_reagent_sensitizes_in_the_paper_and_not_in_the_interaction() -> None:
    wells = assay(alone=-1.0).wells
    toxic = paper(wells).filter(pl.col("reagent") == "miR-0")
    assert toxic["stars"].to_list() == ["***"] * 4
    assert toxic["unit"].unique().to_list() == [PSEUDOREPLICATED]
    assert toxic["n"].unique().to_list() == [9]
    table = test_validation(normalized(wells), settings=RECOMMENDED, vehicle="vehicle")
    own = table.filter(pl.col("reagent") == "miR-0")
    assert own.filter(pl.col("contrast") == "interaction")["stars"].to_list() == [""] * 3
    assert own.filter(pl.col("contrast") == "reagent")["stars"].str.len_chars().min() >= 1
    assert own["n"].unique().to_list() == [3]
    assert own["unit"].unique().to_list() == [BIOLOGICAL]


def test_a_planted_interaction_is_found_with_its_size() -> None:
    table = test_validation(normalized(assay(interaction=-0.73).wells), settings=RECOMMENDED, vehicle="vehicle")
    own = table.filter((pl.col("reagent") == "miR-0") & (pl.col("treatment") == "lapatinib"))
    row = own.filter(pl.col("contrast") == "interaction").row(0, named=True)
    assert row["ci_low"] < -0.73 < row["ci_high"]
    assert row["q_value"] < 0.05
    assert row["percent"] == pytest.approx(100 * 2 ** row["effect"])


def test_the_paper_compares_wells_by_students_t() -> None:
    from scipy import stats

    wells = assay().wells
    row = paper(wells).filter((pl.col("reagent") == "miR-2") & (pl.col("treatment") == "lapatinib")).row(0, named=True)
    read = normalized(wells).filter(pl.col("treatment") == "lapatinib")
    own = read.filter(pl.col("reagent") == "miR-2")["viability"].to_numpy()
    control = read.filter(pl.col("role") == "negative")["viability"].to_numpy()
    assert row["p_value"] == pytest.approx(stats.ttest_ind(own, control).pvalue, rel=1e-9)
    assert row["viability_sem"] == pytest.approx(100 * own.std(ddof=1) / 3)


def test_type_one_error_is_five_percent_where_that_of_the_paper_is_inflated(capsys: pytest.CaptureFixture[str]) -> None:
    from sensitome.core.t_tests import student_t
    from sensitome.validation import block_tests
    from sensitome.validation.cells import Cells

    rng = np.random.default_rng(20)
    arms, groups, days, wells, sets = 4, 17, 3, 3, 150
    counts = {"paper": [], "recommended, reagent": [], "recommended, interaction": []}
    names = [(str(i), "mimic") for i in range(groups - 1)]
    for _ in range(sets):
        shared = rng.normal(0, 0.3, (1, 1, days, 1)) + rng.normal(0, 0.1, (arms, 1, days, 1))
        log2 = shared + rng.normal(0, 0.1, (arms, groups, days, 1)) + rng.normal(0, 0.1, (arms, groups, days, wells))
        viability = (2**log2 / np.median(2 ** log2[0, 0], axis=-1)[None, None, :, None]).reshape(arms, groups, -1)
        for arm in range(arms):
            against = np.repeat(viability[arm, :1], groups - 1, axis=0)
            counts["paper"].append(np.mean(student_t(viability[arm, 1:], against).p_value < 0.05))
        means = log2.mean(axis=3)
        cells = Cells(names, list("abcd"), [1, 2, 3], means, 2**means, np.full(means.shape, wells), pl.DataFrame())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(block_tests, "dunnett_p", lambda t, _df, _loadings: t)
            families = block_tests.block_families([cells], settings=RECOMMENDED, vehicle="a")
        for family in families:
            counts[f"recommended, {family.contrast}"].append(np.mean(family.test.p_value < 0.05))
    rates = {name: float(np.mean(values)) for name, values in counts.items()}
    with capsys.disabled():
        sys.stdout.write(
            "\ntype I error at .05: " + ", ".join(f"{name} {rate:.3f}" for name, rate in rates.items()) + "\n"
        )
    # Tests of one set share its control, so that the sets, not the tests, are what the bound counts.
    for name in ("recommended, reagent", "recommended, interaction"):
        bound = 3 * np.std([np.mean(part) for part in np.array_split(np.array(counts[name]), sets)]) / np.sqrt(sets)
        assert abs(rates[name] - 0.05) < bound + 0.005
    assert rates["paper"] > 0.08


def test_a_missing_cell_is_tested_by_a_mixed_model() -> None:
    wells = assay(reagents=3).wells
    gap = (pl.col("reagent") == "miR-1") & (pl.col("replicate") == 2) & (pl.col("treatment") == "lapatinib")
    with pytest.warns(Caution) as caught:
        table = test_validation(normalized(wells.filter(~gap)), settings=RECOMMENDED, vehicle="vehicle")
    assert [str(warning.message) for warning in caught] == [
        "wells or replicates are missing in the validation assay of 'KPL4': found 1 reagents × arms without the same "
        "wells in every replicate. They are tested by a mixed model (REML) instead of complete blocks."
    ]
    mixed = table.filter(pl.col("test").str.starts_with("mixed"))
    assert mixed.select("reagent", "treatment").unique().rows() == [("miR-1", "lapatinib")]
    assert mixed["n"].to_list() == [2, 2]
    assert mixed["p_value"].is_not_null().all()


def test_one_biological_replicate_has_effects_and_no_tests() -> None:
    with pytest.warns(Caution) as caught:
        wells = normalized(assay(reagents=3).wells.filter(pl.col("replicate") == 1))
    assert str(caught[0].message) == (
        "the validation assay has one biological replicate: found replicate 1 only, expected at least 3. Effects are "
        "shown without interval and p; repeat the experiment on other days."
    )
    table = test_validation(wells, settings=RECOMMENDED, vehicle="vehicle")
    assert table["effect"].is_not_null().all()
    assert table["p_value"].is_null().all()
    assert table["ci_low"].is_null().all()
    assert table["test"].unique().to_list() == ["not tested: too few replicates"]
    effects = combination_effects(wells, vehicle="vehicle", combinations=COMBINED, settings=CombinationSettings())
    assert effects["p_value"].is_null().all()


def test_all_faults_of_a_layout_are_named_at_once() -> None:
    wells = assay(reagents=2).wells.filter(pl.col("replicate") == 1)
    wells = wells.filter(~((pl.col("role") == "negative") & (pl.col("treatment") == "lapatinib")))
    wells = wells.filter(
        ~((pl.col("reagent") == "miR-1") & (pl.col("technical") == 2) & (pl.col("treatment") == "vehicle"))
    )
    with pytest.raises(LayoutError) as caught:
        validation_wells(wells, vehicle="DMSO")
    assert str(caught.value) == "\n".join(
        [
            "the validation assay cannot be evaluated as it is laid out.",
            "  column treatments.vehicle: found 'DMSO', expected the arm without drug among 'lapatinib', "
            "'trastuzumab', 'trastuzumab+lapatinib' and 'vehicle'.",
            "  found 0, expected negative control wells in cell line 'KPL4', arm 'lapatinib', replicate 1. Put the "
            "scrambled control under each treatment, or mark it as negative in the layout.",
            "  column technical: found \"2 without 'miR-1'\", expected the same reagents in each technical replicate "
            "of cell line 'KPL4', arm 'vehicle', replicate 1. Give wells that were laid out but not measured a row "
            "without a reading.",
        ]
    )


def test_a_replicate_that_is_no_number_is_named() -> None:
    wells = assay(reagents=1).wells.head(30).with_columns(pl.lit("day one").alias("replicate_in_library"))
    with pytest.raises(LayoutError) as caught:
        validation_wells(wells.head(1), vehicle="vehicle")
    assert str(caught.value) == (
        "the validation assay cannot be evaluated as it is laid out.\n"
        "  column replicate: found 'day one', expected a whole number from 1 in well A01 of plate 'V1_r1'."
    )


def test_an_unknown_control_is_named_with_the_closest() -> None:
    with pytest.raises(LayoutError) as caught:
        validation_wells(assay(reagents=1).wells, vehicle="vehicle", control="negative controll")
    assert str(caught.value) == (
        "the control is not among the reagents in validation.control: found 'negative controll', expected "
        "'cell death control', 'miR-0' or 'negative control'. Did you mean 'negative control'?"
    )


def test_control_medians_of_zero_and_missing_controls_are_named() -> None:
    wells = validation_wells(assay(reagents=7).wells, vehicle="vehicle")
    control = (pl.col("role") == "negative") & (pl.col("treatment") == "vehicle")
    zero = wells.with_columns(
        pl.when(control & (pl.col("plate") == "V1_r1")).then(0.0).otherwise("signal").alias("signal")
    ).filter(~(control & (pl.col("plate") == "V2_r3")))
    with pytest.raises(ControlError) as caught:
        normalize_validation(zero, settings=RECOMMENDED, vehicle="vehicle")
    assert str(caught.value) == (
        'validation plates have no control to be divided by. Set validation.scope = "replicate" or '
        'validation.control_arm = "same-arm" where each plate holds one arm.\n'
        "  found 0.0, expected a median above 0 of the negative control wells under 'vehicle' in plate 'V1_r1'.\n"
        "  found 'none', expected negative control wells under 'vehicle' in plate 'V2_r3', with a reading."
    )


def test_raw_files_read_back_to_the_simulated_wells(tmp_path: Path) -> None:
    made = assay(reagents=7)
    for name, text in simulated_files(made).items():
        (tmp_path / name).write_bytes(text.encode())
    read = read_wells(tmp_path / "validation_plates.csv", library=tmp_path / "validation_layout.csv", reader="envision")
    columns = ["plate", "well", "treatment", "replicate", "technical", "reagent", "role", "signal"]
    ours, theirs = (validation_wells(table, vehicle="vehicle").select(columns) for table in (made.wells, read))
    assert ours.equals(theirs)


def test_combinations_of_the_paper() -> None:
    level = {("negative", "vehicle"): 1.0, ("negative", "lapatinib"): 0.83, ("sample", "vehicle"): 0.5}
    level |= {("sample", "lapatinib"): 0.25, ("negative", "trastuzumab"): 0.96}
    level |= {("negative", "trastuzumab+lapatinib"): 0.67}
    rows = [
        {
            "plate": f"P{day}",
            "well": f"A{i:02d}",
            "row": 1,
            "column": i,
            "cell_line": "KPL4",
            "treatment": arm,
            "replicate": day,
            "reagent": "miR-101-5p" if role == "sample" else "NC",
            "kind": "mimic",
            "role": role,
            "signal": 1000 * value,
        }
        for day in (1, 2, 3)
        for i, ((role, arm), value) in enumerate(level.items(), 1)
    ]
    wells = normalized(pl.DataFrame(rows))
    table = combination_effects(wells, vehicle="vehicle", combinations=COMBINED, settings=CombinationSettings())
    bliss = table.filter((pl.col("reference") == "Bliss") & (pl.col("scale") == "viability"))
    own = bliss.filter(pl.col("reagent") == "miR-101-5p").row(0, named=True)
    assert 100 - own["expected"] == pytest.approx(58.5)
    assert own["effect"] == pytest.approx(16.5)
    assert own["direction"] == "16.5 points more killing than Bliss expects"
    drugs = bliss.filter(pl.col("reagent").is_null()).row(0, named=True)
    assert (drugs["combination"], drugs["direction"]) == (
        "trastuzumab + lapatinib",
        "12.7 points more killing than Bliss expects",
    )
    hsa = table.filter((pl.col("reference") == "HSA") & (pl.col("reagent") == "miR-101-5p")).row(0, named=True)
    assert hsa["direction"] == "25.0 points more killing than the best agent alone"


def test_a_planted_interaction_exceeds_bliss_by_both_intervals() -> None:
    wells = normalized(assay(interaction=-0.73).wells)
    table = combination_effects(wells, vehicle="vehicle", combinations=COMBINED, settings=CombinationSettings())
    own = table.filter(
        (pl.col("combination") == "miR-0 + lapatinib")
        & (pl.col("scale") == "viability")
        & (pl.col("reference") == "Bliss")
    ).row(0, named=True)
    assert own["boot_low"] > 0
    assert own["effect"] == pytest.approx(100 * 0.83 * (1 - 2**-0.73), abs=12)
    three = table.filter((pl.col("reference") == "three-way") & (pl.col("reagent") == "miR-0")).row(0, named=True)
    assert three["n"] == 3


def test_words() -> None:
    assert in_words(0.01, "HSA") == "as much killing as the best agent alone"
    assert in_words(float("nan"), "Bliss") == "no estimate against what Bliss expects"
    assert stars_of(np.array([0.2, 0.049, 0.0099, 0.0])) == ["", "*", "**", "***"]


def test_dose_matrices_have_scores_with_intervals() -> None:
    dose = np.array([0.0, 0.1, 0.3, 1, 3, 10])
    rng = np.random.default_rng(1)
    one, two = 80 * dose / (dose + 1), 90 * dose / (dose + 2)
    y = one[:, None] + two[None, :] - one[:, None] * two[None, :] / 100
    y[1:, 1:] += 5
    rows = [
        {"block": "b", "dose_one": a, "dose_two": b, "response": y[i, j] + rng.normal(0, 1), "replicate": r}
        for r in (1, 2, 3)
        for i, a in enumerate(dose)
        for j, b in enumerate(dose)
    ]
    tables = score_matrices(pl.DataFrame(rows), settings=CombinationSettings())
    table = tables["dose_scores"]
    for name in ("dose_scores", "dose_summary"):
        check_table(tables[name], TABLES[name], name=name)
    bliss = tables["dose_summary"].row(0, named=True)
    assert bliss["effect"] == pytest.approx(5, abs=1)
    assert bliss["ci_low"] < 5 < bliss["ci_high"]
    assert bliss["p_value"] < 0.05
    assert bliss["direction"].endswith("points more inhibition than Bliss expects")
    inner = table.filter((pl.col("dose_one") > 0) & (pl.col("dose_two") > 0))
    means = dict(inner.group_by("reference").agg(pl.col("effect").mean()).iter_rows())
    assert means["Bliss"] == pytest.approx(5, abs=1)
    assert means["ZIP"] == pytest.approx(5, abs=1.5)
    bliss = inner.filter(pl.col("reference") == "Bliss")
    assert (bliss["ci_low"] <= bliss["effect"]).all()
    assert (bliss["ci_high"] >= bliss["effect"]).all()
    assert (bliss["q_value"] >= bliss["p_value"]).all()
    # Ten resamples of three replicates make an interval that is too short.
    assert (bliss["ci_high"] - bliss["ci_low"]).mean() > (bliss["boot_high"] - bliss["boot_low"]).mean()
    alone = table.filter((pl.col("dose_one") == 0) | (pl.col("dose_two") == 0))
    assert alone["p_value"].is_null().all()
    assert (alone["ci_low"] == 0).all()
    single = score_matrices(pl.DataFrame(rows).filter(pl.col("replicate") == 1), settings=CombinationSettings())
    assert single["dose_scores"]["ci_low"].is_null().all()
    assert single["dose_summary"]["p_value"].is_null().all()


def test_intervals_of_dose_pairs_cover_and_p_of_nothing_is_five_percent() -> None:
    from sensitome.core.dose_matrix import bliss_matrix
    from sensitome.validation.dose_matrices import _tested

    rng = np.random.default_rng(4)
    dose = np.array([0, 0.03, 0.1, 0.3, 1, 3])
    one, two = 40 * dose / (dose + 0.3), 70 * dose / (dose + 0.5)
    y = one[:, None] + two[None, :] - one[:, None] * two[None, :] / 100
    both = np.outer(dose > 0, dose > 0).ravel()
    covered, small, anything = [], [], []
    for _ in range(300):
        cube = y + rng.normal(0, 2, (3, 6, 6))
        score, each = bliss_matrix(cube.mean(axis=0)), bliss_matrix(cube)
        low, high, p, q = _tested(score.ravel(), each.reshape(3, -1), both, 0.95)
        covered.append(np.mean((low[both] <= 0) & (high[both] >= 0)))
        small.append(np.mean(p[both] < 0.05))
        anything.append(bool((q[both] < 0.05).any()))
    assert 0.92 < np.mean(covered) < 0.97
    assert 0.03 < np.mean(small) < 0.08
    assert np.mean(anything) < 0.09


def test_viability_that_is_called_a_response_is_told() -> None:
    rows = [(a, b, 98.4 - 10 * a - 10 * b) for a in (0.0, 1.0, 2.0) for b in (0.0, 1.0, 2.0)]
    matrix = pl.DataFrame(rows, schema=["dose_one", "dose_two", "response"], orient="row")
    with pytest.warns(Caution) as caught:
        score_matrices(matrix.with_columns(block=pl.lit("x")), settings=CombinationSettings(), name="doses.csv")
    assert str(caught[0].message) == (
        "responses look like viability, not inhibition in doses.csv: found 98.4 % at dose 0 of both drugs in block "
        "'x', expected about 0 % inhibition without drug. If it is viability, name the column viability."
    )


def test_an_incomplete_dose_matrix_is_refused() -> None:
    matrix = pl.DataFrame(
        {"block": ["x"] * 3, "dose_one": [1.0, 2, 3], "dose_two": [0.0, 1, 2], "response": [1.0, 2, 3]}
    )
    with pytest.raises(LayoutError) as caught:
        score_matrices(matrix, settings=CombinationSettings(), name="matrix.csv")
    assert str(caught.value) == (
        "dose matrices cannot be scored.\n"
        "  matrix.csv, column dose_one: found 1.0, expected dose 0 of dose_one in block 'x', replicate 1.\n"
        "  matrix.csv: found 3, expected one response for each of 9 dose pairs in block 'x', replicate 1."
    )


def test_replicates_of_a_dose_matrix_with_other_doses_are_refused() -> None:
    rows = [(a, b, r) for r in (1, 2) for a in (0.0, 1.0, 2.0 + r) for b in (0.0, 1.0, 2.0)]
    matrix = pl.DataFrame(rows, schema=["dose_one", "dose_two", "replicate"], orient="row")
    matrix = matrix.with_columns(pl.lit("x").alias("block"), pl.lit(1.0).alias("response"))
    with pytest.raises(LayoutError) as caught:
        score_matrices(matrix, settings=CombinationSettings())
    assert str(caught.value) == (
        "dose matrices cannot be scored.\n"
        "  dose matrix, column dose_one: found '0, 1, 4 in replicate 2', expected the same doses of dose_one in every "
        "replicate of block 'x'."
    )


def test_effects_of_the_chosen_are_drawn_to_the_mean() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0, 0.2, 4000)
    seen = truth + rng.normal(0, 0.3, 4000)
    error = np.full(4000, 0.3)
    expected, low, high = expected_after_selection(seen, error, population=seen, population_error=error)
    chosen = seen < -0.7
    assert abs(np.mean(truth[chosen] - expected[chosen])) < 0.03
    assert np.mean(truth[chosen]) > 1.5 * np.mean(seen[chosen])
    assert np.mean((low < truth) & (truth < high)) == pytest.approx(0.95, abs=0.015)


def test_more_noise_needs_more_replicates() -> None:
    need = [replicates_needed(-0.5, power=0.8, cell_sd=sd, well_sd=0.1) for sd in (0.05, 0.15, 0.3)]
    assert need == sorted(need)
    assert replicates_needed(-0.01, power=0.9, cell_sd=0.3, well_sd=0.1) is None


def screened(reagents: int, *, rate: float | None) -> pl.DataFrame:
    """Sensitizers of a screen in one arm; `rate` = what a method with a prior has beside its effects."""
    effect = np.random.default_rng(0).normal(0, 0.3, reagents)
    return pl.DataFrame(
        {
            "cell_line": "KPL4", "treatment": "lapatinib", "reagent": [f"miR-{i}" for i in range(reagents)],
            "kind": "mimic", "position": "L1:A01", "n": 2, "vehicle_effect": 0.1, "effect_with_drug": effect + 0.1,
            "effect": effect, "ci_low": effect - 0.4, "ci_high": effect + 0.4, "q_value": 0.5, "local_rate": rate,
            "shrunk_effect": 0.0, "method": "heb" if rate else "moderated-t",
        },
        schema_overrides={"local_rate": pl.Float64},
    )  # fmt: skip


def test_screen_and_validation_meet_in_one_table() -> None:
    wells = normalized(assay(reagents=4).wells)
    table = test_validation(wells, settings=RECOMMENDED, vehicle="vehicle")
    with pytest.warns(Caution, match="found 8 of 12 not there: 'miR-0 under trastuzumab in KPL4'"):
        joined = compare_with_screen(screened(60, rate=None), table, noise=noise_of_assay(wells), power=0.8)
    check_table(joined, TABLES["validation_agreement"], name="validation_agreement")
    assert joined.height == 4 * 3
    both = joined.filter(pl.col("treatment") == "lapatinib")
    assert both["agrees"].is_not_null().all()
    assert (both["expected"].abs() <= both["screen_effect"].abs()).all()
    assert joined.filter(pl.col("treatment") == "trastuzumab")["agrees"].is_null().all()


def test_effects_of_a_method_with_a_prior_are_not_drawn_in_twice() -> None:
    wells = normalized(assay(reagents=4).wells)
    table = test_validation(wells, settings=RECOMMENDED, vehicle="vehicle")
    table = table.filter(pl.col("treatment") == "lapatinib")
    joined = compare_with_screen(screened(60, rate=0.1), table, noise=noise_of_assay(wells), power=0.8)
    both = joined.drop_nulls("expected")
    np.testing.assert_allclose(both["expected"], both["screen_effect"])
    assert (both["replicates_needed"] >= 2).all()


def test_the_noise_of_an_assay_is_what_it_was_simulated_with() -> None:
    parts = [noise_of_assay(normalized(assay(seed=seed, reagents=24).wells))["KPL4"] for seed in range(4)]
    assert np.mean([part.well_sd for part in parts]) == pytest.approx(0.1, rel=0.05)
    assert np.mean([part.cell_sd for part in parts]) == pytest.approx(0.1, rel=0.15)
    assert parts[0].technical == 3


def test_power_is_that_of_the_noncentral_t() -> None:
    from scipy import stats

    df, error = 16, np.sqrt(4 * (0.15**2 + 0.01 / 3) / 3)
    limit = stats.t.ppf(0.975, df)
    exact = stats.nct.sf(limit, df, 0.3 / error) + stats.nct.cdf(-limit, df, 0.3 / error)
    assert interaction_power(-0.3, replicates=3, cell_sd=0.15, well_sd=0.1) == pytest.approx(exact, abs=1e-5)
    assert interaction_power(-9.0, replicates=3, cell_sd=0.15, well_sd=0.1) == pytest.approx(1.0)


def test_no_warning_without_cause() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = test_validation(normalized(assay(reagents=2).wells), settings=RECOMMENDED, vehicle="vehicle")
    assert found["reagent"].n_unique() == 2
