from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.context import _TABLE
from sensitome.errors import MissingExtraError, SettingsError, TableError
from sensitome.io.targetscan import (
    read_family_info,
    read_isoforms,
    read_orf_8mers,
    read_orf_lengths,
    read_utr_alignment,
)
from sensitome.mirna.accessibility import open_windows
from sensitome.mirna.context_scores import score_sites
from sensitome.mirna.isoforms import scale_isoforms
from sensitome.mirna.sites import SITE_TYPES, scan_sites, site_counts

LET7 = pl.DataFrame({"name": ["let-7a", "let-7b"], "sequence": ["UGAGGUAGUAGGUUGUAUAGUU", "UGAGGUAGUAGGUUGUGUGGUU"]})
UTRS = pl.DataFrame(
    {"name": ["G1", "G2"], "sequence": ["C" * 20 + "CUACCUCA" + "G" * 20, "G" * 20 + "ctac--ctcc" + "A" * 10]}
)
# Target abundances of the sample's seeds, Garcia et al. 2011, supplementary data 5.
ABUNDANCE = {
    "AAAUCCC": 3.507, "AACUACU": 3.354, "AAGGUGC": 3.334, "ACACACU": 3.637, "ACACGGG": 2.920,
    "ACAGUAC": 3.544, "ACCCUGU": 3.432, "GAGGUAG": 3.393, "GGAAUGU": 3.539, "GGCUGCG": 3.461,
    "GGGGUGG": 3.758, "GGGUGUU": 3.388, "GGUCUAG": 3.121, "UUCAAAU": 3.977,
}  # fmt: skip
PEER = {
    "intercept": "Site type contribution", "three_prime": "3' pairing contribution",
    "local_au": "local AU contribution", "min_distance": "Min_dist contribution",
    "srna1_a": "sRNA1A contribution", "srna1_c": "sRNA1C contribution", "srna1_g": "sRNA1G contribution",
    "srna8_a": "sRNA8A contribution", "srna8_c": "sRNA8C contribution", "srna8_g": "sRNA8G contribution",
    "site8_a": "site8A contribution", "site8_c": "site8C contribution", "site8_g": "site8G contribution",
    "utr_length": "3'UTR length contribution", "accessibility": "SA contribution",
    "orf_length": "ORF length contribution", "orf_8mers": "ORF 8mer contribution",
    "offset_6mers": "Offset 6mer contribution", "target_abundance": "TA contribution",
    "seed_energy": "SPS contribution", "conservation": "PCT contribution", "context": "context++ score",
    "percentile": "context++ score percentile", "share": "AIR", "weighted": "weighted context++ score",
    "weighted_percentile": "weighted context++ score percentile",
}  # fmt: skip


def test_sites_are_told_with_their_letters_from_one() -> None:
    sites = scan_sites(LET7, UTRS)
    assert sites.rows() == [
        ("let-7a", "G1", "8mer", 21, 28),
        ("let-7b", "G1", "8mer", 21, 28),
        ("let-7a", "G2", "7mer-m8", 21, 27),
        ("let-7b", "G2", "7mer-m8", 21, 27),
    ]
    assert scan_sites(LET7, UTRS, site_types=["7mer-m8"]).height == 2
    assert site_counts(sites).filter(pl.col("mirna") == "let-7a").rows() == [
        ("let-7a", "G1", 1, 0, 0, 0),
        ("let-7a", "G2", 0, 1, 0, 0),
    ]


def test_nothing_to_find_is_an_empty_table_of_the_same_columns() -> None:
    empty = scan_sites(LET7, UTRS.clear())
    assert empty.columns == ["mirna", "utr", "site_type", "start", "end"]
    assert empty.height == 0
    assert score_sites(empty, mirnas=LET7, utrs=UTRS.clear()).height == 0


def test_sites_in_the_shadow_of_the_ribosome_do_not_count() -> None:
    utrs = pl.DataFrame({"name": ["G1"], "sequence": ["C" * 13 + "CUACCUCA" + "G" * 20]})
    # The first letter of the match lies in the shadow: what is left is a 7mer-A1.
    assert scan_sites(LET7.head(1), utrs).rows() == [("let-7a", "G1", "7mer-A1", 15, 21)]
    assert scan_sites(LET7.head(1), utrs, shadow=0).rows() == [("let-7a", "G1", "8mer", 14, 21)]


def test_faults_of_the_input_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        scan_sites(LET7, UTRS, site_types=["7mer"])
    assert str(caught.value) == (
        "unknown type of site: found '7mer', expected '6mer', '7mer-A1', '7mer-m8' or '8mer'. Did you mean '8mer'?"
    )
    twice = pl.concat([UTRS, UTRS.head(1)])
    with pytest.raises(TableError) as error:
        scan_sites(LET7.with_columns(pl.lit(None, pl.String).alias("name")), twice)
    assert str(error.value) == (
        "sequences for the site scan: 2 faults.\n"
        "  column name: found '2 empty', expected a name for every miRNA.\n"
        "  column name: found 'G1', expected each UTR once."
    )


