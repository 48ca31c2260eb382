from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import SourceError, TableError
from sensitome.io.library import read_library
from sensitome.io.wellmap_toml import read_wellmap


def write(folder: Path, text: str, *, name: str = "layout.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def contents(library: pl.DataFrame, column: str) -> dict[str, str | None]:
    return dict(library.select("well", column).iter_rows())


def test_blocks_rows_columns_and_wells_say_what_is_in_a_well(tmp_path: Path) -> None:
    # The same layout in wellmap 3.5.2 gives these ten wells and values.
    path = write(
        tmp_path,
        """
        [expt]
        cells = 'MCF7'
        kind = 'mimic'
        [block.2x2.'A1,A3']
        reagent = 'x'
        [row.A]
        reagent = 'in a row'
        dose = 1
        [col.'1,3,...,5']
        dose = 2
        reagent = 'in a column'
        [well.B2]
        reagent = 'y'
        role = 'neg'
        """,
    )
    library = read_wellmap(path)
    assert library["library_plate"].unique().to_list() == ["*"]
    assert contents(library, "reagent") == {
        **dict.fromkeys(["A01", "A02", "A03", "A04", "B01", "B03", "B04"], "x"),
        "B02": "y",
        "A05": "in a row",
        "B05": "in a column",
    }
    assert contents(library, "dose") == {
        **dict.fromkeys(["A01", "A02", "A03", "A04", "A05"], "1"),
        **dict.fromkeys(["B01", "B03", "B05"], "2"),
        **dict.fromkeys(["B02", "B04"], None),
    }
    assert contents(library, "role")["B02"] == "negative"
    assert set(library["cells"]) == {"MCF7"}


def test_plates_are_library_plates_and_win_over_the_whole_layout(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [block.2x1.A1]
        reagent = 'both'
        [plate.P1]
        day = 'monday'
        [plate.P2.well.A2]
        reagent = 'other'
        [plate.P2.block.1x1.A1]
        reagent = 'own'
        """,
    )
    rows = read_wellmap(path).select("library_plate", "well", "reagent", "day").rows()
    assert rows == [
        ("P1", "A01", "both", "monday"),
        ("P1", "A02", "both", "monday"),
        ("P2", "A01", "own", None),
        ("P2", "A02", "other", None),
    ]


@pytest.mark.parametrize(
    ("section", "wells"),
    [
        ("well.'A1,B2'", "A01 B02"),
        ("well.'A1-B2'", "A01 A02 B01 B02"),
        ("well.'A1,A3,...,A7'", "A01 A03 A05 A07"),
        ("well.'A1,C3,...,E5'", "A01 A03 A05 C01 C03 C05 E01 E03 E05"),
        ("block.2x1.'A1,C1'", "A01 A02 C01 C02"),
    ],
)
def test_patterns_name_several_wells(tmp_path: Path, section: str, wells: str) -> None:
    path = write(tmp_path, f"[{section}]\nreagent = 'x'\n")
    assert read_wellmap(path)["well"].to_list() == wells.split()


def test_interleaved_rows_and_columns_alternate(tmp_path: Path) -> None:
    path = write(tmp_path, "[irow.A]\nreagent = 'a'\n[irow.B]\nreagent = 'b'\n[col.'1-4']\nday = 1\n")
    names = contents(read_wellmap(path), "reagent")
    assert [well for well, name in names.items() if name == "a"] == ["A01", "A03", "B02", "B04"]
    assert [well for well, name in names.items() if name == "b"] == ["A02", "A04", "B01", "B03"]
    path = write(tmp_path, "[icol.1]\nreagent = 'a'\n[icol.2]\nreagent = 'b'\n[row.'A-D']\nday = 1\n")
    names = contents(read_wellmap(path), "reagent")
    assert [well for well, name in names.items() if name == "a"] == ["A01", "B02", "C01", "D02"]


def test_included_layouts_are_defaults_and_the_later_ones_win(tmp_path: Path) -> None:
    write(tmp_path, "[well.'A1,A2,A3']\nreagent = 'first'\n", name="one.toml")
    write(tmp_path, "[well.'A1,A2,A3']\nreagent = 'second'\n", name="two.toml")
    path = write(tmp_path, "[meta]\ninclude = ['one.toml', 'two.toml']\npath = 'x.csv'\n[well.A2]\nreagent = 'own'\n")
    assert contents(read_wellmap(path), "reagent") == {"A01": "second", "A02": "own", "A03": "second"}


def test_a_layout_is_a_library_for_read_library(tmp_path: Path) -> None:
    path = write(tmp_path, "[block.3x2.A1]\nreagent = 'x'\nrole = 'siLab'\n")
    library = read_library(path, roles={"silab": "negative"}, plate_format=96)
    assert library["role"].to_list() == ["negative"] * 6
    with pytest.raises(TableError):
        read_library(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[row.A]\nreagent = 'x'\n", "layout names no wells in {path}. {step}"),
        (
            "[block.2by2.A1]\nreagent = 'x'\n",
            "layout cannot be used in {path}: expected [block.WxH.A1] with W and H from 1 (found '2by2'). {step}",
        ),
        (
            "[well.'A1,A3,...,A6']\nreagent = 'x'\n",
            "layout cannot be used in {path}: expected a pattern that leads from its first place to its last "
            "(found 'A1,A3,...,A6'). {step}",
        ),
        (
            "[well.'A1,...,A6']\nreagent = 'x'\n",
            "layout cannot be used in {path}: expected 'first,second,...,last' (found 'A1,...,A6'). {step}",
        ),
        (
            "[well]\nreagent = 'x'\n",
            "layout cannot be used in {path}: expected key = value lines below 'reagent'. {step}",
        ),
        (
            "[row.1]\nreagent = 'x'\n",
            "layout cannot be used in {path}: expected rows from A to AF, columns from 1 to 48 (found '1'). {step}",
        ),
        (
            "[plate.P1.expt]\nreagent = 'x'\n",
            "layout cannot be used in {path}: expected section [plate.NAME] (found 'P1' in [plate]). {step}",
        ),
        (
            "[wells.A1]\nreagent = 'x'\n",
            "layout: 1 fault.\n  {path}, column wells: a section such as [row.A] or [expt]. {step}",
        ),
        (
            "[well.A1]\nreagent = {name = 'x'}\n",
            "layout: 1 fault.\n  {path}, column reagent: found {{'name': 'x'}}, expected one plain value.",
        ),
        (
            "[meta]\nconcat = 'other.toml'\n[well.A1]\nreagent = 'x'\n",
            "layout uses meta.concat or a shifted meta.include in {path}: expected meta.include as a path or a list of "
            "paths. Write the combined layout with the package wellmap as CSV, and read that.",
        ),
        ("[meta]\ninclude = 'layout.toml'\n", "layout includes itself in {path}. Remove one meta.include."),
    ],
)
def test_what_is_wrong_in_a_layout_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    step = "See https://wellmap.readthedocs.io for the format."
    with pytest.raises(SourceError) as caught:
        read_wellmap(path)
    assert str(caught.value) == message.format(path=path, step=step)


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "[well.A1\n")
    with pytest.raises(SourceError) as caught:
        read_wellmap(path)
    assert str(caught.value).startswith(f"file is not TOML in {path}: found ")
    assert str(caught.value).endswith("Correct this place.")
