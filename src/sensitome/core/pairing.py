"""Energy of seed pairing, and pairing of the 3′ half of a miRNA beside its seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["seed_energy", "three_prime_score"]

FloatArray = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]

# Free energies at 37 °C of two stacked pairs, by the 5′→3′ letters of one strand (A, C, G, U by A, C, G, U); the entry
# of a pair of letters and of its reverse complement are the same stack.
_STACKS = np.array(
    [
        [-0.93, -2.24, -2.08, -1.10],
        [-2.11, -3.26, -2.36, -2.08],
        [-2.35, -3.42, -3.26, -2.24],
        [-1.33, -2.35, -2.11, -0.93],
    ]
)
_START, _END_AU, _SYMMETRY = 4.09, 0.45, 0.43
# Positions of the miRNA, from 1, that count whole in 3′ pairing; all others count half.
_CENTER = (13, 16)


def seed_energy(seeds: ByteArray) -> FloatArray:
    """Free energy of a seed with its perfect match.

    Parameters
    ----------
    seeds : (seeds, letters) codes A, C, G, U = 0 … 3: nucleotides 2–8 for 8mer and 7mer-m8 sites, 2–7 for the others

    Returns
    -------
    (seeds,) kcal/mol at 37 °C

    Notes
    -----
    Nearest neighbors: initiation 4.09, six (or five) stacks, 0.45 for each end with A or U, 0.43 where the strand is
    its own complement. Equal to the seed-pairing stabilities of TargetScan 7 for all 16,384 seeds.

    References
    ----------
    Xia et al. 1998, doi:10.1021/bi9809425; Garcia et al. 2011, doi:10.1038/nsmb.2115
    """
    stacks = _STACKS[seeds[:, :-1], seeds[:, 1:]].sum(axis=1)
    ends = ((seeds[:, 0] % 3 == 0).astype(float) + (seeds[:, -1] % 3 == 0)) * _END_AU
    symmetric = (seeds == 3 - seeds[:, ::-1]).all(axis=1)
    return np.asarray(_START + stacks + ends + _SYMMETRY * symmetric)


def three_prime_score(mirna: ByteArray, upstream: ByteArray, *, first: IntArray) -> FloatArray:
    """Score of the best pairing between a miRNA's 3′ part and the target upstream of the seed match.

    Parameters
    ----------
    mirna : (sites, letters) codes of the miRNA from the nucleotide after the seed on, 5′→3′; 4 or more = none
    upstream : (sites, letters) codes of the target from the letter opposite that nucleotide on, 3′→5′
    first : (sites,) which nucleotide of the miRNA its first letter is, from 1 (8 at 7mer-A1 sites, else 9)

    Returns
    -------
    (sites,) at least 0

    Notes
    -----
    Runs of two pairs or more; each pair counts 1 at nucleotides 13–16 and ½ elsewhere; the best run of all registers,
    less ½ for each letter of offset beyond two, on either strand. Equal to TargetScan 7.0.

    References
    ----------
    Grimson et al. 2007, doi:10.1016/j.molcel.2007.06.017
    """
    best = np.zeros(len(mirna))
    width = max(mirna.shape[1], upstream.shape[1])
    for offset in range(width):
        # A run scores at most 4 at the center and half of the rest.
        if 4 + (mirna.shape[1] - 4) / 2 - max(0.0, (offset - 2) / 2) <= 0:
            break
        for shift_mirna, shift_target in {(offset, 0), (0, offset)}:
            score = _best_run(mirna[:, shift_mirna:], upstream[:, shift_target:], first=first + shift_mirna)
            np.maximum(best, score - max(0.0, (offset - 2) / 2), out=best)
    return best


def _best_run(mirna: ByteArray, target: ByteArray, *, first: IntArray) -> FloatArray:
    """Best run of at least two pairs when the letters face each other one by one."""
    width = min(mirna.shape[1], target.shape[1])
    best, score, run = np.zeros(len(mirna)), np.zeros(len(mirna)), np.zeros(len(mirna), dtype=np.int8)
    for i in range(width):
        # Codes of a pair sum up to 3; an unknown letter alone is more.
        pair = mirna[:, i] + target[:, i] == 3
        position = first + i
        weight = np.where((position >= _CENTER[0]) & (position <= _CENTER[1]), 1.0, 0.5)
        score = np.where(pair, score + weight, 0.0)
        run = np.where(pair, run + 1, 0).astype(np.int8)
        np.maximum(best, np.where(run >= 2, score, 0.0), out=best)
    return best
