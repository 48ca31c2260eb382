"""Which genes the miRNAs control, and how gene sets among them were tested, in words."""

from __future__ import annotations

from typing import Any

from sensitome.charts.data import Manifest, Tables, named, plural, setting

__all__ = ["PARAGRAPHS"]

_UNIVERSES = {
    "given": "the genes that some miRNA targets",
    "annotated": "the genes of any gene set",
    "union": "the genes of any gene set",
}


def _targets(tables: Tables, manifest: Manifest) -> str:
    """Evidence for targets."""
    targets = tables.get("targets")
    if targets is None:
        return ""
    sources = sorted({source for sources in targets["versions"].unique() for source in sources.split(";") if source})
    text = (
        f"Targets of miRNAs are {plural(targets.height, 'pair')} of {targets['accession'].n_unique():,} miRNAs and "
        f"{targets['gene'].n_unique():,} genes"
    )
    text += f", from {named(sources)}" if sources else ""
    by_accession = setting(manifest, "inputs", "mirbase") is not None
    return text + (
        "; names were brought together by accession of miRBase."
        if by_accession
        else "; names were compared as written."
    )


def _gene_sets(tables: Tables, manifest: Manifest) -> str:
    """The two tests of a gene set."""
    enrichment = tables.get("enrichment")
    name = setting(manifest, "enrichment", "convention")
    if enrichment is None or enrichment.is_empty() or name is None:
        return ""
    lists = [f"{group} ({n})" for group, n in enrichment.select("list", "n_mirnas").unique(maintain_order=True).rows()]
    draws = int(enrichment["draws"][0])
    return (
        f"Gene sets among the targets of {plural(len(lists), 'list')} of miRNAs ({'; '.join(lists)}) were tested "
        f"twice: by the hypergeometric test as {_convention(name)}, which takes genes for drawn one by one, so that "
        f"its p are too small for targets of miRNAs; and against {draws:,} random lists of as many miRNAs that could "
        "have been in the list (doi:10.1093/bioinformatics/btv023), p = (1 + lists with at least as many targets in "
        f"the set) / (1 + {draws:,}) (doi:10.2202/1544-6115.1585), adjusted over the sets of a list "
        "(Benjamini-Hochberg)."
        f"{_found(tables, manifest)}"
    )


def _convention(name: str) -> str:
    """How genes and tests were counted."""
    from sensitome.enrichment.conventions import CONVENTIONS

    record: Any = CONVENTIONS.get(name)
    if record is None:
        return f"“{name}” counts"
    universe = _UNIVERSES.get(record.universe, f"{record.universe_size:,} genes")
    tests = "sets with at least one target" if record.adjust_over == "overlapping" else "all sets"
    return f"“{name}” counts (universe: {universe}; corrected over {tests})"


def _found(tables: Tables, manifest: Manifest) -> str:
    """How many sets pass either test."""
    alpha = setting(manifest, "enrichment", "alpha")
    enrichment = tables["enrichment"]
    if alpha is None:
        return ""
    genes, mirnas = ((enrichment[name] < alpha).sum() for name in ("q_value", "empirical_q"))
    return (
        f" At a false-discovery rate of {alpha:g}, {plural(genes, 'set')} passed the first and "
        f"{plural(mirnas, 'set')} the second, over all lists."
    )


def _genes(tables: Tables, manifest: Manifest) -> str:
    """How genes behind the screen were sought."""
    genes = tables.get("genes")
    if genes is None or genes.is_empty():
        return ""
    threshold, pairs = (setting(manifest, "genes", name) for name in ("threshold", "pairs"))
    false_calls, least = (setting(manifest, "genes", name) for name in ("false_calls", "least_families"))
    if threshold is None:
        return ""
    source = "interactions, weighted by their standard deviations," if "sensitizers" in tables else "scores"
    return (
        f"Genes behind the screen: in each cell line and drug arm the {source} of all mimics were regressed on their "
        f"targets (genes of at least {least} seed families) by the elastic net on {2 * pairs} complementary halves "
        "that never cut a seed family (doi:10.1186/s13059-015-0783-1, doi:10.1111/j.1467-9868.2011.01034.x). Genes "
        f"that at least {100 * threshold:g} % of the halves select are called; the expected number of false calls in a "
        f"context is bounded by {false_calls:g}; shuffled screens give q."
    )


#: Heading and writer, in the order of the page.
PARAGRAPHS = (("Targets", _targets), ("Gene sets", _gene_sets), ("Genes", _genes))
