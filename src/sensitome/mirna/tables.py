"""Tables of miRNAs: names, targets and the genes behind a screen; columns, units and meanings."""

from __future__ import annotations

import dataframely as dy

from sensitome.mirna.names import STATUSES
from sensitome.mirna.targets import TIERS
from sensitome.schema_columns import count, number

__all__ = ["Genes", "Names", "TargetSources", "TargetsLeftOut", "TargetsMerged"]


def _text(meaning: str, *, nullable: bool = True, key: bool = False) -> dy.String:
    return (
        dy.String(primary_key=True, description=meaning) if key else dy.String(nullable=nullable, description=meaning)
    )


class Names(dy.Schema):
    """One row per name of a list, in its order: which molecule it means, and what that is called now."""

    list = _text("where the name stands: the library, the arrays", key=True)
    input = _text("the name as it stands there", key=True)
    status = dy.Enum(STATUSES, description="what became of the name")
    accession = _text("accession of miRBase: MIMAT… of a mature miRNA, MI… of a hairpin")
    name = _text("name in the release that was asked for; null when it has none")
    sequence = _text("sequence under the name that was read, in `version`, 5′→3′")
    name_sequence = _text("sequence in the release that was asked for, 5′→3′")
    version = _text("release of miRBase whose name it is")
    read_as = _text("the name as miRBase spells it")
    candidates = _text('accessions that come into question, joined by ";"')
    reason = _text("why, in words", nullable=False)


class TargetsMerged(dy.Schema):
    """One row per miRNA × gene that some evidence connects."""

    accession = _text("accession of the miRNA", key=True)
    gene = _text("symbol of the gene", key=True)
    mirna = _text("name of the miRNA now; of a dead one, the name that was read", nullable=False)
    tier = dy.Enum(TIERS, description="strength of the evidence, as IPA's microRNA Target Filter has it")
    sources = _text('sources, joined by ";"', nullable=False)
    versions = _text('sources with their releases, joined by ";"', nullable=False)
    n_sources = count("sources")
    n_observed = count("sources that observed it")
    support = _text("the strongest word of a source for it")
    scores = _text('best score of each source that scores, as "source: score"', nullable=False)
    references = count("distinct references")


class TargetSources(dy.Schema):
    """One row per source of targets × what became of its rows."""

    source = _text("source", key=True)
    version = _text("its release; empty where neither layout nor file name tells it", key=True)
    evidence = dy.Enum(["observed", "predicted", "listed"], primary_key=True, description="what the source says")
    outcome = _text('"counts", or why the rows do not count', key=True)
    rows = count("rows of the file")
    mirnas = count("miRNAs in these rows, as the source writes them; of those that count, in the whole source")
    genes = count("genes in these rows; of those that count, in the whole source")


class TargetsLeftOut(dy.Schema):
    """One row per row of evidence that does not count."""

    mirna = _text("the miRNA as the file writes it")
    gene = _text("the gene, as the file writes it or mended")
    source = _text("source", nullable=False)
    version = _text("release of the source")
    evidence = dy.Enum(["observed", "predicted", "listed"], description="what the source says")
    support = _text("the source's own word")
    score = number("score of the source", "as the source has it")
    reference = _text("reference of the source")
    file = _text("the file", nullable=False)
    line = dy.Int32(nullable=True, min=1, description="its line, from 1")
    reason = _text("why it does not count", nullable=False)


class Genes(dy.Schema):
    """One row per gene × arm: whether its repression by mimics explains their effects."""

    cell_line = _text("cell line", key=True)
    treatment = _text("drug arm", key=True)
    gene = _text("symbol of the gene", key=True)
    same_targets = _text('genes with the very same mimics, joined by ";": no screen tells them apart', nullable=False)
    n_mirnas = count("mimics that target it")
    n_families = count("seed families that target it")
    selection = number("share of halves of the screen in which it is among the first", "fraction")
    sign = dy.Int8(nullable=False, description="−1 = repressing it sensitizes, 1 = protects, 0 = never selected")
    agreement = number("share of the halves that select it with this sign", "fraction")
    effect = number("effect of full repression, beside all called genes; exaggerated in called ones", "log2")
    q_value = number("false-discovery rate by shuffled screens", "probability")
    is_selected = dy.Bool(nullable=False, description="selection reaches the threshold")
    mean_rank = number("weighted mean rank of its families' effects, 0 = all lowest", "fraction")
    rank_z = number("distance of the mean rank from chance; negative = sensitizing", "SD")
    rank_p = number("two-sided p of the mean rank", "probability")
    rank_q = number("the same, adjusted (Benjamini–Hochberg) over the genes of the arm", "probability")
    mirnas = _text('mimics that carry it, the strongest first, joined by ";"', nullable=False)