def test_sites_that_cannot_be_are_faults() -> None:
    sites = scan_sites(LET7, UTRS).head(1)
    with pytest.raises(TableError) as caught:
        score_sites(sites.with_columns(pl.lit("x").alias("utr")), mirnas=LET7, utrs=UTRS)
    assert str(caught.value) == "sites to score: 1 fault.\n  column utr: found 'x', expected a utr that was given."
    with pytest.raises(TableError) as error:
        score_sites(sites.with_columns(end=pl.lit(99)), mirnas=LET7, utrs=UTRS)
    assert str(error.value) == (
        "sites to score: 1 fault.\n"
        "  column start and end: found '21–99', expected a 8mer within the 48 letters of 'G1'."
    )


def test_features_that_were_not_given_are_told() -> None:
    scored = score_sites(scan_sites(LET7, UTRS), mirnas=LET7, utrs=UTRS)
    assert scored["missing"].unique().to_list() == ["orf_length;orf_8mers;target_abundance;accessibility;conservation"]
    assert scored["share"].to_list() == [1.0] * 4
    assert (scored["context"] <= -0.02).all()


def test_an_order_of_sites_does_not_matter() -> None:
    sites = scan_sites(LET7, UTRS)
    straight = score_sites(sites, mirnas=LET7, utrs=UTRS)
    turned = score_sites(sites.reverse(), mirnas=LET7, utrs=UTRS)
    assert turned.reverse().equals(straight)


def test_the_corrected_count_of_offset_6mers_is_that_of_the_utr() -> None:
    # Nucleotides 3–8 of let-7 pair with CUACCU: once in each 8mer and once alone.
    utrs = pl.DataFrame({"name": ["G"], "sequence": ["G" * 20 + "CUACCUCA" + "G" * 9 + "CUACCUG" + "G" * 9]})
    sites = scan_sites(LET7.head(1), utrs)
    assert score_sites(sites, mirnas=LET7, utrs=utrs)["offset_6mers"].to_list() == [-0.04]
    assert score_sites(sites, mirnas=LET7, utrs=utrs, compat="public-perl")["offset_6mers"].to_list() == [-0.02]
    short = pl.DataFrame({"utr": ["G"] * 2, "start": [1, 31], "end": [30, 53], "share": [100.0, 20.0]})
    # 100 : 20 isoforms with one and two matches have 1.17 on average, hence 1.
    weighed = score_sites(sites, mirnas=LET7, utrs=utrs, isoforms=short)
    assert weighed["offset_6mers"].to_list() == [-0.02]


def test_the_corrected_letter_8_of_a_6mer_lies_right_before_it() -> None:
    mirna = pl.DataFrame({"name": ["m"], "sequence": ["UGAGGUAGUAGGUUGUAUAGUU"]})
    utrs = pl.DataFrame({"name": ["G"], "sequence": ["U" * 20 + "CUG" + "UACCUC" + "U" * 20]})
    sites = scan_sites(mirna, utrs)
    right = score_sites(sites, mirnas=mirna, utrs=utrs)
    public = score_sites(sites, mirnas=mirna, utrs=utrs, compat="public-perl")
    assert right.select("site_type", "site8_c", "site8_g").rows() == [("6mer", 0.0, 0.012)]
    assert public.select("site_type", "site8_c", "site8_g").rows() == [("6mer", 0.015, 0.0)]


# ---- TargetScan's own sample


@pytest.fixture(scope="module")
def sample(shared: Path) -> Path:
    return shared / "data/mirna_resources/targetscan70_sample"


@pytest.fixture(scope="module")
def utrs(sample: Path) -> pl.DataFrame:
    frame = read_utr_alignment(sample / "UTR_Sequences_sample.txt", species=None)
    return frame.with_columns(pl.format("{}|{}", "name", "species").alias("key"))


def keyed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.format("{}|{}", "utr", "species").alias("utr"))


def test_the_scan_finds_the_sites_of_the_sample(sample: Path, utrs: pl.DataFrame) -> None:
    families = pl.read_csv(
        sample / "miR_Family_info_sample.txt",
        separator="\t",
        has_header=False,
        new_columns=["family", "seed", "species"],
    )
    peer = pl.read_csv(sample / "targetscan_70_output.txt", separator="\t", infer_schema=False)
    mirnas = families.select(pl.col("family").alias("name"), pl.format("U{}", "seed").alias("sequence"))
    found = scan_sites(mirnas, utrs.select(pl.col("key").alias("name"), "sequence")).select(
        pl.col("utr").cast(pl.String),
        pl.col("mirna").cast(pl.String),
        "start",
        "end",
        pl.col("site_type").cast(pl.String),
    )
    annotated = {
        (family, taxon) for family, taxa in families.select("family", "species").rows() for taxon in taxa.split(";")
    }
    ours = {row for row in found.iter_rows() if (row[1], row[0].split("|")[1]) in annotated}
    types = {"7mer-1a": "7mer-A1", "8mer-1a": "8mer"}
    theirs = {
        (f"{gene}|{taxon}", family, int(start), int(end), types.get(kind, kind))
        for gene, family, taxon, start, end, kind in peer.select(
            "a_Gene_ID", "miRNA_family_ID", "species_ID", "UTR_start", "UTR_end", "Site_type"
        ).rows()
    }
    assert len(theirs) == 213
    assert ours == theirs


