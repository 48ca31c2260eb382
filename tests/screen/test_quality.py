from __future__ import annotations

import gzip
import warnings

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution, SettingsError
from sensitome.plates import well_name
from sensitome.screen.quality import FIGURES, assess_quality, caution_many_hits, plates_with_many_hits
from sensitome.screen.quality_figures import PLATE_FIGURES, VERDICTS, figures_with, verdicts
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import simulate_screen
from sensitome.tables import ROLES, Plates, Quality, check_table

LIBRARIES, ARMS, LINES, REPLICATES = 3, ("vehicle", "drug"), ("A", "B"), 2
ROWS, COLUMNS = 8, 12


def design():
    """Identity of every plate, in the order of measuring."""
    keys = [
        (library, line, arm, replicate)
        for replicate in range(1, REPLICATES + 1)
        for line in LINES
        for arm in ARMS
        for library in range(LIBRARIES)
    ]
    return pl.DataFrame(
        {
            "plate": [f"L{a}-{b}-{c}-{d}" for a, b, c, d in keys],
            "order": pl.Series(range(len(keys)), dtype=pl.Int32),
            "library_plate": [f"L{a}" for a, *_ in keys],
            "cell_line": [b for _, b, _, _ in keys],
            "treatment": [c for _, _, c, _ in keys],
            "replicate": pl.Series([d for *_, d in keys], dtype=pl.Int16),
            "batch": pl.Series([None] * len(keys), dtype=pl.String),
        }
    )


def roles(*, positives=True):
    """Roles (rows, columns): negatives and positives in the first column, samples elsewhere."""
    role = np.full((ROWS, COLUMNS), "sample", dtype=object)
    role[:, 0] = "negative"
    if positives:
        role[:5, 0] = "positive"
    return role


def readings(seed=0, *, positives=True, noise=0.12):
    """Log2 readings (plates, rows, columns) of a good screen."""
    rng = np.random.default_rng(seed)
    plates = design()
    library = plates["library_plate"].str.tail(1).cast(pl.Int64).to_numpy()
    reagents = rng.normal(0, 0.4, (LIBRARIES, ROWS, COLUMNS))
    interaction = rng.normal(0, 0.4, (LIBRARIES, ROWS, COLUMNS))
    is_drug = (plates["treatment"] == "drug").to_numpy()[:, None, None]
    values = 17 + reagents[library] + is_drug * interaction[library]
    values = np.where(roles(positives=positives) == "sample", values, 17.0)
    values = values - 4.0 * (roles(positives=positives) == "positive")
    return values + rng.normal(0, noise, values.shape)


def table(log2, *, role=None):
    """Table `wells` of readings (plates, rows, columns); NaN = no reading."""
    role = roles() if role is None else role
    plates = design()
    row, column = (x.ravel() + 1 for x in np.indices((ROWS, COLUMNS)))
    n = ROWS * COLUMNS
    wells = plates.with_row_index("at").join(pl.DataFrame({"cell": range(n)}), how="cross")
    at, cell = wells["at"].to_numpy(), wells["cell"].to_numpy()
    x = pl.Series(log2.reshape(len(log2), -1)[at, cell]).fill_nan(None)
    middle = np.nanmedian(np.where(role == "sample", log2, np.nan).reshape(len(log2), -1), axis=1)
    return wells.select(
        "plate",
        pl.Series("well", [well_name(int(row[i]), int(column[i])) for i in cell]),
        "order",
        "library_plate",
        "cell_line",
        "treatment",
        "replicate",
        "batch",
        pl.Series("row", row[cell], dtype=pl.Int16),
        pl.Series("column", column[cell], dtype=pl.Int16),
        pl.Series("reagent", [f"r{i}" for i in cell]),
        pl.lit("siRNA").alias("kind"),
        pl.Series("role", role.ravel()[cell].tolist(), dtype=pl.Enum(ROLES)),
        pl.Series(
            "control_class", [None if role.ravel()[i] == "sample" else role.ravel()[i] for i in cell], dtype=pl.String
        ),
        (2.0**x).alias("signal"),
        x.alias("log2_signal"),
        pl.Series(middle[at]).alias("fitted"),
        (x - pl.Series(middle[at])).alias("normalized"),
        pl.lit("").alias("flags"),
    )


