"""The methods of a run in words: what was done, with its numbers, and nothing that was not."""

from __future__ import annotations

from typing import Any

import polars as pl
from tests.small_run import small_run

from sensitome.report.methods import PARAGRAPHS, methods_text

TABLES, MANIFEST = small_run()


def study(**sections: dict[str, Any]) -> dict[str, Any]:
    """Manifest of the small run with further sections of the study."""
    return MANIFEST | {"study": MANIFEST["study"] | sections}


def test_nothing_is_claimed_without_tables() -> None:
    written = methods_text({}, {"study": {"name": "empty"}})
    assert written == []


def test_headings_are_unique() -> None:
    headings = [heading for heading, _ in PARAGRAPHS]
    assert len(set(headings)) == len(headings)


def test_a_run_of_the_screen_alone_says_nothing_of_other_parts() -> None:
    screen = {name: TABLES[name] for name in ("wells", "reagents", "plates", "quality", "scores", "hits", "funnel")}
    headings = [heading for heading, _ in methods_text(screen, MANIFEST)]
    assert headings == ["Screen", "Normalization", "Scores", "Calls", "Candidates", "Quality", "Software"]


def test_tables_without_the_settings_of_their_part_do_not_break_the_text() -> None:
    assert "Patients: association" not in dict(methods_text(TABLES, MANIFEST))


def test_answers_to_treatments_are_told_with_the_limit_and_what_the_arrays_allow() -> None:
    response = pl.DataFrame({"group": ["all", "some"], "feature": ["a", "a"]})
    groups = pl.DataFrame({"group": ["all", "some"], "n": [5, 0]})
    design = pl.DataFrame({"smallest_p": [2.1e-6, 2.7e-3]})
    tables = {"response": response, "response_groups": groups, "response_design": design}
    settings = {"processing": "normann2021", "test": "kruskal", "comparison": "arms", "by": "p_value", "alpha": 0.05}
    assert methods_text(tables, {"study": {"expression": settings}}) == [
        (
            "Answers to the treatments",
            "Which miRNAs answer to the treatments was tested in 2 groups of cell lines with Kruskal and Wallis's test "
            "over all arrays of a group (doi:10.1080/01621459.1952.10483441); the vehicle and every drug arm are "
            "compared. MiRNAs with nominal p < 0.05 answer: 5 (all) and 0 (some). This limit is not corrected for the "
            "number of miRNAs. The smallest p that these arrays allow lies between 2.1e-06 and 2.7e-03.",
        )
    ]


def test_survival_is_told_with_events_and_the_cut() -> None:
    survival = pl.DataFrame({"mirna": ["a"], "endpoint": ["os"], "n": [200], "n_event": [127]})
    written = dict(methods_text({"survival": survival}, study(cohort={"cut": "tertiles"})))
    assert written["Patients: survival"] == (
        "Survival (os: 127 events in 200 patients) was tested twice for each miRNA: by the log-rank test of patients "
        "parted by its expression (the highest and the lowest third), and by Cox's regression per standard deviation "
        "(ties as Efron), which does not part them (doi:10.1111/j.2517-6161.1972.tb00899.x). "
        "q is over miRNAs and endpoints of each model (Benjamini-Hochberg)."
    )


def test_validation_tells_what_counts_as_n() -> None:
    wells = pl.DataFrame(
        {
            "plate": ["V1", "V2"], "reagent": ["a", "b"], "kind": ["mimic"] * 2, "cell_line": ["KPL4"] * 2,
            "treatment": ["vehicle", "drug"], "replicate": [1, 2], "technical": [1, 1], "role": ["sample"] * 2,
        }
    )  # fmt: skip
    settings = {
        "control_arm": "vehicle", "scope": "plate", "control": None, "test": "student-wells", "variance": "moderated",
        "adjust": "none", "stars": "p_value",
    }  # fmt: skip
    written = dict(methods_text({"validation_wells": wells, "validation": wells}, {"study": {"validation": settings}}))
    assert written["Validation"] == (
        "2 reagents were measured again in KPL4 in 2 treatment arms on 2 plates: 2 biological replicates of "
        "1 technical well. Viability is the reading over the median of the negative controls without drug of the "
        "plate; effects are differences of its log2."
    )
    assert "counts technical replicates as n, so that its p are too small" in written["Validation: tests"]
    assert written["Validation: tests"].endswith("its stars stand for the nominal p.")


