"""The figure of seed families: every member, called or not, whatever the order of the rows."""

from __future__ import annotations

import polars as pl
import pytest
from tests.sensitizer_run import families_of
from tests.small_run import small_run

from sensitome.charts.export import render
from sensitome.charts.registry import figure

TABLES, MANIFEST = small_run()
FAMILIES = families_of(TABLES["sensitizers"])
SHOWN = {**TABLES, "families": FAMILIES}
RECORD = figure("seed_families")


def drawn(tables: dict[str, pl.DataFrame]):
    made = RECORD.specify(tables, MANIFEST)
    assert made is not None
    return made


def rows_of(made, ending: str) -> int:
    return sum(len(text.splitlines()) - 1 for name, text in made["datasets"].items() if name.endswith(ending))


def test_every_member_is_a_point():
    made = drawn(SHOWN)
    called = FAMILIES["n_called"].sum()
    assert rows_of(made, "called") == called
    assert rows_of(made, "others") == FAMILIES["n_members"].sum() - called
    assert rows_of(made, "means") == 2
    assert render(made).startswith(b"<svg")


def test_the_order_of_the_sensitizers_does_not_matter():
    shuffled = {**SHOWN, "sensitizers": TABLES["sensitizers"].sample(fraction=1, shuffle=True, seed=3)}
    assert render(drawn(shuffled)) == render(drawn(SHOWN))
    assert render(drawn(SHOWN), format="pdf") == render(drawn(SHOWN), format="pdf")


def test_families_of_a_test_without_a_model_show_their_p():
    plain = FAMILIES.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("p_shared", "loyalty"))
    texts = next(text for name, text in drawn({**SHOWN, "families": plain})["datasets"].items() if "families" in name)
    assert "< 0.01" in texts
    assert "0.40" in texts


def test_many_families_are_counted():
    many = pl.concat([FAMILIES.with_columns(seed_family=pl.format("A{}", pl.lit(i))) for i in range(20)])
    made = drawn({**SHOWN, "families": many})
    assert rows_of(made, "means") == 30
    assert any("10 further families not shown" in line for line in made["title"]["subtitle"])


@pytest.mark.parametrize(
    "tables", [{**SHOWN, "families": FAMILIES.clear()}, {**SHOWN, "sensitizers": TABLES["sensitizers"].clear()}]
)
def test_nothing_to_draw_is_no_figure(tables: dict[str, pl.DataFrame]):
    assert RECORD.specify(tables, MANIFEST) is None