def of(quality, figure, *, subject=None):
    rows = quality.filter(pl.col("figure") == figure)
    return rows if subject is None else rows.filter(pl.col("subject") == subject)


def test_a_good_screen_passes_and_its_tables_keep_their_schemas():
    plates, quality = assess_quality(table(readings()), vehicle="vehicle")
    check_table(plates, Plates, name="plates")
    check_table(quality, Quality, name="quality")
    assert plates["plate"].to_list() == design()["plate"].to_list()
    assert set(PLATE_FIGURES) <= set(plates.columns)
    assert "fail" not in plates["verdict"].to_list()
    assert (plates["verdict"] == "pass").mean() > 0.9
    assert of(quality, "replicate_pearson")["verdict"].unique().to_list() == ["pass"]
    assert of(quality, "interaction_pearson").height == len(LINES)
    assert of(quality, "interaction_pearson")["value"].min() > 0.5
    assert quality["value"].is_nan().sum() == 0
    assert set(quality["figure"]) == set(FIGURES)


def test_counts_and_figures_of_a_plate_are_those_of_its_wells():
    wells = table(readings())
    plates, quality = assess_quality(wells)
    name = "L1-B-drug-2"
    own = wells.filter(pl.col("plate") == name)
    row = plates.filter(pl.col("plate") == name)
    pos, neg = (own.filter(pl.col("role") == role)["signal"] for role in ("positive", "negative"))
    z_prime = 1 - 3 * (pos.std() + neg.std()) / abs(pos.mean() - neg.mean())
    np.testing.assert_allclose(row["z_prime"].item(), z_prime, rtol=1e-12)
    np.testing.assert_allclose(row["cv_negative"].item(), 100 * neg.std() / neg.mean(), rtol=1e-12)
    assert row.select("n_samples", "n_negative", "n_positive", "n_missing").row(0) == (88, 3, 5, 0)
    assert of(quality, "z_prime", subject=name)["value"].item() == row["z_prime"].item()
    assert of(quality, "z_prime", subject=name)["threshold"].item() == "warn below 0.5, fail below 0"


def test_shuffled_rows_give_the_same_tables():
    wells = table(readings())
    first, second = (
        assess_quality(wells, vehicle="vehicle"),
        assess_quality(wells.sample(fraction=1.0, shuffle=True, seed=3), vehicle="vehicle"),
    )
    for one, two in zip(first, second, strict=True):
        assert one.equals(two)


def test_the_wells_are_not_changed():
    wells = table(readings())
    before = wells.clone()
    assess_quality(wells)
    assert wells.equals(before)


def test_a_design_without_positives_is_not_applicable_and_no_error():
    wells = table(readings(positives=False), role=roles(positives=False))
    plates, quality = assess_quality(wells)
    for name in ("z_prime", "z_prime_robust", "ssmd", "ssmd_robust", "dynamic_range", "signal_window", "layout_margin"):
        rows = of(quality, name)
        assert rows["verdict"].unique().to_list() == ["not applicable"]
        assert rows["value"].null_count() == rows.height
    assert of(quality, "screen_z_prime")["verdict"].unique().to_list() == ["not applicable"]
    assert "fail" not in plates["verdict"].to_list()


def test_a_design_without_replicates_is_not_applicable_and_no_error():
    wells = table(readings()).filter(
        (pl.col("replicate") == 1) & (pl.col("treatment") == "vehicle") & (pl.col("cell_line") == "A")
    )
    plates, quality = assess_quality(wells, vehicle="vehicle")
    for name in ("replicate_pearson", "replicate_spearman", "replicate_ccc", "repeatability_sd", "drift", "identity_q"):
        assert of(quality, name)["verdict"].unique().to_list() == ["not applicable"], name
    assert of(quality, "replicate_pearson")["detail"].unique().to_list() == ["no two replicates"]
    assert plates.height == LIBRARIES


def test_an_unknown_vehicle_leaves_the_interaction_out():
    _, quality = assess_quality(table(readings()), vehicle="DMSO")
    assert of(quality, "interaction_pearson").height == 0


def test_a_plate_with_equal_readings_throughout_fails():
    log2 = readings()
    log2[4] = 15.0
    plates, quality = assess_quality(table(log2))
    name = plates["plate"][4]
    assert plates["verdict"][4] == "fail"
    assert of(quality, "spread", subject=name)["verdict"].item() == "fail"
    assert of(quality, "correction_q", subject=name)["verdict"].item() == "not applicable"


