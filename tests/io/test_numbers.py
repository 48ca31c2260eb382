"""Numbers as people and instruments write them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensitome.io.numbers import detect_decimal, is_overflow, parse_number, parse_numbers


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("12", None, 12.0),
        (" 12.5 ", None, 12.5),
        ("-3", None, -3.0),
        ("\u22123", None, -3.0),
        ("+3", None, 3.0),
        (".5", None, 0.5),
        ("5.", None, 5.0),
        ("1e5", None, 1e5),
        ("1.5E-3", None, 1.5e-3),
        ("2,5E+3", None, 2500.0),
        ("1,234,567", None, 1234567.0),
        ("1,234,567.8", None, 1234567.8),
        ("1.234.567", None, 1234567.0),
        ("1.234.567,8", None, 1234567.8),
        ("1 234 567", None, 1234567.0),
        ("1\u00a0234", None, 1234.0),
        ("1\u202f234,5", None, 1234.5),
        ("1'234'567", None, 1234567.0),
        ("1’234.5", None, 1234.5),
        ("1,234", None, 1234.0),
        ("1.234", None, 1.234),
        ("1,23", None, 1.23),
        ("0,123", None, 0.123),
        ("1,234", ",", 1.234),
        ("1.234", ",", 1234.0),
        ("1,234", ".", 1234.0),
        ("1.234,5", ",", 1234.5),
    ],
)
def test_numbers_are_read_as_written(text: str, decimal: str | None, number: float) -> None:
    assert parse_number(text, decimal=decimal) == number


@pytest.mark.parametrize("text", ["", "  ", "-", "--", "NA", "n/a", "#N/A", "NaN", "null", "None", "."])
def test_marks_for_no_reading_are_no_number(text: str) -> None:
    assert parse_number(text) is None
    assert not is_overflow(text)


@pytest.mark.parametrize("text", ["OVER", "OVRFLW", "Overflow", "*OVER", "> 1000000", "saturated", "inf", "+inf", "∞"])
def test_overflow_is_no_number_and_told_apart(text: str) -> None:
    assert parse_number(text) is None
    assert is_overflow(text)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("abc", None),
        ("12a", None),
        ("1_000", None),
        ("0x10", None),
        ("1,2,3", None),
        ("12,34.5", "."),
        ("0.5", ","),
        ("12,5", "."),
        ("1 2", None),
        ("1.234,5", "."),
        ("12:30", None),
    ],
)
def test_text_is_not_a_number(text: str, decimal: str | None) -> None:
    with pytest.raises(ValueError, match=r"^'.*' is not a number$"):
        parse_number(text, decimal=decimal)


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["12,5", "3,25"], ","),
        (["12.5", "3.25"], "."),
        (["1,234", "12,5"], ","),
        (["1,234", "0,123"], ","),
        (["1234,567"], ","),
        (["1,234", "12,345"], "."),
        (["1.234", "12.345"], "."),
        (["1.234.567", "1.234"], ","),
        (["1,234,567"], "."),
        (["1.234,5"], ","),
        (["1,234.5"], "."),
        (["12,5", "12.5"], "."),
        (["12,5", "13,5", "12.5"], ","),
        ([], "."),
        (["A, b", "1"], "."),
    ],
)
def test_the_decimal_sign_is_that_for_which_more_cells_speak(cells: list[str], decimal: str) -> None:
    assert detect_decimal(cells) == decimal


def test_many_cells_are_read_as_each_alone() -> None:
    cells = ["1", "", "NA", "1,234.5", "x", "OVER", "1_0", "inf", "nan"]
    values, bad, overflowed = parse_numbers(cells)
    assert np.array_equal(values, [1, np.nan, np.nan, 1234.5, *[np.nan] * 5], equal_nan=True)
    assert bad == [4, 6]
    assert overflowed == [5, 7]


def test_no_cell_gives_no_number() -> None:
    values, bad, overflowed = parse_numbers([])
    assert values.shape == (0,)
    assert bad == overflowed == []


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_the_text_of_a_float_gives_it_back(numbers: list[float]) -> None:
    values, bad, _ = parse_numbers([repr(number) for number in numbers])
    assert values.tolist() == numbers
    assert not bad
    assert all(parse_number(repr(number), decimal=".") == number for number in numbers)


@given(st.integers(0, 10**12), st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]))
def test_grouped_thousands_with_two_decimals_are_read(number: int, signs: tuple[str, str]) -> None:
    thousands, decimal = signs
    text = f"{number:,}.25".replace(".", "D").replace(",", thousands).replace("D", decimal)
    assert math.isclose(parse_number(text) or 0, number + 0.25, rel_tol=1e-15)
    assert parse_number(text, decimal=decimal) == parse_number(text)
