"""Features of sites for context++, from sequences, isoforms and what is known of the genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.context import Sites, local_au, upstream_letters, weighted_by_isoforms
from sensitome.core.pairing import seed_energy, three_prime_score
from sensitome.core.site_scan import ANY, Encoded, encode, scan
from sensitome.mirna.isoforms import Isoforms

__all__ = ["Compat", "Known", "features_of", "floats", "letters_of", "offset_keys"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]

#: ``corrected``: as the model was published; ``public-perl``: with the slips of TargetScan's public script of 7.0.
Compat = Literal["corrected", "public-perl"]


@dataclass(frozen=True)
class Known:
    """What is known of sequences and sites, as arrays.

    Parameters
    ----------
    targets : the 3′ UTRs
    mirnas : (miRNAs, letters), `letters_of`
    mirna : (sites,) number of the miRNA of each site
    sites : (sites,) places
    isoforms : of each UTR
    offset_keys : `offset_keys`
    compat : with or without the slips of the public script
    """

    targets: Encoded
    mirnas: ByteArray
    mirna: IntArray
    sites: Sites
    isoforms: Isoforms
    offset_keys: IntArray
    compat: Compat


def features_of(known: Known, frame: pl.DataFrame) -> dict[str, FloatArray]:
    """Every feature of context++ by its name, (sites,) each; NaN = not known.

    Parameters
    ----------
    known : sequences and sites
    frame : (sites,) rows with ``_orf, _orf_8mers, _abundance, _unpaired, _pct``, null where not known
    """
    raw = {**_sequence_features(known), **_isoform_features(known), **_gene_features(frame)}
    return {**raw, "seed_energy": _energy(known)}


def letters_of(sequences: pl.Series) -> ByteArray:
    """Codes of the miRNAs (miRNAs, letters), filled up with `ANY`."""
    coded = encode(sequences.to_list())
    width = int(coded.length.max()) if len(coded.length) else 0
    place = np.arange(width)
    inside = place < coded.length[:, None]
    at = np.minimum(coded.start[:, None] + place, len(coded.codes) - 1)
    return np.where(inside, coded.codes[at], np.uint8(ANY)).astype(np.uint8)


def _sequence_features(known: Known) -> dict[str, FloatArray]:
    sites, mirnas = known.sites, known.mirnas[known.mirna]
    features = {"intercept": np.ones(len(sites.start)), "local_au": local_au(known.targets, sites)}
    for name, letters in (("srna1", mirnas[:, 0]), ("srna8", mirnas[:, 7]), ("site8", _site8(known))):
        for code, letter in enumerate("acg"):
            features[f"{name}_{letter}"] = (letters == code).astype(float)
    first = np.where(sites.kind == 1, 8, 9)
    width = max(mirnas.shape[1] - 7, 1)
    at = first[:, None] - 1 + np.arange(width)
    inside = at < mirnas.shape[1]
    rest = np.where(inside, np.take_along_axis(mirnas, np.minimum(at, mirnas.shape[1] - 1), axis=1), np.uint8(ANY))
    upstream = upstream_letters(known.targets, sites)
    features["three_prime"] = three_prime_score(rest.astype(np.uint8), upstream, first=first)
    return features


def _site8(known: Known) -> ByteArray:
    """Letter opposite nucleotide 8 where it does not pair (7mer-A1 and 6mer); `ANY` elsewhere."""
    sites = known.sites
    before = 3 if known.compat == "public-perl" else 1
    place = sites.start - np.where(sites.kind == 0, before, 1)
    code = known.targets.codes[known.targets.start[sites.sequence] + place - 1]
    return np.where(sites.kind <= 1, code, np.uint8(ANY)).astype(np.uint8)


def _isoform_features(known: Known) -> dict[str, FloatArray]:
    sites, isoforms = known.sites, known.isoforms
    end, share = isoforms.end[sites.sequence], isoforms.share[sites.sequence]
    share = np.where(end >= sites.end[:, None], share, 0.0)
    distance = np.minimum(sites.start[:, None] - 1, end - sites.end[:, None]).astype(float)
    counted = weighted_by_isoforms(_offset_6mers(known, end).astype(float), share)
    return {
        "utr_length": _log10(weighted_by_isoforms(end.astype(float), share)),
        "min_distance": _log10(weighted_by_isoforms(distance, share)),
        "offset_6mers": np.ones(len(counted)) if known.compat == "public-perl" else counted,
    }


def offset_keys(targets: Encoded, mirnas: ByteArray, *, compat: Compat) -> IntArray:
    """Matches of nucleotides 3–8 of each miRNA, ordered by `_key` of miRNA, UTR and last letter."""
    if compat == "public-perl" or not len(mirnas):
        return np.empty(0, dtype=np.int64)
    core = ((3 - mirnas[:, 7:1:-1].astype(np.int64)) * 4 ** np.arange(5, -1, -1)).sum(axis=1)
    hits = scan(targets, core=core, eighth=np.full(len(mirnas), 255, dtype=np.uint8), shadow=0)
    at = hits.position.astype(np.int64) + 6
    return np.sort(_key(targets, hits.seed.astype(np.int64), hits.sequence.astype(np.int64), at))


def _key(targets: Encoded, mirna: IntArray, sequence: IntArray, at: IntArray) -> IntArray:
    """Number that orders places by miRNA, then UTR, then letter."""
    return mirna * len(targets.codes) + targets.start[sequence] + at


def _offset_6mers(known: Known, end: IntArray) -> IntArray:
    """Matches of nucleotides 3–8 in the stretch up to each end (sites, isoforms)."""
    mirna, sequence = known.mirna[:, None], known.sites.sequence[:, None]
    until = np.searchsorted(known.offset_keys, _key(known.targets, mirna, sequence, end), side="right")
    before = np.searchsorted(known.offset_keys, _key(known.targets, mirna, sequence, np.zeros_like(end)), side="right")
    return until - before


def _gene_features(frame: pl.DataFrame) -> dict[str, FloatArray]:
    unpaired = floats(frame["_unpaired"])
    return {
        "orf_length": _log10(floats(frame["_orf"])),
        "orf_8mers": floats(frame["_orf_8mers"]),
        "target_abundance": floats(frame["_abundance"]),
        "accessibility": np.log10(unpaired, out=np.full(len(unpaired), np.nan), where=unpaired > 0),
        "conservation": floats(frame["_pct"]),
    }


def _energy(known: Known) -> FloatArray:
    whole = seed_energy(known.mirnas[:, 1:8])
    short = seed_energy(known.mirnas[:, 1:7])
    energy = np.where(known.sites.kind >= 2, whole[known.mirna], short[known.mirna])
    return np.asarray(np.round(energy, 3), dtype=np.float64)


def _log10(values: FloatArray) -> FloatArray:
    """Logarithm; 0 for 0, as the peer has it, and NaN for NaN."""
    positive = values > 0
    answer = np.zeros(len(values), dtype=np.float64)
    answer[np.isnan(values)] = np.nan
    answer[positive] = np.log10(values[positive])
    return answer


def floats(column: pl.Series) -> FloatArray:
    """Numbers of a column, NaN for null."""
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
