"""Sets of contexts in which a reagent may sensitize: which of them a screen of this size can tell apart."""

from __future__ import annotations

from itertools import product
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

__all__ = [
    "PATTERN_SETS",
    "PatternSet",
    "canonical_patterns",
    "enumerable_patterns",
    "frequent_patterns",
    "full_patterns",
    "is_product",
    "product_patterns",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PatternSet = Literal["auto", "full", "product", "canonical"]

#: The pattern sets by name.
PATTERN_SETS: tuple[PatternSet, ...] = get_args(PatternSet)

#: Beyond so many patterns a set is not enumerated.
MOST_PATTERNS = 64


def full_patterns(lines: int, drugs: int) -> BoolArray:
    """Every non-empty set of contexts.

    Returns
    -------
    (2^(lines · drugs) − 1, lines, drugs)

    >>> full_patterns(2, 3).shape
    (63, 2, 3)
    """
    contexts = lines * drugs
    numbers = np.arange(1, 2**contexts)
    bits = (numbers[:, None] >> np.arange(contexts)) & 1
    return bits.astype(bool).reshape(-1, lines, drugs)


def product_patterns(lines: int, drugs: int) -> BoolArray:
    """Every non-empty set of drugs in every non-empty set of lines.

    Returns
    -------
    ((2^lines − 1) (2^drugs − 1), lines, drugs)

    >>> product_patterns(2, 3).shape
    (21, 2, 3)
    """
    of_lines, of_drugs = full_patterns(lines, 1)[:, :, 0], full_patterns(1, drugs)[:, 0]
    return np.array([a[:, None] & b[None, :] for a, b in product(of_lines, of_drugs)])


def canonical_patterns(lines: int, drugs: int) -> BoolArray:
    """Single contexts, each drug in all lines, each line with all drugs, everything; each set once.

    Returns
    -------
    (patterns, lines, drugs)

    >>> canonical_patterns(10, 3).shape
    (44, 10, 3)
    """
    contexts = lines * drugs
    sets = [np.eye(contexts, dtype=bool).reshape(-1, lines, drugs)]
    sets.append(np.repeat(np.eye(drugs, dtype=bool)[:, None, :], lines, axis=1))
    sets.append(np.repeat(np.eye(lines, dtype=bool)[:, :, None], drugs, axis=2))
    sets.append(np.ones((1, lines, drugs), dtype=bool))
    return _each_once(np.concatenate(sets))


def enumerable_patterns(lines: int, drugs: int, *, kind: PatternSet = "auto") -> BoolArray:
    """Patterns of a design.

    Parameters
    ----------
    lines, drugs : of the design
    kind : ``full``, ``product``, ``canonical``; ``auto`` = the richest of them with at most 64 patterns

    Returns
    -------
    (patterns, lines, drugs); none without a drug arm

    >>> [len(enumerable_patterns(lines, 3)) for lines in (1, 2, 3, 10)]
    [7, 63, 49, 44]
    """
    if lines * drugs == 0:
        return np.zeros((0, lines, drugs), dtype=bool)
    if kind == "auto":
        fits_full = 2 ** (lines * drugs) <= MOST_PATTERNS
        fits_product = (2**lines - 1) * (2**drugs - 1) <= MOST_PATTERNS
        kind = "full" if fits_full else "product" if fits_product else "canonical"
    make = {"full": full_patterns, "product": product_patterns, "canonical": canonical_patterns}[kind]
    return make(lines, drugs)


def is_product(patterns: BoolArray) -> BoolArray:
    """Whether a pattern is a set of drugs in a set of lines.

    Parameters
    ----------
    patterns : (patterns, lines, drugs)

    Returns
    -------
    (patterns,)

    >>> int(is_product(full_patterns(2, 3)).sum())
    21
    """
    of_lines, of_drugs = np.asarray(patterns.any(axis=2)), np.asarray(patterns.any(axis=1))
    spanned = of_lines[:, :, None] & of_drugs[:, None, :]
    return np.asarray((patterns == spanned).all(axis=(1, 2)))


def frequent_patterns(standardized: FloatArray, *, known: BoolArray, most: int, limit: float = 3.0) -> BoolArray:
    """Sets of contexts that the data themselves show again and again.

    Parameters
    ----------
    standardized : (items, lines, drugs) interactions over their SD; NaN = not testable
    known : (patterns, lines, drugs) sets that are there already
    most : at most so many are added
    limit : a context counts as affected below minus this

    Returns
    -------
    (at most `most`, lines, drugs), seen in at least two items, the most frequent first
    """
    with np.errstate(invalid="ignore"):
        affected = np.asarray(standardized < -limit).reshape(len(standardized), -1)
    several = affected[affected.sum(axis=1) > 1]
    if not len(several):
        return known[:0]
    sets, count = np.unique(several, axis=0, return_counts=True)
    there = {row.tobytes() for row in known.reshape(len(known), -1)}
    order = np.argsort(-count, kind="stable")
    chosen = [i for i in order if count[i] > 1 and sets[i].tobytes() not in there][:most]
    return sets[chosen].reshape(-1, *known.shape[1:])


def _each_once(sets: BoolArray) -> BoolArray:
    """Different sets, in the order of their first appearance."""
    _, first = np.unique(sets.reshape(len(sets), -1), axis=0, return_index=True)
    return sets[np.sort(first)]
