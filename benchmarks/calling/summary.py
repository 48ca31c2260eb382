"""Means over screens with their Monte-Carlo standard errors, and how far local rates can be believed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from benchmarks.calling.cells import Design
from benchmarks.calling.figures import BINS
from benchmarks.calling.records import Records

__all__ = ["FIGURES", "by_method", "mean_and_error", "reliability", "summarize"]

#: Figures that are averaged over screens.
FIGURES = (
    "called",
    "recall",
    "false_share",
    "average_precision",
    "reagents_recall",
    "reagents_false_share",
    "candidates_recall",
    "candidates_false_share",
    "again",
    "jaccard",
    "seconds",
)


def mean_and_error(values: Iterable[float | None]) -> tuple[float | None, float | None]:
    """Mean, and SD / √n, of the values that there are; no error from fewer than two.

    >>> mean_and_error([1.0, 3.0, None])
    (2.0, 1.0)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None, None
    error = float(np.std(known, ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else None
    return float(np.mean(known)), error


def summarize(records: Records) -> list[dict[str, object]]:
    """One row a design and method: screens, and each figure with its Monte-Carlo standard error (`_se`).

    In the scenario `null`, where nothing is true, every call is false: `called` counts the false calls, `any_call` is
    the share of the screens that call anything.
    """
    rows = []
    for (design, method), found in by_method(records).items():
        known = [record for record in found if "unsupported" not in record]
        row: dict[str, object] = {"name": method, "size": _words(design), "screens": len(known)}
        if not known:
            rows.append(row | {"unsupported": found[0]["unsupported"]})
            continue
        for figure in FIGURES:
            row[figure], row[f"{figure}_se"] = mean_and_error(record.get(figure) for record in known)
        if all(record.get("true") == 0 for record in known):
            row["any_call"], row["any_call_se"] = mean_and_error(float(record["called"] > 0) for record in known)
            row["false_share"] = row["false_share_se"] = row["reagents_false_share"] = None
            row["reagents_false_share_se"] = None
        rows.append(row)
    return rows


def reliability(records: Records) -> list[dict[str, object]]:
    """One row a design, method with local rates and bin: contexts, mean rate, share without a true interaction.

    The Monte-Carlo error is that of the ratio false / contexts over screens, which are independent where the contexts
    of a screen are not.
    """
    rows = []
    for (design, method), found in by_method(records).items():
        parts = [record["reliability"] for record in found if "reliability" in record]
        if not parts:
            continue
        counts = np.array(parts)
        for number in range(len(BINS) - 1):
            contexts, rates, false = counts[:, number].T
            if not contexts.sum():
                continue
            rows.append(
                {
                    "name": f"{method}: rate {BINS[number]:.1f} to {BINS[number + 1]:.1f}",
                    "size": _words(design),
                    "screens": len(parts),
                    "contexts": int(contexts.sum()),
                    "mean_rate": float(rates.sum() / contexts.sum()),
                    "false": float(false.sum() / contexts.sum()),
                    "false_se": _ratio_error(false, contexts),
                }
            )
    return rows


def by_method(records: Records) -> dict[tuple[Design, str], list[Mapping[str, Any]]]:
    """Records of each design and method, seed by seed."""
    groups = defaultdict(list)
    for cell, record in sorted(records.items(), key=lambda pair: (pair[0].design, pair[0].seed)):
        for method in record["methods"]:
            groups[cell.design, method["method"]].append(method)
    return dict(groups)


def _words(design: Design) -> str:
    scenario, replicates, size, normalization, variant = design
    return f"{scenario} R={replicates} {size:g} {normalization} {variant}".strip()


def _ratio_error(top: np.ndarray, bottom: np.ndarray) -> float | None:
    """Standard error of Σ top / Σ bottom over independent screens (linearized)."""
    if len(top) < 2:
        return None
    left = top - top.sum() / bottom.sum() * bottom
    return float(np.sqrt(len(top) * np.var(left, ddof=1)) / bottom.sum())
