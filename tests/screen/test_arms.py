"""Which arm is which, and what is said when it is not."""

from __future__ import annotations

import pytest

from sensitome.errors import LayoutError
from sensitome.screen.arms import check_treatments
from sensitome.settings import Treatments

ARMS = ["lapatinib", "trastuzumab", "vehicle"]


def refusal(treatments: Treatments) -> str:
    """What is said of treatments that do not go with the screen."""
    with pytest.raises(LayoutError) as caught:
        check_treatments(treatments, arms=ARMS)
    return str(caught.value)


def test_arms_that_are_all_there_pass() -> None:
    check_treatments(Treatments(vehicle="vehicle"), arms=ARMS)
    check_treatments(Treatments(), arms=["none"])


def test_several_treatments_need_a_vehicle() -> None:
    assert refusal(Treatments()) == (
        "no vehicle arm is named: found treatments 'lapatinib', 'trastuzumab' and 'vehicle', expected the arm without "
        'drug. Write treatments.vehicle = "..." in study.toml.'
    )


@pytest.mark.parametrize(
    ("treatments", "unknown"),
    [
        (Treatments(vehicle="vehicel"), "vehicel"),
        (Treatments(vehicle="vehicle", combinations={"trastuzumap": ("lapatinib",)}), "trastuzumap"),
        (Treatments(vehicle="vehicle", combinations={"trastuzumab": ("lapatinip",)}), "lapatinip"),
    ],
)
def test_an_arm_that_is_not_in_the_screen_is_refused_with_the_closest(treatments: Treatments, unknown: str) -> None:
    closest = {"vehicel": "vehicle", "trastuzumap": "trastuzumab", "lapatinip": "lapatinib"}[unknown]
    assert refusal(treatments) == (
        f"an arm that the study speaks of is not in the screen in treatments: found {unknown!r}, expected "
        f"'lapatinib', 'trastuzumab' or 'vehicle'. Did you mean {closest!r}?"
    )


def test_arms_that_are_not_in_the_screen_are_told_all_at_once() -> None:
    treatments = Treatments(vehicle="vehicel", combinations={"trastuzumab": ("lapatinip", "x")})
    rule = "expected an arm of the screen: 'lapatinib', 'trastuzumab' or 'vehicle'."
    assert refusal(treatments) == (
        "arms that the study speaks of are not in the screen.\n"
        f"  column treatments: found 'vehicel', {rule} Did you mean 'vehicle'?\n"
        f"  column treatments: found 'lapatinip', {rule} Did you mean 'lapatinib'?\n"
        f"  column treatments: found 'x', {rule}"
    )