def test_whole_lines_without_readings_are_named():
    log2 = readings()
    log2[2, 3] = np.nan
    log2[2, :, 7] = np.nan
    plates, quality = assess_quality(table(log2))
    row = of(quality, "missing_lines", subject=plates["plate"][2])
    assert row["value"].item() == 2
    assert row["verdict"].item() == "warn"
    assert row["detail"].item() == "row D, column 8"
    assert plates["n_missing"][2] == 19


def test_lines_whose_rows_are_absent_from_the_table_are_missing_as_well():
    wells = table(readings())
    name = wells["plate"][0]
    plates, quality = assess_quality(wells.filter((pl.col("plate") != name) | (pl.col("row") != 4)))
    assert of(quality, "missing_lines", subject=name)["detail"].item() == "row D"
    assert plates.filter(pl.col("plate") == name)["n_missing"].item() == COLUMNS


def test_a_plate_without_any_reading_fails():
    log2 = readings()
    log2[1] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the median that the test itself takes
        wells = table(log2)
    plates, quality = assess_quality(wells)
    assert plates["verdict"][1] == "fail"
    assert of(quality, "missing_share", subject=plates["plate"][1])["value"].item() == 1.0


def test_a_dispensing_stripe_is_flagged_and_named():
    log2 = readings()
    log2[6, :, 5] -= 2.0
    plates, quality = assess_quality(table(log2))
    row = of(quality, "stripes", subject=plates["plate"][6])
    assert (row["value"].item(), row["verdict"].item(), row["detail"].item()) == (1.0, "warn", "column 6")
    assert of(quality, "correction_q", subject=plates["plate"][6])["verdict"].item() == "warn"


def test_swapped_turned_and_copied_plates_are_found():
    log2 = readings()
    moved = log2.copy()
    moved[[0, 1]] = log2[[1, 0]]
    moved[9] = log2[9, ::-1, ::-1]
    moved[14] = moved[5]
    plates, quality = assess_quality(table(moved))
    names = plates["plate"].to_list()
    suspects = of(quality, "identity_q").filter(pl.col("verdict") != "pass")
    assert {names[0], names[1], names[9]} <= set(suspects["subject"])
    assert (
        of(quality, "identity_q", subject=names[0])["detail"].item().startswith('looks like library plate "L1" (r 0.')
    )
    assert of(quality, "identity_q", subject=names[9])["detail"].item().startswith("looks turned by 180° (r 0.")
    assert of(quality, "layout_margin", subject=names[9])["verdict"].item() == "fail"
    assert "if turned by 180°" in of(quality, "layout_margin", subject=names[9])["detail"].item()
    twin = of(quality, "twins").filter(pl.col("verdict") == "fail")
    assert twin["subject"].to_list() == [names[5], names[14]]
    assert twin["detail"].to_list() == [f'equal to "{names[14]}"', f'equal to "{names[5]}"']
    assert plates["verdict"][5] == "fail"


def test_a_drifting_screen_is_flagged():
    log2 = readings() - 0.1 * np.arange(len(design()))[:, None, None]
    _, quality = assess_quality(table(log2))
    drifts = of(quality, "drift")
    assert drifts.height == len(LINES) * len(ARMS)
    assert drifts["verdict"].unique().to_list() == ["warn"]
    assert drifts["value"].max() < -1.2


def test_edges_are_measured_and_called():
    log2 = readings()
    log2[:, [0, -1], :] -= 1.0
    plates, quality = assess_quality(table(log2))
    assert plates["edge_index"].max() < -0.3
    assert plates["correction_q"].max() < 0.05
    assert of(quality, "correction_share")["value"].item() == 1.0
    assert of(quality, "library_correction_q")["verdict"].unique().to_list() == ["warn"]
    assert of(quality, "shared_position_p")["verdict"].item() == "warn"


def test_flat_plates_ask_for_no_correction():
    _, quality = assess_quality(table(readings(seed=5)))
    assert of(quality, "correction_share")["value"].item() <= 0.1


