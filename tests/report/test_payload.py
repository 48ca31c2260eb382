"""What travels inside the page comes out as it went in."""

from __future__ import annotations

import base64
import json
from importlib.resources import files

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.small_run import small_run

from sensitome.report.payload import column_table, pack, safe_json
from sensitome.report.plate_data import plate_data
from sensitome.report.sections.provenance import toml_text


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
@settings(deadline=None, max_examples=60)
def test_json_on_the_page_is_read_back_and_never_ends_its_element(value):
    text = safe_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_json_on_the_page_knows_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        safe_json(float("nan"))


@pytest.mark.parametrize(("wide", "step"), [(True, 4 / 65534), (False, 4 / 254)])
def test_packed_plates_keep_their_values_to_half_a_step(wide, step):
    values = np.array([[-1.0, 0.25, 3.0, np.nan], [2.0, 2.5, np.nan, 6.0]])
    low, high = np.array([-1.0, 2.0]), np.array([3.0, 6.0])
    codes = np.frombuffer(base64.b64decode(pack(values, low, high, wide=wide)), "<u2" if wide else "u1").reshape(2, 4)
    assert (codes == 0).tolist() == np.isnan(values).tolist()
    top = 65535 if wide else 255
    back = low[:, None] + (codes - 1.0) / (top - 1) * (high - low)[:, None]
    np.testing.assert_allclose(back[codes > 0], values[codes > 0], atol=0.5 * step + 1e-12)


def test_a_plate_of_one_value_is_packed():
    codes = np.frombuffer(base64.b64decode(pack(np.ones((1, 3)), np.ones(1), np.ones(1), wide=False)), "u1")
    assert codes.tolist() == [1, 1, 1]


def test_texts_of_a_table_are_levels_and_codes():
    frame = pl.DataFrame({"name": ["b", None, "a", "b"], "z": [1.23456, None, float("inf"), 2.0]})
    table = column_table(frame, {"name": ("name", None, ""), "z": ("z", 2, "")}, caption="c", name="n")
    name, z = table["columns"]
    assert (name["levels"], name["values"]) == (["b", "a"], [0, -1, 1, 0])
    assert z["values"] == [1.2346, None, None, 2]


def test_plates_are_in_reading_order_with_the_values_of_their_wells():
    tables, manifest = small_run()
    data = plate_data(tables, manifest)
    (entry,) = data["formats"]
    names = entry["plates"]["plate"]
    assert names == [
        f"{line}_{arm}_{r}" for line in ("KPL4", "SUM190PT") for arm in ("vehicle", "lapatinib") for r in (1, 2)
    ]
    assert len(entry["layouts"]) == 1
    codes = np.frombuffer(base64.b64decode(entry["normalized"]), "<u2").reshape(len(names), 96)
    low, high = entry["limits"]
    wells = tables["wells"].filter(pl.col("plate") == names[3]).sort("row", "column")
    expected = wells["normalized"].fill_null(np.nan).to_numpy()
    back = np.where(codes[3] == 0, np.nan, low + (codes[3] - 1.0) / 65534 * (high - low))
    np.testing.assert_allclose(back, expected, atol=1e-4)
    cells = entry["layouts"][0]["reagent"]
    assert [data["reagents"][code][0] for code in cells] == wells["reagent"].to_list()


def test_plates_do_not_depend_on_the_order_of_rows():
    tables, manifest = small_run()
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=1) for name, table in tables.items()}
    assert plate_data(shuffled, manifest) == plate_data(tables, manifest)


def test_toml_of_settings_is_read_back():
    import tomllib

    settings_ = {"name": 'q"\\\n', "n": 3, "on": True, "h": {"k": 3.0, "empty": {}, "deep": {"a b": ["x", 1.5]}}}
    expected = {"name": 'q"\\\n', "n": 3, "on": True, "h": {"k": 3.0, "deep": {"a b": ["x", 1.5]}}}
    assert tomllib.loads(toml_text(settings_ | {"nothing": None})) == expected


def test_scripts_and_styles_fit_into_a_page():
    assets = files("sensitome.report").joinpath("assets")
    for asset in assets.iterdir():
        text = asset.read_text(encoding="utf-8")
        if asset.name.endswith(".js"):
            assert "</script" not in text.lower()
            assert "<!--" not in text
        if asset.name.endswith(".css"):
            assert "</style" not in text.lower()


def test_the_renderer_is_the_one_that_the_figures_were_made_for():
    import altair as alt

    first = files("sensitome.report").joinpath("assets", "vega.js").read_text(encoding="utf-8").splitlines()[0]
    assert f"Vega-Lite {alt.SCHEMA_VERSION.removeprefix('v').split('.')[0]}." in first
