from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.errors import SettingsError
from sensitome.io.mirbase import Mirbase, read_mirbase
from sensitome.mirna.name_index import NameIndex, index_names
from sensitome.mirna.names import STATUSES, guess_version, resolve_names


def made_base() -> Mirbase:
    """A miRBase of our own: three releases with every kind of change."""
    rows = [
        ("9", "hsa-miR-1", "MIMAT0000001", "UGGAAUGUAAAGAAGUAUGUAU"),
        ("10", "hsa-miR-1", "MIMAT0000001", "UGGAAUGUAAAGAAGUAUGUAU"),
        ("22", "hsa-miR-1-3p", "MIMAT0000001", "UGGAAUGUAAAGAAGUAUGUAUA"),
        ("10", "hsa-miR-1*", "MIMAT0000002", "ACAUACUUCUUUAUAUGCCCAU"),
        ("22", "hsa-miR-1-5p", "MIMAT0000002", "ACAUACUUCUUUAUAUGCCCAU"),
        ("9", "hsa-miR-7a", "MIMAT0000003", "UGGAAGACUAGUGAUUUUGUUGU"),
        ("10", "hsa-miR-7a", "MIMAT0000004", "AAGGCAGGGCCCCCGCUCCCC"),
        ("22", "hsa-miR-7a", "MIMAT0000004", "AAGGCAGGGCCCCCGCUCCCC"),
        ("22", "hsa-miR-7b", "MIMAT0000003", "UGGAAGACUAGUGAUUUUGUUGU"),
        ("10", "hsa-miR-9", "MIMAT0000005", "UCUUUGGUUAUCUAGCUGUAUGA"),
        ("22", "kshv-miR-K12-3-5p", "MIMAT0000006", "UCACAUUCUGAGGACGGCAGCGA"),
        ("22", "hsa-miR-11-5p", "MIMAT0000007", "AAAAAAAAAAAAAAAAAAAAAA"),
        ("22", "hsa-miR-11-3p", "MIMAT0000008", "CCCCCCCCCCCCCCCCCCCCCC"),
    ]
    matures = pl.DataFrame(rows, schema=["version", "name", "accession", "sequence"], orient="row")
    precursors = pl.DataFrame(
        [("22", "hsa-mir-1", "MI0000001", "MIMAT0000001"), ("22", "hsa-mir-1", "MI0000001", "MIMAT0000002")],
        schema=["version", "name", "accession", "mature"],
        orient="row",
    )
    dead = pl.DataFrame(
        [
            ("MIMAT0000005", "hsa-miR-9", "MIMAT0000001", "a fragment of a tRNA"),
            ("MI0000099", "hsa-mir-99", None, None),
        ],
        schema={"accession": pl.String, "name": pl.String, "forward": pl.String, "comment": pl.String},
        orient="row",
    )
    return Mirbase(matures, precursors, dead)


