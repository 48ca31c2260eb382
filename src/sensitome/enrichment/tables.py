"""Table of gene sets among the targets of miRNAs: columns, units and meanings."""

from __future__ import annotations

import dataframely as dy

from sensitome.schema_columns import count, key, number

__all__ = ["Enrichment", "EnrichmentEras"]


class Enrichment(dy.Schema):
    """One row per list of miRNAs × gene set: how many of its genes they target, and how many chance would give."""

    list = key("list of miRNAs: those that answer in a group of cell lines, or the targets of the candidates")
    gene_set = key("name of the gene set")
    description = dy.String(nullable=True, description="what the file of gene sets says of it")
    n_mirnas = count("miRNAs of the list")
    overlap = count("targets of the list that are in the set")
    set_size = count("genes of the set that count")
    list_size = count("targets of the list that count")
    universe_size = count("genes in all, as the convention has them")
    expected = number("overlap to be expected if targets were drawn gene by gene", "genes")
    odds_ratio = number("odds ratio, as the convention has it", "ratio")
    combined_score = number("−ln p × odds ratio, where the convention has it", "score")
    p_value = number("hypergeometric p: random genes; too small for targets of miRNAs", "probability")
    q_value = number("the same, adjusted as the convention does", "probability")
    expected_random = number("mean overlap of as many random miRNAs", "genes")
    fold_random = number("overlap over that", "ratio")
    empirical_p = number("share of lists of as many random miRNAs that target the set as much", "probability")
    empirical_q = number("the same, adjusted over all sets of the list (Benjamini-Hochberg)", "probability")
    draws = count("random lists")
    genes = dy.String(nullable=True, description='the targets in the set, joined by ";"')
    convention = dy.String(nullable=False, description="how lists, sets and tests are counted")


class EnrichmentEras(dy.Schema):
    """One row per list × gene set that passes in either era of Enrichr × era: the same lists, counted in two ways."""

    list = key("list of miRNAs")
    gene_set = key("name of the gene set")
    convention = key("enrichr-2020 (August 2019 to 2020) or enrichr (since February 2021)")
    p_value = number("hypergeometric p of that era; null where the set is not listed", "probability")
    q_value = number("adjusted p of that era", "probability")
    n_tested = dy.Int32(nullable=True, min=0, description="tests that q corrects for", metadata={"unit": "count"})
    passes = dy.Bool(nullable=False, description="whether q is below the limit")
    is_disputed = dy.Bool(nullable=False, description="whether the set passes in one era and not in the other")
