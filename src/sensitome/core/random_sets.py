"""Overlaps of gene sets with the targets of random sets of miRNAs.

Draws lie in the bits of bytes, so that one byte operation serves eight of them. The genes that a draw hits are the
union of the targets of its miRNAs: per gene, the bitwise or of the draws of all miRNAs that target it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sensitome.parallel import blocks, map_blocks

__all__ = ["draw_members", "drawn_overlaps"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
CountArray = npt.NDArray[np.int32]

#: Draws that are worked on at a time; whatever the number of threads, so that nothing depends on it.
BLOCK = 2048
#: Genes whose draws are unpacked at a time.
GENES = 1024


def draw_members(members: int, *, size: int, draws: int, rng: np.random.Generator) -> BoolArray:
    """Draw sets of equal size without replacement.

    Parameters
    ----------
    members : number to draw from
    size : of each set, at most `members`
    draws : number of sets
    rng : source of chance

    Returns
    -------
    (draws, members), `size` of them true in each row
    """
    chosen = np.zeros((draws, members), dtype=np.bool_)
    for part in blocks(draws, size=BLOCK):
        ranks = np.argpartition(rng.random((part.stop - part.start, members)), size - 1, axis=1)[:, :size]
        np.put_along_axis(chosen[part], ranks, True, axis=1)
    return chosen


def drawn_overlaps(
    drawn: BoolArray, *, targets: BoolArray, sets: Sequence[IntArray], jobs: int = 1
) -> tuple[CountArray, CountArray]:
    """Count the genes that each draw hits, in all and in each gene set.

    Parameters
    ----------
    drawn : (draws, miRNAs), which miRNAs a draw has
    targets : (miRNAs, genes), which genes a miRNA targets
    sets : for each gene set, the positions of its genes
    jobs : threads

    Returns
    -------
    hit : (draws,), genes that at least one miRNA of the draw targets
    overlap : (draws, sets), those of them that lie in each set

    Notes
    -----
    Equal to ``union = drawn @ targets > 0; union.sum(1), union @ membership`` (tests/core/test_random_sets.py, exact).
    """
    source, gene = _by_gene(targets)
    work = blocks(len(drawn), size=BLOCK)

    def count(part: slice) -> tuple[CountArray, CountArray]:
        return _block(drawn[part], source=source, gene=gene, genes=targets.shape[1], sets=sets)

    parts = map_blocks(count, work, jobs=jobs)
    if not parts:
        return np.zeros(0, dtype=np.int32), np.zeros((0, len(sets)), dtype=np.int32)
    return np.concatenate([hit for hit, _ in parts]), np.concatenate([overlap for _, overlap in parts])


def _by_gene(targets: BoolArray) -> tuple[IntArray, IntArray]:
    """Pairs of miRNA and gene, sorted by gene."""
    gene, source = np.nonzero(targets.T)
    return source, gene


def _block(
    drawn: BoolArray, *, source: IntArray, gene: IntArray, genes: int, sets: Sequence[IntArray]
) -> tuple[CountArray, CountArray]:
    """`drawn_overlaps` of some draws."""
    draws = len(drawn)
    packed = np.packbits(drawn.T, axis=1)  # (miRNAs, bytes)
    union = np.zeros((genes, packed.shape[1]), dtype=np.uint8)
    start = np.flatnonzero(np.diff(gene, prepend=-1))
    for part in blocks(len(start), size=GENES):
        first = start[part]
        last = start[part.stop] if part.stop < len(start) else len(gene)
        union[gene[first]] = np.bitwise_or.reduceat(packed[source[first[0] : last]], first - first[0], axis=0)
    bits = np.empty((genes, draws), dtype=np.uint8)
    for part in blocks(genes, size=GENES):
        bits[part] = np.unpackbits(union[part], axis=1, count=draws)
    overlap = np.empty((draws, len(sets)), dtype=np.int32)
    for column, members in enumerate(sets):
        overlap[:, column] = _column_sums(bits, members)
    return _column_sums(bits, np.arange(genes)), overlap


def _column_sums(bits: npt.NDArray[np.uint8], rows: IntArray) -> CountArray:
    """Sums of some rows of bits; 255 of them cannot overflow a byte, and bytes add fast."""
    total = np.zeros(bits.shape[1], dtype=np.int32)
    for part in blocks(len(rows), size=255):
        total += np.add.reduce(bits[rows[part]], axis=0, dtype=np.uint8)
    return total