def test_several_cohorts_are_told_with_what_was_pooled_and_checked() -> None:
    survival = pl.DataFrame(
        {"cohort": ["A", "B"], "mirna": "m", "endpoint": "os", "n": [200, 69], "n_event": [127, 22], "p_value": 0.5}
    )
    checks = pl.DataFrame({"figure": ["gray", "best-cut"]})
    tables = {"survival": survival, "survival_scrutiny": checks, "survival_pooled": survival}
    settings = {"cohort": {"covariates": ["age"], "strata": "er"}, "cohorts": {"B": {"covariates": ["grade"]}}}
    text = dict(methods_text(tables, study(**settings)))["Patients: survival"]
    assert text.startswith("Survival (os: 127 events in 200 patients of A; os: 22 events in 69 patients of B) was")
    assert "A further model has age and grade as covariates. Patients were compared within er." in text
    assert "Gray's test (doi:10.1214/aos/1176350951)" in text
    assert text.endswith("with effects that vary between cohorts (doi:10.1016/0197-2456(86)90046-2).")


def test_an_association_is_told_as_it_was_asked_for() -> None:
    summary = pl.DataFrame({"mirna": ["m"], "n_tested": [300], "n_significant": [4], "n_targets": [20]})
    settings = {"correlation": "pearson", "correlation_covariates": ["age"], "family": "all", "alpha": 0.1}
    tables = {"association_summary": summary, "association_sets": pl.DataFrame({"convention": ["recommended"]})}
    assert dict(methods_text(tables, study(cohorts={"A": settings})))["Patients: association"] == (
        "Each of 1 miRNA was correlated with 300 mRNAs by Pearson's r, with age taken out of both; p by Student's t, "
        "adjusted over all pairs (Benjamini-Hochberg, doi:10.1111/j.2517-6161.1995.tb02031.x). "
        "4 pairs with q ≤ 0.1 are kept. Correlations of a miRNA's targets were held against those of the other mRNAs "
        "by the rank-sum test. Gene sets among the mRNAs that go with a miRNA were tested against all mRNAs measured "
        "(convention recommended)."
    )


def test_calls_under_new_noise_and_by_chance_are_counted() -> None:
    again = pl.DataFrame({"is_hit": [True, True, False], "p_call": [0.9, 0.4, 0.0], "rounds": [200] * 3})
    null = pl.DataFrame({"called_by": ["the rule", "heb"], "calls": [122, 136], "expected": [30.25, 0.4], "rounds": 20})
    assert methods_text({"call_probability": again, "null_calls": null}, {}) == [
        (
            "Chance",
            "The noise of the wells was drawn anew 200 times, and the rule applied to each draw: the share of draws "
            "that call a context is reported; of 2 calls, 1 came again in at least 80 % of them. In 20 screens without "
            "effects that were made of this one, the mean number of calls was 30.2 by the rule (of 122) and 0.4 by heb "
            "(of 136).",
        )
    ]


def test_dose_matrices_are_told_with_what_they_are_held_against() -> None:
    summary = pl.DataFrame({"block": ["A + B"] * 2, "reference": ["Bliss", "HSA"]})
    written = dict(methods_text({"dose_summary": summary}, {}))
    assert written["Dose matrices"].startswith(
        "Dose matrices of two drugs (A + B) were held against Bliss and HSA (doi:"
    )
    assert written["Dose matrices"].endswith("p adjusted over matrices and over pairs (Benjamini-Hochberg).")
    many = pl.DataFrame({"block": [f"A + {i}" for i in range(9)], "reference": "Bliss"})
    assert dict(methods_text({"dose_summary": many}, {}))["Dose matrices"].startswith(
        "9 dose matrices of two drugs were held against Bliss (doi:"
    )
