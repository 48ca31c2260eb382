"""Names of miRNAs as people and vendors write them, brought into the one form of miRBase."""

from __future__ import annotations

import polars as pl

__all__ = ["name_forms"]

# Words of catalogues that may stand behind a name with a hyphen: no part of it.
_TAILS = r"-(mimics?|inhibitors?|antagomirs?|precursor|hairpin|mirna|power|probe)$"
# TaqMan assays carry a number of 6 or 7 digits; arrays a suffix of the probe set or of the release.
_NUMBERS = r"[-_](\d{6,7}(_mat)?|(x_|s_)?st|v\d{1,2}(\.\d)?|mat)$"
# The species; then miR, mir, let and their long forms; then the number, or the letters and number of a virus.
_NAME = (
    r"(?i)(?:^|[^a-z0-9])(?:(?P<species>[a-z]{3,4}[0-9]?|hs|mm|rn)[-_ ])?(?P<family>microrna|mirna|mir|let)"
    r"[-_ ]?(?P<body>(?:[a-z]{0,5}[0-9][0-9a-z*#-]*)|lat[0-9a-z*#-]*)"
)
_HGNC = r"^MIR(?P<let>LET)?(?P<number>\d+)(?P<letters>[A-Z]{0,2})-?(?P<copy>\d*)$"
_SPECIES = {"has": "hsa", "hs": "hsa", "mm": "mmu", "rn": "rno"}


def name_forms(names: pl.Series, *, species: str = "hsa") -> pl.DataFrame:
    """What each input names, in the spelling of miRBase but lower case.

    Parameters
    ----------
    names : (n,) String, as they stand in a list: ``hsa-miR-101*``, ``miR-101-star_st``, ``hsa.miR.101.3p``,
        ``hsa-let-7a-4373169``, ``Syn-hsa-miR-101-5p miScript miRNA Mimic``, ``MIR101-1``, ``MSY0000099`` …
    species : prefix of names without one

    Returns
    -------
    (n,) rows: ``input``; ``plain`` (trimmed, lower case); ``key`` (lower case name as miRBase would spell it; null when
    no name was found); ``accession`` (MIMAT or MI, when the input holds one); ``small_r`` ("mir", as miRBase writes
    precursors); ``is_gene`` (a gene symbol such as MIR101-1, hence a precursor); ``is_family`` (the input says family
    or cluster); ``several`` (more than one name)
    """
    frame = pl.DataFrame({"input": names.cast(pl.String)}).with_columns(
        pl.col("input").fill_null("").str.replace_all("[\u2010-\u2015\u2212]", "-").str.replace_all("\u00a0", " ")
        .str.replace(r"\(and other .*\)$", "").str.strip_chars(" \t\"'").alias("_text")
    )  # fmt: skip
    dotted = pl.col("_text").str.contains(r"(?i)^[a-z0-9]*[._]?(mir|let)[._][0-9a-z._]*$")
    undotted = pl.col("_text").str.replace(r"\.$", "*").str.replace_all(r"[._]", "-")
    looked = pl.when(dotted).then(undotted).otherwise(pl.col("_text"))
    stripped = looked.str.replace(r"(?i)" + _NUMBERS, "").str.replace(r"(?i)" + _NUMBERS, "")
    frame = frame.with_columns(stripped.alias("_name")).with_columns(
        pl.col("_name").str.extract_groups(_NAME).alias("_parts"),
        pl.col("_text").str.extract_groups(_HGNC).alias("_gene"),
    )
    gene = pl.col("_gene").struct
    is_gene = gene.field("number").is_not_null()
    return frame.select(
        "input",
        pl.col("_text").str.to_lowercase().alias("plain"),
        pl.when(is_gene).then(_gene_key(species)).otherwise(_key(species)).alias("key"),
        _accession().alias("accession"),
        (pl.col("_parts").struct.field("family") == "mir").fill_null(False).alias("small_r"),
        is_gene.fill_null(False).alias("is_gene"),
        pl.col("_text").str.contains(r"(?i)\b(family|cluster)\b|~").alias("is_family"),
        (
            pl.col("_text").str.contains(r"[0-9a-zA-Z*]\s*(/|\+|,|;|&|\band\b)\s*[a-zA-Z0-9]")
            & pl.col("_parts").struct.field("body").is_not_null()
        ).alias("several"),
    )  # fmt: skip


def _key(species: str) -> pl.Expr:
    parts = pl.col("_parts").struct
    prefix = parts.field("species").str.to_lowercase()
    prefix = pl.when(prefix.is_in(["pre", "anti", "pri", "syn"])).then(None).otherwise(prefix)
    prefix = prefix.replace(_SPECIES).fill_null(species)
    family = pl.when(parts.field("family").str.to_lowercase() == "let").then(pl.lit("let")).otherwise(pl.lit("mir"))
    body = parts.field("body").str.to_lowercase().str.replace(_TAILS, "").str.strip_chars_end("-")
    body = body.str.replace("#$", "*").str.replace(r"-?star$", "*").str.replace(r"-([35])-p$", "-${1}p")
    return pl.concat_str([prefix, family, body], separator="-")


def _gene_key(species: str) -> pl.Expr:
    """Name of the precursor that a gene symbol stands for: MIR29B1 is mir-29b-1."""
    gene = pl.col("_gene").struct
    family = pl.when(gene.field("let").is_null()).then(pl.lit("mir")).otherwise(pl.lit("let"))
    copy = pl.when(gene.field("copy") == "").then(pl.lit("")).otherwise(pl.format("-{}", gene.field("copy")))
    return pl.format("{}-{}-{}{}{}", pl.lit(species), family, gene.field("number"),
                     gene.field("letters").str.to_lowercase(), copy)  # fmt: skip


def _accession() -> pl.Expr:
    """Accession in the text; Qiagen's MSY and MIN numbers are those of MIMAT."""
    own = pl.col("_text").str.extract(r"(?i)\b_?(MIMAT\d{7}|MI\d{7})", 1).str.to_uppercase()
    qiagen = pl.col("_text").str.extract(r"^M(?:SY|IN)(\d{7})$", 1)
    return pl.coalesce(own, pl.format("MIMAT{}", qiagen))
