from __future__ import annotations

import warnings
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.errors import Caution
from sensitome.io.evidence import EVIDENCE, read_evidence
from sensitome.io.mirbase import Mirbase, read_mirbase
from sensitome.mirna.targets import TIERS, TargetRules, merge_targets

ROWS = [
    ("10", "hsa-miR-1", "MIMAT0000001"),
    ("22", "hsa-miR-1-3p", "MIMAT0000001"),
    ("10", "hsa-miR-1*", "MIMAT0000002"),
    ("22", "hsa-miR-1-5p", "MIMAT0000002"),
    ("10", "hsa-miR-9", "MIMAT0000005"),
    ("22", "hsa-miR-206", "MIMAT0000462"),
]


def made_base() -> Mirbase:
    matures = pl.DataFrame(ROWS, schema=["version", "name", "accession"], orient="row").with_columns(
        pl.lit(None, pl.String).alias("sequence")
    )
    text = dict.fromkeys(("version", "name", "accession", "mature"), pl.String)
    dead = dict.fromkeys(("accession", "name", "forward", "comment"), pl.String)
    return Mirbase(matures, pl.DataFrame(schema=text), pl.DataFrame(schema=dead))


def rows(*cells: dict[str, object]) -> pl.DataFrame:
    """Evidence with usual values where a test does not say otherwise."""
    usual: dict[str, object] = dict.fromkeys(EVIDENCE)
    usual |= {
        "mirna": "hsa-miR-1-3p", "gene": "ERBB2", "source": "miRTarBase", "version": "9", "evidence": "observed",
        "functional": True, "lower_is_better": False, "file": "f", "line": 2,
    }  # fmt: skip
    return pl.DataFrame([usual | cell for cell in cells], schema=EVIDENCE)


def site(score: float, **cells: object) -> dict[str, object]:
    return {"source": "TargetScan", "version": "8", "evidence": "predicted", "score": score, "lower_is_better": True,
            "transcript": "T1", **cells}  # fmt: skip


def tiers(frame: pl.DataFrame, **rules: object) -> dict[str, str]:
    merged = merge_targets(frame, base=made_base(), rules=TargetRules(**rules))  # type: ignore[arg-type]
    return dict(merged.targets.select("gene", pl.col("tier").cast(pl.String)).rows())


def test_sources_meet_by_accession_whatever_name_they_write() -> None:
    merged = merge_targets(
        rows(
            {"support": "Functional MTI (Weak)", "reference": "1"},
            {"support": "Functional MTI", "reference": "2"},
            {"mirna": "hsa-miR-1", "source": "miRecords", "version": "4", "reference": "2"},
            site(-0.3) | {"mirna": "MIMAT0000001"},
        ),
        base=made_base(),
    )
    assert merged.left_out.height == 0
    assert merged.targets.rows(named=True) == [
        {
            "accession": "MIMAT0000001", "mirna": "hsa-miR-1-3p", "gene": "ERBB2", "tier": "experimentally observed",
            "sources": "TargetScan;miRTarBase;miRecords", "versions": "TargetScan 8;miRTarBase 9;miRecords 4",
            "n_sources": 3, "n_observed": 2, "support": "Functional MTI", "scores": "TargetScan 8: -0.3",
            "references": 2,
        }
    ]  # fmt: skip


def test_scores_decide_the_tier_of_predictions() -> None:
    frame = rows(
        site(-0.4, gene="HIGH"),
        site(-0.39, gene="MODERATE"),
        site(-0.19, gene="WEAK"),
        site(-0.25, gene="SUM"),
        site(-0.25, gene="SUM"),
        site(-0.25, gene="TWO"),
        site(-0.25, gene="TWO", transcript="T2"),
        {"source": "miRDB", "evidence": "predicted", "score": 80.0, "gene": "DB80"},
        {"source": "miRDB", "evidence": "predicted", "score": 60.0, "gene": "DB60"},
    )
    high, moderate = TIERS[1:]
    assert tiers(frame) == {
        "HIGH": high, "MODERATE": moderate, "SUM": high, "TWO": moderate, "DB80": high, "DB60": moderate,
    }  # fmt: skip
    assert tiers(frame, thresholds={"TargetScan": (-0.1, -0.05)})["WEAK"] == high
    left = merge_targets(frame, base=made_base()).left_out
    assert left.select("gene", "reason").rows() == [("WEAK", "score -0.19 is weaker than moderate")]


def test_words_of_ipa_are_taken_as_they_are_the_strongest_first() -> None:
    usual = {"source": "IPA", "evidence": "predicted", "version": ""}
    frame = rows(
        {**usual, "gene": "A", "confidence": "Moderate (predicted),Experimentally Observed"},
        {**usual, "gene": "B", "confidence": "Moderate (predicted),High (predicted)"},
        {**usual, "gene": "C", "confidence": "Moderate (predicted)"},
        {**usual, "gene": "D", "confidence": None},
    )
    assert tiers(frame) == {"A": TIERS[0], "B": TIERS[1], "C": TIERS[2]}
    assert merge_targets(frame, base=made_base()).left_out["reason"].to_list() == ["confidence not told"]