@pytest.mark.parametrize(
    ("name", "status", "accession", "now", "reason"),
    [
        ("hsa-miR-1-3p", "exact", "MIMAT0000001", "hsa-miR-1-3p", "named so in miRBase 22"),
        (
            "hsa-miR-1", "renamed", "MIMAT0000001", "hsa-miR-1-3p",
            "so in miRBase 9–10, hsa-miR-1-3p in 22; its sequence has changed",
        ),
        ("miR-1*", "renamed", "MIMAT0000002", "hsa-miR-1-5p",
         "read as hsa-miR-1*: so in miRBase 10, hsa-miR-1-5p in 22"),
        (
            "hsa-miR-7a", "ambiguous", None, None,
            "the name means MIMAT0000003 in 9; MIMAT0000004 in 10–22: say the release of the list, or give "
            "the accession",
        ),
        (
            "hsa-miR-9", "dead", "MIMAT0000005", None,
            "MIMAT0000005 was in miRBase 10 and is not in 22; replaced by MIMAT0000001 (a fragment of a tRNA)",
        ),
        (
            "hsa-mir-1", "precursor", "MI0000001", "hsa-mir-1",
            "the hairpin of hsa-miR-1-3p (MIMAT0000001) and hsa-miR-1-5p (MIMAT0000002), not a mature miRNA; the "
            "mature hsa-miR-1 of 9–10 is MIMAT0000001",
        ),
        ("hsa-miR-7", "family", None, None, "names a family: hsa-miR-7a (MIMAT0000004), hsa-miR-7b (MIMAT0000003)"),
        (
            "hsa-miR-11", "ambiguous", None, None,
            "miRBase has it only with its arm: hsa-miR-11-3p (MIMAT0000008), hsa-miR-11-5p (MIMAT0000007)",
        ),
        ("hsa-miR-8", "unknown", None, None, "hsa-mir-8 was never a name in miRBase 9–22. Did you mean 'hsa-miR-9'?"),
        ("mmu-miR-1", "unknown", None, None, "miRBase 9–22 was read without the species mmu"),
        ("U6", "unknown", None, None, "no name of a miRNA in it"),
        ("", "unknown", None, None, "the cell is empty"),
        (None, "unknown", None, None, "the cell is empty"),
        ("MI0000099", "dead", "MI0000099", None, "read as hsa-mir-99: miRBase took it out"),
        ("MIMAT9999999", "unknown", None, None, "accession MIMAT9999999 is not in this history of miRBase"),
        (
            "hsa-miR-1-5p (MIMAT0000001)", "exact", "MIMAT0000001", "hsa-miR-1-3p",
            "read as hsa-miR-1-3p: named so in miRBase 22; the name beside the accession, hsa-miR-1-5p, "
            "means MIMAT0000002",
        ),
        (
            "hsa-miR-1-5p/hsa-miR-1-3p", "ambiguous", None, None,
            "2 names in one cell (hsa-miR-1-5p: hsa-miR-1-5p; hsa-miR-1-3p: hsa-miR-1-3p)",
        ),
        ("hsa-miR-1*/hsa-miR-1-5p", "renamed", "MIMAT0000002", "hsa-miR-1-5p",
         "read as hsa-miR-1*: so in miRBase 10, hsa-miR-1-5p in 22"),
        ("miR-77 family", "unknown", None, None, "names a family that is not in this history of miRBase"),
        ("miR-17~92 cluster", "family", None, None,
         "names a cluster of hairpins, hence several molecules: name its members"),
        (
            "mir-11-5p", "exact", "MIMAT0000007", "hsa-miR-11-5p",
            "read as hsa-miR-11-5p: written with the small r of precursors; named so in miRBase 22",
        ),
    ],
)  # fmt: skip
def test_every_status_comes_with_its_reason(
    name: str | None, status: str, accession: str | None, now: str | None, reason: str
) -> None:
    # These three fit releases 9, 10 and 22 alike, so that the list does not say its release.
    row = resolve_names([name, "hsa-miR-7a"], base=made_base()).row(0, named=True)
    assert (row["status"], row["accession"], row["name"], row["reason"]) == (status, accession, now, reason)


def test_the_release_of_the_list_decides_what_a_name_means() -> None:
    base = made_base()
    old = resolve_names(["hsa-miR-7a"], base=base, version="9").row(0, named=True)
    new = resolve_names(["hsa-miR-7a"], base=base, version="v10").row(0, named=True)
    assert (old["accession"], old["name"], old["status"]) == ("MIMAT0000003", "hsa-miR-7b", "renamed")
    assert old["reason"] == "so in miRBase 9, hsa-miR-7b in 22; in 10–22 the name means MIMAT0000004"
    assert (new["accession"], new["name"], new["status"]) == ("MIMAT0000004", "hsa-miR-7a", "exact")


