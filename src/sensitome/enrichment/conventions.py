"""How tools count when they test over-representation, each as a record.

The same list and library give different p-values, and different terms that pass, because tools differ in what they take
for the universe, in whose sizes they count, and in how many tests they correct for. Nothing of that is silent here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sensitome.core.hypergeometric import Arithmetic
from sensitome.errors import MethodError, listed, suggestion

__all__ = ["CONVENTIONS", "EnrichmentConvention", "convention_named"]

OddsRatio = Literal["odds", "odds-open", "fold", "haldane", "none"]


@dataclass(frozen=True)
class EnrichmentConvention:
    """One way to test over-representation: x of n genes of a list lie in a set of K genes, of N in all.

    Parameters
    ----------
    name : by which it is chosen
    universe : N: ``fixed`` (`universe_size`, whatever the genes), ``given`` (the caller's genes), ``annotated`` (genes
        of any set, of those given if any are) or ``union`` (genes of any set; those given, whether in a set or not,
        replace them)
    drop_unannotated : whether n counts only the genes of the list that are in the universe
    intersect_sets : whether K counts only the genes of the set that are in the universe
    odds_ratio : ``odds`` x d / max(b c, 1) with b = K − x, c = n − x, d = N − K − c; ``odds-open`` the same without the
        1, so that it may be infinite; ``fold`` x N / (n K); ``haldane`` odds with ½ added to each count; ``none``
    combined : whether −ln(p) × odds ratio is given
    adjust_over : tests that BH corrects for: ``overlapping`` (sets with x ≥ 1) or ``library`` (all sets of allowed
        size); with ``overlapping`` the other sets are not listed
    monotone : whether q-values are made monotone, as BH asks; the server of 2020 did not
    arithmetic : ``exact``, or ``exp20`` (`sensitome.core.hypergeometric`)
    tail : ``upper``, or ``two-sided`` (Fisher's exact test)
    smallest, largest : sizes K of the sets that are tested
    fold_case : whether TP53 and Tp53 are one gene
    reference : tool, version or date, and how far it is reproduced
    universe_size : N where it is fixed
    """

    name: str
    universe: Literal["fixed", "given", "annotated", "union"]
    drop_unannotated: bool
    intersect_sets: bool
    odds_ratio: OddsRatio
    combined: bool
    adjust_over: Literal["overlapping", "library"]
    monotone: bool
    arithmetic: Arithmetic
    tail: Literal["upper", "two-sided"]
    smallest: int
    largest: int | None
    fold_case: bool
    reference: str
    universe_size: int = 20_000


#: The conventions by name.
CONVENTIONS: Mapping[str, EnrichmentConvention] = {
    convention.name: convention
    for convention in (
        EnrichmentConvention(
            "enrichr-2018", "fixed", False, False, "none", False, "overlapping", True, "exact", "upper", 1, None, True,
            "Enrichr server until July 2019, and its servers for other species: P to 1e-9; what it calls odds ratio is "
            "a z-score from private tables and is not given",
        ),
        EnrichmentConvention(
            "enrichr-2020", "fixed", False, False, "fold", True, "library", False, "exp20", "upper", 1, None, True,
            "Enrichr server from August 2019 to 2020: P to 1e-9, odds ratio and combined score to 1e-12",
        ),
        EnrichmentConvention(
            "enrichr", "fixed", False, False, "odds", True, "overlapping", True, "exp20", "upper", 1, None, True,
            "Enrichr server since February 2021: P to 1e-9, odds ratio to 1e-12",
        ),
        EnrichmentConvention(
            "speedrichr", "given", True, True, "odds-open", True, "overlapping", True, "exp20", "upper", 1, None, True,
            "Enrichr with a background of one's own (speedrichr): P to 1e-9",
        ),
        EnrichmentConvention(
            "gseapy", "union", True, True, "haldane", True, "overlapping", True, "exact", "upper", 1, None, False,
            "GSEApy 1.3.1 enrich(), offline",
        ),
        EnrichmentConvention(
            "clusterprofiler", "annotated", True, True, "fold", False, "overlapping", True, "exact", "upper", 10, 500,
            False, "clusterProfiler enricher(); DOSE",
        ),
        EnrichmentConvention(
            "fora", "given", True, True, "fold", False, "library", True, "exact", "upper", 1, None, False, "fgsea fora",
        ),
        EnrichmentConvention(
            "recommended", "annotated", True, True, "haldane", False, "library", True, "exact", "upper", 10, 500, True,
            "genes that were measured and are in some set; every set of 10 to 500 genes is a test",
        ),
    )
}  # fmt: skip


def convention_named(convention: str | EnrichmentConvention) -> EnrichmentConvention:
    """Look a convention up; a record of one's own goes through.

    Raises
    ------
    MethodError
        There is none of that name.
    """
    if isinstance(convention, EnrichmentConvention):
        return convention
    if convention not in CONVENTIONS:
        raise MethodError(
            "unknown convention of enrichment",
            found=repr(convention),
            expected=listed(CONVENTIONS),
            next_step=suggestion(convention, CONVENTIONS),
        )
    return CONVENTIONS[convention]