def test_records_without_effect_are_left_out_unless_asked_for() -> None:
    frame = rows(
        {"functional": False, "support": "Non-Functional MTI"}, {"gene": "B", "support": "Functional MTI (Weak)"}
    )
    assert tiers(frame) == {"B": TIERS[0]}
    assert tiers(frame, functional_only=False) == {"B": TIERS[0], "ERBB2": TIERS[0]}
    assert tiers(frame, weak=False) == {}
    assert tiers(frame, sources=("TarBase",)) == {}
    left = merge_targets(frame, base=made_base()).left_out
    assert left["reason"].to_list() == ["the source reports no effect: Non-Functional MTI"]


def test_a_plain_list_counts_least_unless_told_otherwise() -> None:
    frame = rows({"evidence": "listed", "source": "mine"})
    assert tiers(frame) == {"ERBB2": TIERS[2]}
    assert tiers(frame, listed="experimentally observed") == {"ERBB2": TIERS[0]}


def test_names_that_mean_nothing_or_too_much_are_told() -> None:
    frame = rows({"mirna": "hsa-miR-77"}, {"mirna": "hsa-miR-9"}, {"mirna": "hsa-miR-1-3p/hsa-miR-206"})
    merged = merge_targets(frame, base=made_base())
    # A dead miRNA still has its accession, and so its targets.
    assert merged.targets.select("accession", "mirna").rows() == [("MIMAT0000005", "hsa-miR-9")]
    assert merged.left_out["reason"].to_list() == [
        "miRNA unknown: hsa-mir-77 was never a name in miRBase 10–22. Did you mean 'hsa-miR-9'?",
        "miRNA ambiguous: 2 names in one cell (hsa-miR-1-3p: hsa-miR-1-3p; hsa-miR-206: hsa-miR-206)",
    ]


def test_a_family_holds_for_all_its_members() -> None:
    families = pl.DataFrame({"family": ["GGAAUGU"] * 2, "mirna": ["hsa-miR-1-3p", "hsa-miR-206"]})
    frame = rows(site(-0.5, family="GGAAUGU"))
    assert merge_targets(frame, base=made_base()).targets["mirna"].to_list() == ["hsa-miR-1-3p"]
    both = merge_targets(frame, base=made_base(), families=families).targets
    assert both["mirna"].to_list() == ["hsa-miR-1-3p", "hsa-miR-206"]


def test_symbols_that_became_dates_are_mended_or_told() -> None:
    frame = rows({"gene": "7-Sep"}, {"gene": "SEPT7"}, {"gene": "1-Mar"})
    with pytest.warns(Caution) as caught:
        merged = merge_targets(frame, base=made_base())
    assert str(caught[0].message) == (
        "gene symbols had become dates in 'f': found 2 rows (1 mended, 1 left out). "
        "Take the file from its source again, and do not save it from a spreadsheet."
    )
    assert merged.targets["gene"].to_list() == ["SEPTIN7"]
    assert merged.left_out.select("gene", "reason").rows() == [
        ("1-Mar", "'1-Mar' is a date that stands for both 'MARCHF1' and 'MTARC1'")
    ]


def test_a_gene_without_symbol_goes_by_its_transcript() -> None:
    merged = merge_targets(rows({"gene": None, "transcript": "NM_004448"}, {"gene": None}), base=made_base())
    assert merged.targets["gene"].to_list() == ["NM_004448"]
    assert merged.left_out["reason"].to_list() == ["the cell is empty"]


def test_no_evidence_is_no_target() -> None:
    merged = merge_targets(rows().clear(), base=made_base())
    assert merged.targets.height == 0
    assert merged.left_out.height == 0


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_and_files_does_not_matter(random: object) -> None:
    frame = rows(
        *(
            {"gene": gene, "mirna": mirna, "source": source, "support": support, "reference": str(i), "line": i}
            for i, (gene, mirna, source, support) in enumerate(
                (gene, mirna, source, support)
                for gene in "AB" for mirna in ("hsa-miR-1", "hsa-miR-206") for source in ("miRTarBase", "TarBase")
                for support in ("Functional MTI", "Functional MTI (Weak)")
            )
        ),
        site(-0.5), site(-0.3),
    )  # fmt: skip
    order = list(range(frame.height))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert merge_targets(frame[order], base=made_base()).targets.equals(merge_targets(frame, base=made_base()).targets)


def test_a_public_list_is_merged_by_accession(shared: Path) -> None:
    folder = shared / "data/mirna_resources"
    evidence = read_evidence(folder / "LncmiRSRN_miRTarBase_v7+TarBase_v7_High.csv")
    base = read_mirbase(folder / "miRBase_v6-v22_human_viral_history.tsv.gz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        merged = merge_targets(evidence, base=base)
    assert merged.left_out.height == 0
    assert merged.targets.height == 9296
    assert not merged.targets["gene"].str.contains("-Sep").any()
    hits = merged.targets.filter(pl.col("accession") == "MIMAT0000086")
    assert hits["mirna"].unique().to_list() == ["hsa-miR-29a-3p"]
    assert "DNMT3A" in hits["gene"].to_list()
