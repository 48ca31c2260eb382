"""Seed matches of many miRNAs in many sequences: every 6-mer is looked up once, whatever the number of miRNAs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.parallel import map_blocks

__all__ = ["ANY", "PAD", "SITE_TYPES", "Encoded", "SiteHits", "encode", "scan", "seed_codes"]

ByteArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]

#: Types of sites by their code, the weaker ones first.
SITE_TYPES = ("6mer", "7mer-A1", "7mer-m8", "8mer")
#: Code of everything that is not A, C, G or U.
ANY = 4
#: Letters of code `ANY` before each sequence and behind the last, so that flanks never reach into another one.
PAD = 40

_BLOCK = 1 << 21
_CODES = np.full(256, ANY, dtype=np.uint8)
for _code, _letters in enumerate(("Aa", "Cc", "Gg", "UuTt")):
    _CODES[[ord(letter) for letter in _letters]] = _code


class Encoded(NamedTuple):
    """Sequences in one array.

    Parameters
    ----------
    codes : (letters,) A, C, G, U = 0 … 3, everything else `ANY`; `PAD` letters between sequences
    start : (sequences,) where each begins
    length : (sequences,) letters of each
    """

    codes: ByteArray
    start: IntArray
    length: IntArray


class SiteHits(NamedTuple):
    """Sites, ordered by sequence and position.

    Parameters
    ----------
    seed : (sites,) number of the seed
    sequence : (sites,) number of the sequence
    position : (sites,) where the six matched letters of nucleotides 2–7 begin in the sequence, from 0
    kind : (sites,) code in `SITE_TYPES`
    """

    seed: npt.NDArray[np.int32]
    sequence: npt.NDArray[np.int32]
    position: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]


def encode(sequences: Sequence[str]) -> Encoded:
    """Encode sequences of RNA or DNA, in any case.

    >>> encode(["ACGU", "tn"]).codes[PAD : PAD + 4]
    array([0, 1, 2, 3], dtype=uint8)
    """
    pad = "-" * PAD
    text = pad + pad.join(sequences) + pad
    length = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    start = PAD + np.concatenate([[0], np.cumsum(length + PAD)[:-1]]) if len(length) else length
    return Encoded(_CODES[np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8)], start, length)


def seed_codes(seeds: Sequence[str]) -> tuple[IntArray, ByteArray]:
    """What to look for in a target, for each seed.

    Parameters
    ----------
    seeds : (seeds,) nucleotides 2–8 of miRNAs, 5′→3′, letters A, C, G, U or T

    Returns
    -------
    core : (seeds,) number of the 6-mer that pairs with nucleotides 2–7, as `scan` counts 6-mers
    eighth : (seeds,) code of the letter that pairs with nucleotide 8
    """
    letters = encode(list(seeds))
    at = letters.start[:, None] + np.arange(7)
    pairing = 3 - letters.codes[at].astype(np.int64)
    # The target runs the other way round: nucleotide 7 pairs with the first letter of the core.
    core = (pairing[:, 5::-1] * 4 ** np.arange(5, -1, -1)).sum(axis=1)
    return core, pairing[:, 6].astype(np.uint8)


def scan(
    targets: Encoded,
    *,
    core: IntArray,
    eighth: ByteArray,
    shadow: int = 14,
    least: int = 0,
    jobs: int = 1,
) -> SiteHits:
    """Find all sites of all seeds.

    Parameters
    ----------
    targets : sequences to look in
    core, eighth : of each seed, as `seed_codes` gives them
    shadow : letters at the start of each sequence that count as unknown: the ribosome's shadow
    least : lowest code in `SITE_TYPES` that is wanted
    jobs : threads

    Returns
    -------
    SiteHits

    Notes
    -----
    8mer: nucleotides 2–8 pair and an A lies opposite nucleotide 1; 7mer-m8: 2–8; 7mer-A1: 2–7 and the A; 6mer: 2–7.
    Each run of six paired letters is one site, of the strongest type that fits, so no site lies inside another of the
    same seed. The rules and the shadow of 14 are those of TargetScan 7.0.

    References
    ----------
    Agarwal et al. 2015, doi:10.7554/eLife.05005
    """
    codes = targets.codes.copy()
    if shadow:
        where = targets.start[:, None] + np.arange(shadow)
        codes[where[np.arange(shadow) < targets.length[:, None]]] = ANY
    order = np.argsort(core, kind="stable").astype(np.int32)
    count = np.bincount(core, minlength=4**6 + 1).astype(np.int32)
    first = np.cumsum(count) - count
    cuts = _cuts(targets)

    def block(part: slice) -> SiteHits:
        return _scan_block(codes, targets, part, order=order, count=count, first=first, eighth=eighth, least=least)

    found = map_blocks(block, cuts, jobs=jobs)
    none = SiteHits(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int8))
    found = found or [none]
    return SiteHits(
        np.concatenate([hits.seed for hits in found]),
        np.concatenate([hits.sequence for hits in found]),
        np.concatenate([hits.position for hits in found]),
        np.concatenate([hits.kind for hits in found]),
    )


def _cuts(targets: Encoded) -> list[slice]:
    """Runs of whole sequences of about `_BLOCK` letters."""
    if not len(targets.start):
        return []
    number = (targets.start + targets.length) // _BLOCK
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    return [slice(low, high) for low, high in pairwise(edges)]


def _scan_block(
    codes: ByteArray,
    targets: Encoded,
    part: slice,
    *,
    order: npt.NDArray[np.int32],
    count: npt.NDArray[np.int32],
    first: IntArray,
    eighth: ByteArray,
    least: int,
) -> SiteHits:
    start, length = targets.start[part], targets.length[part]
    low, high = int(start[0]) - 1, int(start[-1] + length[-1]) + 1
    window = codes[low:high]
    cores = _sixmers(window[1:-1])
    number = count[cores]
    at = np.flatnonzero(number)
    repeats = number[at]
    base = np.repeat(first[cores[at]] - (np.cumsum(repeats) - repeats), repeats)
    seed = order[base + np.arange(len(base))]
    at = np.repeat(at, repeats).astype(np.int32)
    # `at` counts from the first letter of the block, `window` from the letter before it.
    kind = 2 * (window[at] == eighth[seed]).astype(np.int8) + (window[at + 7] == 0).astype(np.int8)
    if least:
        kept = kind >= least
        seed, at, kind = seed[kept], at[kept], kind[kept]
    which = np.repeat(np.arange(len(start), dtype=np.int32), np.diff(np.append(start, high)))[at]
    position = (at - (start - start[0]).astype(np.int32)[which]).astype(np.int32)
    return SiteHits(seed, (which + part.start).astype(np.int32), position, kind)


def _sixmers(window: ByteArray) -> npt.NDArray[np.uint16]:
    """Number of the 6-mer that begins at each letter; 4096 where it is not all known."""
    size = max(len(window) - 5, 0)
    cores = np.zeros(size, dtype=np.uint16)
    unknown = np.zeros(size, dtype=bool)
    for shift in range(6):
        letters = window[shift : shift + size]
        cores = cores * np.uint16(4) + (letters & 3)
        unknown |= letters == ANY
    cores[unknown] = 4**6
    return cores
