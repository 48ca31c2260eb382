"""The first numbers of a run: what the evidence confirms is counted only where something was measured again."""

from __future__ import annotations

import polars as pl
from tests.small_run import small_run

from sensitome.manifest import headline
from sensitome.report.sections import summary

TABLES, MANIFEST = small_run()


def conclusions(*verdicts: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(verdicts, schema=["verdict", "says_validation"], orient="row")


def test_confirmed_sensitizers_are_counted_among_those_that_were_measured_again() -> None:
    told = conclusions(("strong", "supports"), ("confirmed", "supports"), ("mixed", "contradicts"), ("x", "missing"))
    numbers = headline(TABLES | {"conclusions": told})
    assert (numbers["judged"], numbers["confirmed"]) == (3, 2)
    page = summary.build(TABLES, MANIFEST | {"headline": numbers})
    assert page["sentence"].endswith(
        "Of 3 reagents that were measured again, 2 are confirmed sensitizers by all the evidence."
    )


def test_without_a_validation_nothing_is_said_of_confirmation() -> None:
    numbers = headline(TABLES | {"conclusions": conclusions(("suggestive", "missing"))})
    assert "judged" not in numbers
    assert "measured again" not in summary.build(TABLES, MANIFEST | {"headline": numbers})["sentence"]
