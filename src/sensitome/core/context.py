"""Features of a target site, and context++: how much the site is expected to lower the target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.site_scan import ANY, Encoded

__all__ = [
    "CONTRIBUTIONS",
    "Sites",
    "contribution",
    "local_au",
    "percentiles",
    "public_percentiles",
    "total_score",
    "upstream_letters",
    "weighted_by_isoforms",
    "weighted_score",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]

# 6mer, 7mer-A1, 7mer-m8, 8mer: coefficient, least and greatest value of each feature. Features without a range are not
# scaled.
_TABLE: dict[str, tuple[tuple[float, ...], tuple[float, ...] | None, tuple[float, ...] | None]] = {
    "intercept": ((-0.079, -0.195, -0.224, -0.589), None, None),
    "three_prime": ((-0.024, -0.06, -0.055, -0.04), (1, 1, 1, 1), (3.5, 3.5, 3.5, 3.5)),
    "local_au": ((-0.04, -0.075, -0.177, -0.254), (0.295, 0.342, 0.277, 0.308), (0.772, 0.801, 0.782, 0.814)),
    "min_distance": ((0.036, 0.045, 0.056, 0.118), (1.477, 1.431, 1.491, 1.415), (3.106, 3.117, 3.096, 3.113)),
    "srna1_a": ((-0.002, -0.025, 0.01, -0.018), None, None),
    "srna1_c": ((0.004, -0.021, 0.014, -0.021), None, None),
    "srna1_g": ((0.018, 0.03, 0.062, 0.06), None, None),
    "srna8_a": ((-0.015, -0.049, 0.004, 0.022), None, None),
    "srna8_c": ((0.016, 0.033, -0.031, 0.012), None, None),
    "srna8_g": ((0.006, -0.017, -0.008, 0.015), None, None),
    "site8_a": ((-0.002, 0.0, 0.0, 0.0), None, None),
    "site8_c": ((0.015, 0.036, 0.0, 0.0), None, None),
    "site8_g": ((0.012, 0.015, 0.0, 0.0), None, None),
    "utr_length": ((0.045, 0.129, 0.154, 0.31), (2.405, 2.413, 2.409, 2.392), (3.62, 3.63, 3.615, 3.637)),
    "accessibility": ((-0.028, -0.077, -0.134, -0.115), (-5.082, -4.23, -5.218, -4.356),
                      (-0.666, -0.588, -0.725, -0.661)),
    "orf_length": ((0.029, 0.063, 0.1, 0.205), (2.775, 2.773, 2.773, 2.788), (3.731, 3.73, 3.729, 3.753)),
    "orf_8mers": ((-0.06, -0.058, -0.044, -0.118), None, None),
    "offset_6mers": ((-0.01, -0.02, -0.011, -0.02), None, None),
    "target_abundance": ((0.058, 0.117, 0.139, 0.222), (3.113, 3.145, 3.067, 3.113), (3.887, 3.887, 3.887, 3.865)),
    "seed_energy": ((0.035, 0.095, 0.135, 0.21), (-8.57, -8.41, -11.13, -11.13), (-3.33, -3.33, -5.49, -5.52)),
    "conservation": ((0.005, -0.048, -0.048, -0.103), (0, 0, 0, 0), (0.193, 0.449, 0.364, 0.816)),
}  # fmt: skip

#: Parts of the score, in the order of TargetScan's table.
CONTRIBUTIONS = tuple(_TABLE)
# A site is never said to raise its target by more than this.
_CEILING = np.array([0.0, -0.01, -0.02, -0.03])
_FLANK = 30
_DIGITS = 3


class Sites(NamedTuple):
    """Sites, by the numbers of `SiteHits`.

    Parameters
    ----------
    sequence : (sites,) number of the target sequence
    start, end : (sites,) first and last letter of the site, from 1, with the letter opposite nucleotide 1 only where
        the type asks for an A there
    kind : (sites,) code in `SITE_TYPES`
    """

    sequence: IntArray
    start: IntArray
    end: IntArray
    kind: IntArray


def contribution(name: str, raw: FloatArray, *, kind: IntArray) -> FloatArray:
    """Contribution of one feature to context++, rounded to three decimals as the peer does.

    Parameters
    ----------
    name : one of `CONTRIBUTIONS`
    raw : (sites,) the feature; NaN = not known, contributes 0
    kind : (sites,) code in `SITE_TYPES`

    Returns
    -------
    (sites,) log2

    References
    ----------
    Agarwal et al. 2015, doi:10.7554/eLife.05005, supplementary file 3
    """
    coefficient, low, high = _TABLE[name]
    scaled = raw
    if low is not None and high is not None:
        least = np.array(low, dtype=float)[kind]
        scaled = (raw - least) / (np.array(high, dtype=float)[kind] - least)
    return np.asarray(np.nan_to_num(_rounded(np.array(coefficient)[kind] * scaled, _DIGITS), nan=0.0))


def total_score(contributions: FloatArray, *, kind: IntArray) -> FloatArray:
    """Sum of all contributions (parts, sites), under the ceiling of each type of site; log2."""
    return np.asarray(np.minimum(_rounded(contributions.sum(axis=0), _DIGITS), _CEILING[kind]))


def weighted_score(score: FloatArray, *, share: FloatArray) -> FloatArray:
    """Score over all isoforms, of which a share has the site: log2((2^score − 1)·share + 1), four decimals."""
    return np.asarray(_rounded(np.log2((2.0**score - 1) * share + 1), 4))


def local_au(targets: Encoded, sites: Sites) -> FloatArray:
    """Share of A and U within 30 letters of either side of a site, weighted by nearness; three decimals.

    Letters that a type of site would pair, had it more pairs, count as flank with the weight ½ that comes second.
    """
    upper, lower = np.zeros(len(sites.start)), np.zeros(len(sites.start))
    length = targets.length[sites.sequence]
    for side, near in ((-1, sites.kind >= 2), (1, sites.kind % 2 == 0)):
        for i in range(_FLANK):
            place = sites.start - 1 - i if side < 0 else sites.end + 1 + i
            there = (place >= 1) & (place <= length)
            # PAD letters behind the last sequence cover every flank.
            code = targets.codes[targets.start[sites.sequence] + np.clip(place, 1, length) - 1]
            weight = np.where(near, 1 / (i + 1), 1 / (i + 2)) * there
            upper += weight * ((code == 0) | (code == 3))
            lower += weight
    share = np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)
    return _rounded(share, _DIGITS)


def upstream_letters(targets: Encoded, sites: Sites, *, width: int = 15) -> ByteArray:
    """Letters upstream of the seed match, 3′→5′, from the one opposite nucleotide 9 on (8 at 7mer-A1 sites).

    Returns (sites, width) codes, with as many of them known as TargetScan looks at: 15, and 14 at 6mer sites.
    """
    # At a 6mer site the letter before the site lies opposite nucleotide 8, which does not pair.
    before = sites.start - np.where(sites.kind == 0, 2, 1)
    place = before[:, None] - np.arange(width)
    known = (place >= 1) & (place >= sites.start[:, None] - 15)
    at = targets.start[sites.sequence][:, None] + np.maximum(place, 1) - 1
    return np.asarray(np.where(known, targets.codes[at], np.uint8(ANY)), dtype=np.uint8)


def weighted_by_isoforms(values: FloatArray, share: FloatArray) -> FloatArray:
    """Mean over the isoforms that hold the site, rounded to a whole number.

    Parameters
    ----------
    values : (sites, isoforms)
    share : (sites, isoforms) weight of each; 0 where the isoform lacks the site

    Returns
    -------
    (sites,) 0 where no isoform has the site
    """
    total = share.sum(axis=1)
    mean = np.divide((values * share).sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)
    return np.asarray(np.rint(mean))


def percentiles(score: FloatArray, *, group: IntArray) -> FloatArray:
    """Share of the sites of the same miRNA with a less favorable score, in whole percent rounded down.

    Parameters
    ----------
    score : (sites,) log2; NaN = no score
    group : (sites,) number of the miRNA

    Returns
    -------
    (sites,) 0 … 99; NaN stays NaN
    """
    answer = np.full(len(score), np.nan)
    there = np.flatnonzero(~np.isnan(score))
    order = there[np.lexsort((-score[there], group[there]))]
    if not len(order):
        return answer
    new_group = np.append(True, np.diff(group[order]) != 0)
    new_value = new_group | np.append(True, np.diff(score[order]) != 0)
    first = np.flatnonzero(new_group)
    number = np.cumsum(new_group) - 1
    size = np.diff(np.append(first, len(order)))
    worse = np.maximum.accumulate(np.where(new_value, np.arange(len(order)), 0)) - first[number]
    answer[order] = np.floor(100 * worse / size[number])
    return answer


def public_percentiles(score: FloatArray, weighted: FloatArray, *, group: IntArray) -> tuple[FloatArray, FloatArray]:
    """Percentiles of score and weighted score as the public script of TargetScan 7.0 counts them.

    Parameters
    ----------
    score, weighted : (sites,) log2; NaN = no score
    group : (sites,) number of the miRNA

    Returns
    -------
    (sites,) and (sites,)

    Notes
    -----
    The script keeps one count of worse sites for both lists, so a change in one raises the next ties of the other, and
    it takes a score of 0 for none, so the count stays behind such a site.
    """
    answers = np.full(len(score), np.nan), np.full(len(score), np.nan)
    there = np.flatnonzero(~np.isnan(score))
    for number in np.unique(group[there]):
        rows = there[group[there] == number]
        ranks: tuple[dict[float, float], dict[float, float]] = ({}, {})
        lists = [sorted(values[rows].tolist(), reverse=True) for values in (score, weighted)]
        worse = 0
        for i in range(len(rows)):
            for k, (values, rank) in enumerate(zip(lists, ranks, strict=True)):
                # Weighted scores are printed with decimals even when they are 0, and count.
                if (values[i - 1] != 0 or k == 1) and values[i] != values[i - 1]:
                    worse = i
                rank[values[i]] = float(100 * worse // len(rows))
        for answer, given, rank in zip(answers, (score, weighted), ranks, strict=True):
            answer[rows] = [rank[value] for value in given[rows].tolist()]
    return answers


def _rounded(values: FloatArray, digits: int) -> FloatArray:
    """Values rounded by their exact decimal form, as C prints them; NumPy's own way errs near ties."""
    answer = np.round(values, digits)
    scaled = values * 10.0**digits
    for i in np.flatnonzero(np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6):
        answer[i] = round(float(values[i]), digits)
    return np.asarray(answer + 0.0)
