"""Sources of target evidence: how to tell each by its headings, and what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sensitome.io.columns import Column, fold

__all__ = ["SOURCES", "Evidence", "Source", "find_source"]

#: What a row says: somebody saw it, a program predicts it, or a list names it.
Evidence = Literal["observed", "predicted", "listed"]

_MIRNA = (
    "mirna", "mir", "microrna", "mirna name", "mirbase id", "mirna id", "mature mirna", "mimat", "mirbase accession",
    "mirna accession",
)  # fmt: skip
_GENE = ("gene", "gene symbol", "symbol", "target gene", "target", "gene name", "genesymbol", "target symbol")
_SCORE = ("score", "value", "integrated score", "integratedscore", "target score")


@dataclass(frozen=True)
class Source:
    """One layout of a source of target evidence.

    Parameters
    ----------
    name : the source, as tables show it
    version : release that this layout belongs to; "" when the layout does not tell
    evidence : what its rows say
    marks : headings that only this layout has, folded
    columns : what its columns mean: mirna, gene, gene_id, transcript, species, mirna_species, support, score,
        experiments, reference, direct, confidence, family
    lower_is_better : direction of the score
    """

    name: str
    version: str
    evidence: Evidence
    marks: tuple[str, ...]
    columns: tuple[Column, ...]
    lower_is_better: bool = False


def _columns(**names: Sequence[str] | str) -> tuple[Column, ...]:
    required = ("mirna", "gene")
    return tuple(
        Column(name, (also,) if isinstance(also, str) else tuple(also), required=name in required)
        for name, also in names.items()
    )


def _source(name: str, version: str, evidence: Evidence, marks: Sequence[str], columns: tuple[Column, ...],
            *, lower: bool = False) -> Source:  # fmt: skip
    return Source(name, version, evidence, tuple(map(fold, marks)), columns, lower)


#: Layouts in the order in which they are tried.
SOURCES: tuple[Source, ...] = (
    *(
        _source(
            "TargetScan", version, "predicted", marks,
            _columns(mirna="miRNA", gene="Gene Symbol", gene_id="Gene ID", transcript="Transcript ID",
                     species=("Gene Tax ID", "Species ID"), support="Site Type", score="weighted context++ score"),
            lower=True,
        )
        for version, marks in (("8", ("weighted context++ score", "Predicted relative KD")),
                               ("7", ("weighted context++ score", "Site Type")))
    ),
    _source(
        "TargetScan", "", "predicted", ("Cumulative weighted context++ score", "Representative miRNA"),
        _columns(mirna="Representative miRNA", gene=("Gene Symbol", "Target gene"), family="miRNA family",
                 transcript=("Transcript ID", "Representative transcript"), species="Species ID",
                 score="Cumulative weighted context++ score"),
        lower=True,
    ),
    _source(
        "miRTarBase", "", "observed", ("miRTarBase ID", "Support Type"),
        _columns(mirna="miRNA", gene="Target Gene", gene_id=("Target Gene (Entrez ID)", "Target Gene (Entrez Gene ID)"),
                 species="Species (Target Gene)", mirna_species="Species (miRNA)", support="Support Type",
                 experiments="Experiments", reference="References (PMID)"),
    ),
    _source(
        "TarBase", "8", "observed", ("mirna", "positive_negative"),
        _columns(mirna="mirna", gene="geneName", gene_id="geneId", species="species", support="positive_negative",
                 experiments="method", direct="direct_indirect"),
    ),
    _source(
        "TarBase", "9", "observed", ("mirna_name", "gene_name", "experimental_method"),
        _columns(mirna="mirna_name", gene="gene_name", gene_id="gene_id", species="species",
                 support=("regulation", "positive_negative"), experiments="experimental_method",
                 reference="article_pubmed_id", confidence="confidence"),
    ),
    _source(
        "miRecords", "", "observed", ("miRNA_mature_ID", "Target gene_name"),
        _columns(mirna="miRNA_mature_ID", gene="Target gene_name", transcript="Target gene_Refseq_acc",
                 species="Target gene_species_scientific", mirna_species="miRNA_species", reference="Pubmed_id"),
    ),
    _source(
        "miRDB", "", "predicted", ("Target Score", "miRNA Name", "Gene Symbol"),
        _columns(mirna="miRNA Name", gene="Gene Symbol", score="Target Score"),
    ),
    _source(
        "IPA", "", "predicted", ("Confidence", "Source", "Symbol"),
        _columns(mirna=("Symbol", "miRNA Symbol", "ID"), gene=("Symbol 2", "Target Symbol", "Gene Symbol"),
                 support="Source", confidence="Confidence"),
    ),
    _source(
        "list", "", "listed", (),
        _columns(mirna=_MIRNA, gene=_GENE, score=_SCORE, gene_id=("gene id", "entrez", "entrez id", "ensembl"),
                 reference=("pmid", "pubmed", "reference")),
    ),
)  # fmt: skip


def find_source(headings: Sequence[str]) -> Source | None:
    """The first layout whose marks are all among the headings; None when only a plain list could fit."""
    folded = {fold(name) for name in headings}
    return next((source for source in SOURCES if source.marks and folded.issuperset(source.marks)), None)