def test_without_normalization_the_plate_median_stands_in():
    wells = table(readings())
    _, expected = assess_quality(wells)
    _, found = assess_quality(wells.with_columns(pl.lit(None, dtype=pl.Float64).alias("normalized")))
    np.testing.assert_allclose(
        of(found, "replicate_pearson")["value"], of(expected, "replicate_pearson")["value"], rtol=1e-12
    )


def test_plates_of_two_formats_are_both_assessed():
    small = table(readings())
    large = small.with_columns(
        (pl.col("plate") + "-large").alias("plate"), (pl.col("library_plate") + "-large").alias("library_plate")
    ).with_columns(
        (pl.col("row") + 4).cast(pl.Int16).alias("row"), (pl.col("column") + 6).cast(pl.Int16).alias("column")
    )
    plates, quality = assess_quality(pl.concat([small, large]), vehicle="vehicle")
    assert plates.height == 2 * design().height
    assert of(quality, "z_prime").height == plates.height
    assert of(quality, "shared_position_p").height == 2


def test_an_empty_table_gives_empty_tables():
    plates, quality = assess_quality(table(readings()).clear())
    assert plates.height == quality.height == 0
    assert set(PLATE_FIGURES) <= set(plates.columns)


def test_limits_can_be_overridden():
    wells = table(readings())
    _, quality = assess_quality(wells, thresholds={"z_prime.warn": 0.99, "z_prime.fail": 0.98})
    assert of(quality, "z_prime")["verdict"].unique().to_list() == ["fail"]
    assert of(quality, "z_prime")["threshold"].unique().to_list() == ["warn below 0.99, fail below 0.98"]
    assert FIGURES["z_prime"].warn == 0.5


def test_an_unknown_limit_names_the_closest_one():
    with pytest.raises(SettingsError) as error:
        figures_with({"z_prim.warn": 0.4})
    assert str(error.value) == (
        "unknown quality threshold in quality.thresholds: found 'z_prim.warn', expected the name of a figure, a dot "
        'and "warn" or "fail". Did you mean \'z_prime.warn\'?'
    )


def test_every_figure_says_what_it_means_and_who_says_so():
    for name, figure in FIGURES.items():
        assert figure.name == name
        assert 10 < len(figure.meaning) <= 90, name
        assert "\n" not in figure.meaning
        assert figure.reference
        assert figure.threshold


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("z_prime", 0.5, "pass"),
        ("z_prime", 0.49, "warn"),
        ("z_prime", -0.01, "fail"),
        ("z_prime", -np.inf, "fail"),
        ("cv_negative", 20.0, "pass"),
        ("cv_negative", 20.1, "warn"),
        ("cv_negative", 51.0, "fail"),
        ("edge_index", -0.9, "fail"),
        ("edge_index", 0.31, "warn"),
        ("twins", 0.0, "pass"),
        ("twins", 1.0, "fail"),
        ("repeatability_sd", 99.0, "pass"),
        ("z_prime", np.nan, "not applicable"),
    ],
)
def test_a_value_is_held_against_its_limits(name, value, expected):
    assert VERDICTS[int(verdicts(FIGURES[name], np.array([value]))[0])] == expected


def many_hits(share, seed=1):
    log2 = np.full((24, ROWS, COLUMNS), 17.0) + np.random.default_rng(seed).normal(0, 0.15, (24, ROWS, COLUMNS))
    cells = np.flatnonzero(roles().ravel() == "sample")
    hits = np.random.default_rng(seed + 1).choice(cells, int(share * len(cells)), replace=False)
    log2.reshape(24, -1)[3, hits] -= 1.5
    return table(log2)


def test_a_plate_with_many_hits_is_found():
    found = plates_with_many_hits(many_hits(0.35))
    assert found["plate"].to_list() == [design()["plate"][3]]
    assert found["n_hits"].item() == int(0.35 * 88)
    assert found["share"].item() == pytest.approx(int(0.35 * 88) / 88)


def test_a_plate_with_few_hits_is_not():
    assert plates_with_many_hits(many_hits(0.1)).height == 0


def test_calls_in_the_table_are_taken_as_they_are():
    wells = many_hits(0.0).with_columns((pl.col("column") > 7).alias("is_significant"))
    assert plates_with_many_hits(wells).height == 24
    assert plates_with_many_hits(wells, share=0.5).height == 0