def test_names_go_back_to_an_older_release() -> None:
    rows = resolve_names(["hsa-miR-1-5p", "hsa-miR-7b", "hsa-miR-11-5p"], base=made_base(), target="9")
    assert rows["name"].to_list() == [None, "hsa-miR-7a", None]
    assert rows["reason"].to_list() == [
        "MIMAT0000002 is first named in miRBase 10, after 9",
        "so in miRBase 22, hsa-miR-7a in 9",
        "MIMAT0000007 is first named in miRBase 22, after 9",
    ]


def test_the_sequence_is_that_of_the_release_of_the_list() -> None:
    row = resolve_names(["hsa-miR-1"], base=made_base(), version="10").row(0, named=True)
    assert row["sequence"] == "UGGAAUGUAAAGAAGUAUGUAU"
    assert row["name_sequence"] == "UGGAAUGUAAAGAAGUAUGUAUA"


@pytest.mark.parametrize(
    "written",
    [
        "hsa-miR-1*", "miR-1*", "HSA-MIR-1*", "hsa-miR-1-star", "hsa-miR-1-star_st", "hsa.miR.1.", "hsa-miR-1#",
        "hsa-miR-1*-4373169", "hsa-miR-1*_002231", "Anti-hsa-miR-1*", "Pre-miR hsa-miR-1*", "has-miR-1*",
        "MIMAT0000002",
        "Syn-hsa-miR-1* miScript miRNA Mimic", "miRIDIAN microRNA Human hsa-miR-1* - Mimic", "microRNA-1*", "mir1*",
        "hsa\u2011miR\u20111*", "MSY0000002", "hsa_miR_1-5p", "mirVana® miRNA mimic hsa-miR-1-5p", "hsa-miR-1-5P",
        "hsa-miR-1-5p_v16.0", "Hs_miR-1*_1 miScript Primer Assay", " hsa-miR-1* ",
        "miR-1-5p (and other miRNAs w/seed CAUACUU)", "hsa-miR-1*-mimic",
    ],
)  # fmt: skip
def test_forms_of_vendors_and_files_are_understood(written: str) -> None:
    row = resolve_names([written], base=made_base(), version="10").row(0, named=True)
    assert (row["accession"], row["name"]) == ("MIMAT0000002", "hsa-miR-1-5p")


@pytest.mark.parametrize("symbol", ["MIR1", "MIR1-1"])
def test_gene_symbols_are_hairpins(symbol: str) -> None:
    expected = {"MIR1": "precursor", "MIR1-1": "unknown"}[symbol]
    assert resolve_names([symbol], base=made_base())["status"].to_list() == [expected]


def test_the_release_of_a_list_is_guessed_and_ties_go_to_the_latest() -> None:
    table = guess_version(["hsa-miR-1", "hsa-miR-7a", "junk"], base=made_base())
    assert [row[0] for row in guess_version(["hsa-miR-7a"], base=made_base()).rows()] == ["22", "10", "9"]
    assert table.rows() == [("10", 2, 1.0, True), ("9", 2, 1.0, True), ("22", 1, 0.5, False)]


def test_an_unknown_release_is_told_with_what_there_is() -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_names(["hsa-miR-1"], base=made_base(), version="11")
    assert str(caught.value) == (
        "unknown release of miRBase for 'version': found '11', expected '9', '10' or '22'. "
        "Choose one of these, or read another history."
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30) | st.none(), max_size=20))
def test_nothing_is_dropped_whatever_stands_in_the_list(names: list[str | None]) -> None:
    answer = resolve_names(names, base=made_base())
    assert answer["input"].to_list() == names
    assert answer["reason"].null_count() == 0
    assert set(answer["status"].cast(pl.String)) <= set(STATUSES)


@settings(max_examples=20, deadline=None)
@given(st.permutations(["hsa-miR-1", "hsa-miR-7a", "hsa-miR-9", "MIR1", "let-7", "x"]))
def test_order_of_the_list_does_not_matter(names: list[str]) -> None:
    straight = {row["input"]: row for row in resolve_names(sorted(names), base=made_base()).to_dicts()}
    assert {row["input"]: row for row in resolve_names(names, base=made_base()).to_dicts()} == straight