def context_inputs(sample: Path, utrs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]:
    """The recorded scores, the sites of their rows, and everything that the scores are made of."""
    peer = pl.read_csv(sample / "Targets.BL_PCT.context_scores.txt", separator="\t", infer_schema=False)
    pct = pl.read_csv(sample / "targetscan_70_output.BL_PCT.txt", separator="\t", infer_schema=False).select(
        pl.col("Gene_ID").alias("Gene ID"), pl.col("species_ID").alias("Species ID"),
        pl.col("miRNA_family_ID").alias("miRNA family"), pl.col("UTR_start").alias("UTR start"), "Pct",
    )  # fmt: skip
    peer = peer.join(pct, on=["Gene ID", "Species ID", "miRNA family", "UTR start"], how="left", maintain_order="left")
    sites = peer.select(
        pl.col("Mirbase ID").alias("mirna"),
        pl.format("{}|{}", "Gene ID", "Species ID").alias("utr"),
        pl.col("Site Type").replace({"7mer-1a": "7mer-A1", "8mer-1a": "8mer"}).alias("site_type"),
        pl.col("UTR start").cast(pl.Int32).alias("start"),
        pl.col("UTR end").cast(pl.Int32).alias("end"),
        pl.col("Pct").cast(pl.Float64, strict=False).alias("pct"),
    )
    letters = pl.col("sequence").str.replace_all("-", "").str.len_chars().cast(pl.Int64)
    lengths = utrs.select(pl.col("name").alias("utr"), pl.col("key").alias("name"), "species", letters.alias("length"))
    reference = lengths.filter(pl.col("species") == 9606).select("utr", pl.col("length").alias("reference"))
    mirnas = read_family_info(sample / "miR_for_context_scores.sample.txt", species=None)
    tables = {
        "mirnas": mirnas.select(pl.col("mirna").alias("name"), "sequence"),
        "utrs": utrs.select(pl.col("key").alias("name"), "sequence"),
        "isoforms": scale_isoforms(
            read_isoforms(sample / "All_cell_lines.AIRs.txt"), lengths.join(reference, on="utr")
        ),
        "orfs": keyed(read_orf_lengths(sample / "ORF_Sequences_sample.lengths.txt")),
        "orf_8mers": keyed(read_orf_8mers(sample / "ORF_8mer_counts_sample.txt")),
        "abundance": pl.DataFrame({"seed": list(ABUNDANCE), "target_abundance": list(ABUNDANCE.values())}),
    }
    return peer, sites, tables


def test_all_contributions_of_the_sample_are_equal(sample: Path, utrs: pl.DataFrame) -> None:
    peer, sites, tables = context_inputs(sample, utrs)
    # The recorded accessibility stands in for the folding program and its release.
    kind = [SITE_TYPES.index(word) for word in sites["site_type"]]
    coefficient, low, high = (np.array(part)[kind] for part in _TABLE["accessibility"])
    recorded = peer["SA contribution"].cast(pl.Float64).to_numpy()
    unpaired = 10 ** (low + recorded / coefficient * (high - low))
    sites = sites.with_columns(pl.Series("unpaired", unpaired))
    ours = score_sites(sites, **tables, compat="public-perl")
    assert ours.height == 675
    for column, name in PEER.items():
        theirs = peer[name].cast(pl.Float64).to_numpy()
        np.testing.assert_allclose(ours[column].cast(pl.Float64).to_numpy(), theirs, atol=1e-12, err_msg=name)


def test_folding_comes_close_to_the_recorded_accessibility(sample: Path, utrs: pl.DataFrame) -> None:
    pytest.importorskip("RNA", reason="ViennaRNA is optional")
    peer, sites, tables = context_inputs(sample, utrs)
    keep = utrs.filter(pl.col("name") == "ZNF197")["key"]
    rows = sites["utr"].is_in(keep.implode())
    windows = open_windows(tables["utrs"].filter(pl.col("name").is_in(keep.implode())))
    ours = score_sites(sites.filter(rows), **tables, windows=windows, compat="public-perl")
    theirs = peer.filter(rows)["SA contribution"].cast(pl.Float64).to_numpy()
    # Recorded with ViennaRNA 2.2, here 2.7: energies differ a little.
    np.testing.assert_allclose(ours["accessibility"].to_numpy(), theirs, atol=0.01)


def test_without_viennarna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "RNA", None)
    with pytest.raises(MissingExtraError) as caught:
        open_windows(UTRS)
    assert str(caught.value) == (
        "site accessibility needs the package 'ViennaRNA', which is not installed. "
        "Run: pip install 'sensitome[folding]'."
    )