def test_many_hits_are_cautioned_against():
    with pytest.warns(Caution) as caught:
        caution_many_hits(plates_with_many_hits(many_hits(0.35)))
    assert str(caught[0].message) == (
        "many hits in plate 'L0-A-drug-1': found up to 34% of the samples, expected at most 20%. "
        "Median, loess and B-score normalization take hits for background there: normalize these plates by scattered "
        "negative controls."
    )
    caution_many_hits(plates_with_many_hits(many_hits(0.0)))


def test_kcviab_has_the_z_prime_that_cellhts2_gives(shared):
    path = shared / "oracle" / "kcviab" / "kcviab_reference.csv.gz"
    if not path.exists():
        pytest.skip(f"no recorded answer: {path} does not exist")
    with gzip.open(path) as file:
        table_of_r = pl.read_csv(file.read(), null_values="NA", infer_schema_length=None)
    position = pl.col("well").str.slice(1).cast(pl.Int16)
    role = {"sample": "sample", "neg": "negative", "pos": "positive", "other": "untreated", "empty": "empty"}
    wells = pl.concat(
        [
            table_of_r.select(
                pl.format("{}r{}", "plate", pl.lit(replicate)).alias("plate"),
                "well",
                (pl.col("plate") * 2 + replicate).cast(pl.Int32).alias("order"),
                pl.col("plate").cast(pl.String).alias("library_plate"),
                pl.lit("Kc").alias("cell_line"),
                pl.lit("none").alias("treatment"),
                pl.lit(replicate, dtype=pl.Int16).alias("replicate"),
                pl.lit(None, dtype=pl.String).alias("batch"),
                (
                    pl.col("well")
                    .str.slice(0, 1)
                    .replace_strict(dict(zip("ABCDEFGHIJKLMNOP", range(1, 17), strict=True)))
                )
                .cast(pl.Int16)
                .alias("row"),
                position.alias("column"),
                pl.lit(None, dtype=pl.String).alias("reagent"),
                pl.lit(None, dtype=pl.String).alias("control_class"),
                pl.col("anno").replace_strict(role, return_dtype=pl.Enum(ROLES)).alias("role"),
                pl.col(f"raw{replicate}").cast(pl.Float64).alias("signal"),
                pl.col(f"raw{replicate}").cast(pl.Float64).log(2).alias("log2_signal"),
                pl.col(f"norm{replicate}").cast(pl.Float64).alias("normalized"),
            )
            for replicate in (1, 2)
        ]
    )
    plates, quality = assess_quality(wells)
    robust = of(quality, "screen_z_prime_robust")
    assert robust["subject"].to_list() == ["Kc · none · replicate 1", "Kc · none · replicate 2"]
    assert robust["value"].round(3).to_list() == [0.756, 0.808]
    assert of(quality, "twins")["value"].max() == 0
    assert of(quality, "identity_q").filter(pl.col("verdict") != "pass").height <= 4
    assert plates.height == 114


def test_wells_without_cells_do_not_make_a_plate_seem_turned() -> None:
    simulation = simulate_screen(scenario("main", replicates=1), seed=3)
    wells = simulation.wells.filter(pl.col("library_plate") == "L1").with_columns(
        pl.col("signal").log(2.0).alias("log2_signal"), pl.lit(None, pl.Float64).alias("normalized")
    )
    _, quality = assess_quality(wells, vehicle="vehicle")
    layout = quality.filter(pl.col("figure") == "layout_margin")
    assert set(layout["verdict"]) == {"pass"}
    one = wells["plate"].unique().sort()[0]
    turned = wells.with_columns(
        pl.when(pl.col("plate") == one).then(17 - pl.col("row")).otherwise("row").alias("row"),
        pl.when(pl.col("plate") == one).then(25 - pl.col("column")).otherwise("column").alias("column"),
    ).select("plate", "row", "column", "signal", "log2_signal")
    placed = wells.drop("signal", "log2_signal").join(
        turned.cast({"row": pl.Int16, "column": pl.Int16}), on=["plate", "row", "column"], how="left"
    )
    _, quality = assess_quality(placed, vehicle="vehicle")
    failing = quality.filter((pl.col("figure") == "identity_q") & (pl.col("verdict") == "fail"))
    assert failing["subject"].to_list() == [one]
    assert failing["detail"].item().startswith("looks turned by 180°")