# ---- the real history


@pytest.fixture(scope="module")
def history(shared: Path) -> Mirbase:
    return read_mirbase(shared / "data/mirna_resources/miRBase_v6-v22_human_viral_history.tsv.gz")


@pytest.fixture(scope="module")
def index(history: Mirbase) -> NameIndex:
    return index_names(history)


def test_every_name_of_every_release_finds_itself(history: Mirbase, index: NameIndex) -> None:
    for version in ("6", "10.1", "16", "22"):
        there = history.matures.filter(pl.col("version") == version).unique(["name"], keep="none")
        answer = resolve_names(there["name"], base=index, version=version, target=version)
        assert answer["status"].cast(pl.String).unique().to_list() == ["exact"]
        assert answer["name"].to_list() == there["name"].to_list()


def test_the_eight_hits_keep_their_accessions(index: NameIndex) -> None:
    hits = {
        "miR-101-5p": ("MIMAT0004513", "hsa-miR-101*"),
        "miR-518a-5p": ("MIMAT0005457", "hsa-miR-518a-5p"),
        "miR-19b-2-5p": ("MIMAT0004492", "hsa-miR-19b-2*"),
        "miR-1237-3p": ("MIMAT0005592", "hsa-miR-1237"),
        "miR-29a-3p": ("MIMAT0000086", "hsa-miR-29a"),
        "miR-29c-3p": ("MIMAT0000681", "hsa-miR-29c"),
        "miR-106a-5p": ("MIMAT0000103", "hsa-miR-106a"),
        "miR-744-3p": ("MIMAT0004946", "hsa-miR-744*"),
    }
    answer = resolve_names(hits, base=index, target="10.1")
    assert answer["accession"].to_list() == [accession for accession, _ in hits.values()]
    assert answer["name"].to_list() == [old for _, old in hits.values()]
    back = resolve_names(answer["name"], base=index, version="10.1")
    assert back["name"].to_list() == [f"hsa-{name}" for name in hits]
    assert back["accession"].to_list() == answer["accession"].to_list()


def test_names_lose_two_thirds_of_the_library_and_accessions_hardly_any(history: Mirbase, index: NameIndex) -> None:
    library = history.matures.filter((pl.col("version") == "10.1") & pl.col("name").str.starts_with("hsa-"))
    answer = resolve_names(library["name"], base=index, target="22")
    # One accession has two names in release 10.1; hence 733 names of 732 molecules.
    assert library.height == 733
    by_name = answer.filter(pl.col("status").cast(pl.String) == "exact").height
    by_accession = answer["name"].is_not_null().sum()
    counts = dict(answer["status"].cast(pl.String).value_counts().iter_rows())
    assert round(100 * by_accession / 733, 1) == 98.5
    assert counts["dead"] == 11
    # By its string alone hsa-miR-516a-3p would count among the 36.6 %, although it is another molecule now.
    now = history.matures.filter(pl.col("version") == "22")["name"].implode()
    assert round(100 * library["name"].is_in(now).sum() / 733, 1) == 36.6
    assert by_name == library["name"].is_in(now).sum() - 1
    swapped = answer.filter(pl.col("input") == "hsa-miR-516a-3p").row(0, named=True)
    assert swapped["accession"] == "MIMAT0002860"
    assert "in 11–22 the name means MIMAT0006778" in swapped["reason"]


def test_the_array_of_release_16_is_found_by_accession(history: Mirbase, index: NameIndex) -> None:
    array = history.matures.filter((pl.col("version") == "16") & pl.col("name").str.starts_with("hsa-"))
    answer = resolve_names(array["name"], base=index, version="16", target="22")
    assert round(100 * answer["name"].is_not_null().mean(), 1) == 98.4
    assert round(100 * (answer["status"].cast(pl.String) == "exact").mean(), 1) == 50.5


def test_eighteen_human_names_mean_two_molecules(history: Mirbase, index: NameIndex) -> None:
    human = history.matures.filter(pl.col("name").str.starts_with("hsa-"))
    names = human["name"].unique(maintain_order=True)
    two = {name for name in names if len({n.accession for n in index.matures[name.lower()]}) > 1}
    numbers = "340 34b 378 425 488 493 500 550 589 593 616 624 629 3190-3p 499a-3p 499a-5p 516a-3p 516a-5p"
    assert len(names) == 3468
    assert " ".join(sorted(two)) == " ".join(sorted(f"hsa-miR-{number}" for number in re.findall(r"\S+", numbers)))


@pytest.mark.parametrize(
    ("name", "now"),
    [
        ("hsa-let-7b*", "hsa-let-7b-3p"),
        ("hsa-miR-1207-5p", "hsa-miR-1207-5p"),
        ("hsa-miR-1236", "hsa-miR-1236-3p"),
        ("hsa-miR-1307", "hsa-miR-1307-3p"),
        ("hsa-miR-15b", "hsa-miR-15b-5p"),
        ("hsa-miR-25*", "hsa-miR-25-5p"),
        ("hsa-miR-3656", None),
        ("hsa-miR-3940", "hsa-miR-3940-3p"),
        ("hsa-miR-1226*", "hsa-miR-1226-5p"),
        ("hsa-miR-150*", "hsa-miR-150-3p"),
        ("hsa-miR-15b*", "hsa-miR-15b-3p"),
        ("hsa-miR-320a", "hsa-miR-320a-3p"),
        ("hsa-miR-371-5p", "hsa-miR-371a-5p"),
        ("hsa-miR-431*", "hsa-miR-431-3p"),
        ("hsa-miR-1268", "hsa-miR-1268a"),
        ("hsv1-miR-H18", "hsv1-miR-H18"),
        ("hsv2-miR-H10", "hsv2-miR-H10"),
        ("hsv2-miR-H6", "hsv2-miR-H6-5p"),
        ("kshv-miR-K12-3", "kshv-miR-K12-3-5p"),
    ],
)
def test_names_of_table_1_have_their_fates(index: NameIndex, name: str, now: str | None) -> None:
    row = resolve_names([name], base=index, version="16", target="22").row(0, named=True)
    assert row["name"] == now
    assert row["status"] == ("dead" if now is None else "exact" if now == name else "renamed")


def test_full_lists_are_dated_to_their_release(history: Mirbase, index: NameIndex) -> None:
    for version in ("6", "10.1", "16", "18", "22"):
        names = history.matures.filter(pl.col("version") == version)["name"]
        assert guess_version(names, base=index).row(0) == (version, names.n_unique(), 1.0, True)


def test_a_list_of_hairpins_stays_one_of_hairpins(history: Mirbase, index: NameIndex) -> None:
    hairpins = history.precursors.filter(pl.col("version") == "22")["name"].unique(maintain_order=True)
    answer = resolve_names(hairpins, base=index)
    others = answer.filter(pl.col("status").cast(pl.String) != "precursor")
    # miRBase itself writes two hairpins of viruses with the capital R of mature miRNAs.
    assert others["input"].to_list() == ["kshv-miR-K12-2", "hsv2-miR-H10"]
    assert answer.height == len(hairpins) == 2006


def test_assay_names_of_a_vendor_all_find_their_molecule(index: NameIndex, shared: Path) -> None:
    listed = pl.read_csv(shared / "data/mirna_resources/miRNAmeConverter_names.txt")["miRNA"]
    answer = resolve_names(listed, base=index)
    rnas = answer.filter(pl.col("input").str.contains("miR|let"))
    lost = rnas.filter(pl.col("status").cast(pl.String).is_in(["unknown", "family"]))
    assert lost["input"].to_list() == []
    assert answer.height == len(listed)
