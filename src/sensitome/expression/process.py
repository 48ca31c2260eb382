"""From array signals to comparable log2 values, in the ways of the paper and of the peers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.arrays import (
    center_on_detected,
    floor_undetected,
    half_floor,
    median_polish,
    offset_floor,
    quantile_normalize,
    rma_background,
    summarize_probes,
)
from sensitome.errors import Caution, MethodError, listed, suggestion
from sensitome.expression_matrix import Expression

__all__ = ["PROCESSING", "ArrayMethod", "detect_above_minimum", "process_arrays"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Scale = Literal["counts", "log2", "auto"]
Undetected = Literal["cell", "nowhere", "keep"]

#: Values above this in the upper percentile are no logarithms.
LARGEST_LOG2 = 30.0


@dataclass(frozen=True)
class ArrayMethod:
    """One way to process arrays.

    Parameters
    ----------
    name : by which it is chosen
    floor : what makes every signal positive before the logarithm: ``half``, ``offset`` or ``none``
    normalize : ``center`` (median of each sample's detected features), ``quantile`` or ``none``
    undetected : ``cell`` (every undetected value gets the common minimum), ``nowhere`` (only features that no sample
        detects) or ``keep``
    needs_spots : whether it starts from single spots (`read_arrays` with ``spots=True, signal="mean"``)
    reference : who does it so
    """

    name: str
    floor: Literal["half", "offset", "none"]
    normalize: Literal["center", "quantile", "none"]
    undetected: Undetected
    needs_spots: bool
    reference: str


#: The ways to process arrays, by name.
PROCESSING: Mapping[str, ArrayMethod] = {
    method.name: method
    for method in (
        ArrayMethod("normann2021", "half", "center", "cell", False, "Normann et al. 2021"),
        ArrayMethod("normann2021-nowhere", "half", "center", "nowhere", False, "Normann et al. 2021, read literally"),
        ArrayMethod("agimicrorna", "half", "quantile", "keep", False, "AgiMicroRna: tgsMicroRna(half), quantile, log2"),
        ArrayMethod("quantile-offset", "offset", "quantile", "keep", False, "AgiMicroRna: tgsMicroRna(offset)"),
        ArrayMethod("log2", "half", "none", "keep", False, "no normalization"),
        ArrayMethod("rma", "none", "quantile", "keep", True, "AgiMicroRna: rmaMicroRna"),
    )
}


def process_arrays(
    expression: Expression, *, method: str = "normann2021", scale: Scale = "auto", detected_by: str = "flag"
) -> Expression:
    """Turn signals of arrays into log2 values that can be compared between samples.

    Parameters
    ----------
    expression : signals of genes (or, for ``rma``, of spots with the labels ``gene`` and ``probe``); features whose
        ``control`` is not 0 take part in quantiles, as in AgiMicroRna, and in nothing else
    method : key of `PROCESSING`
    scale : of the values given; ``auto`` takes values of which one in a hundred is above 30 for counts
    detected_by : ``flag`` (of the arrays) or ``minimum`` (above the smallest value, where that occurs repeatedly)

    Returns
    -------
    Expression in log2; ``normann2021`` is relative to the median of each sample's detected miRNAs

    Raises
    ------
    MethodError
        The method is unknown, needs spots, or needs detection flags that the source does not have.

    Notes
    -----
    ``agimicrorna`` equals the processed data of that package to 5e-14, the choice of 320 detected miRNAs included
    (tests/io/test_arrays_of_a_study.py).
    """
    chosen = _method(method)
    if chosen.needs_spots:
        return _rma(expression)
    if chosen.normalize == "center":
        # The paper centers on expressed miRNAs; controls are none.
        expression = _without_controls(expression)
    detected = _detected(expression, chosen, detected_by)
    is_log2 = scale == "log2" or (scale == "auto" and _looks_log2(expression.values))
    values = expression.values if is_log2 else _floored(expression.values, chosen)
    if chosen.normalize == "quantile":
        # Quantiles of counts and of logarithms differ: the mean of logarithms is not the logarithm of the mean.
        values = quantile_normalize(values)
    log2 = values if is_log2 else np.log2(values)
    if chosen.normalize == "center" and detected is not None:
        log2 = _centered(log2, detected, expression.samples)
    if chosen.undetected != "keep" and detected is not None:
        measured = np.isfinite(log2)
        log2 = floor_undetected(log2, detected, nowhere_only=chosen.undetected == "nowhere")
        log2 = np.where(measured, log2, np.nan)
    done = Expression(log2, expression.samples, expression.features, detected)
    return _without_controls(done)


def detect_above_minimum(expression: Expression) -> BoolArray:
    """Which values lie above the common minimum of the matrix, the form in which processed data hide their flags.

    Returns
    -------
    (samples, features)

    Raises
    ------
    MethodError
        The smallest value occurs once, so that it is no common minimum.
    """
    there = expression.values[np.isfinite(expression.values)]
    lowest = there.min() if len(there) else np.nan
    if np.sum(there == lowest) < 2:
        raise MethodError(
            "no common minimum in the matrix",
            found=f"smallest value {lowest:.6g} once",
            expected="one value that stands for 'not expressed'",
            next_step="Give detection flags.",
        )
    return np.asarray(expression.values > lowest)


def _method(name: str) -> ArrayMethod:
    if name not in PROCESSING:
        raise MethodError(
            "unknown processing of arrays",
            found=repr(name),
            expected=listed(PROCESSING),
            next_step=suggestion(name, PROCESSING),
        )
    return PROCESSING[name]


def _detected(expression: Expression, method: ArrayMethod, detected_by: str) -> BoolArray | None:
    if detected_by == "minimum":
        return detect_above_minimum(expression)
    if expression.detected is None and (method.normalize == "center" or method.undetected != "keep"):
        raise MethodError(
            f"processing {method.name!r} needs detection flags",
            expected="gIsGeneDetected or another flag in the source",
            next_step="Take detected_by='minimum' where undetected values share one minimum, or another method.",
        )
    return expression.detected


def _looks_log2(values: FloatArray) -> bool:
    """Whether values are logarithms already: their upper percentile is small."""
    there = values[np.isfinite(values)]
    return bool(len(there)) and float(np.quantile(there, 0.99)) <= LARGEST_LOG2


def _floored(values: FloatArray, method: ArrayMethod) -> FloatArray:
    if method.floor == "half":
        return half_floor(values)
    return offset_floor(values) if method.floor == "offset" else values


def _centered(log2: FloatArray, detected: BoolArray, samples: pl.DataFrame) -> FloatArray:
    """Values less the median of each sample's detected features; samples that detect nothing are told."""
    empty = samples["sample"].to_numpy()[~(detected & np.isfinite(log2)).any(axis=1)]
    if len(empty):
        raise MethodError(
            "samples without any detected feature",
            found=listed(empty.tolist(), last="and"),
            next_step="Leave these arrays out.",
        )
    return center_on_detected(log2, detected)


def _without_controls(expression: Expression) -> Expression:
    if "control" not in expression.features.columns:
        return expression
    kept = np.flatnonzero((expression.features["control"].fill_null(0) == 0).to_numpy())
    return expression.take(features=kept)


def _rma(expression: Expression) -> Expression:
    """RMA of spots: background, + |smallest| + 2, quantiles, log2, median by probe, polish by gene."""
    labels = expression.features
    if "probe" not in labels.columns or "gene" not in labels.columns:
        raise MethodError(
            "processing 'rma' needs the single spots of arrays",
            found=f"labels {listed(labels.columns, last='and')}",
            expected="labels 'gene' and 'probe'",
            next_step="Read the arrays with spots=True and signal='mean'.",
        )
    expression = _without_controls(expression)
    signal = offset_floor(rma_background(expression.values), offset=2.0)
    log2 = np.log2(quantile_normalize(signal))
    probes = expression.features.select("gene", "probe").unique(maintain_order=True).with_row_index("number")
    number = expression.features.join(probes, on=["gene", "probe"], how="left", maintain_order="left")["number"]
    summary = summarize_probes(log2, number.to_numpy().astype(np.intp), probes=probes.height)
    genes = probes.group_by("gene", maintain_order=True).agg("number")
    values = np.stack([median_polish(summary[:, own.to_numpy()]) for own in genes["number"]], axis=1)
    detected = None
    if expression.detected is not None:
        spots = expression.features.with_row_index("spot").group_by("gene", maintain_order=True).agg("spot")
        detected = np.stack([expression.detected[:, own.to_numpy()].any(axis=1) for own in spots["spot"]], axis=1)
    if np.isnan(values).any():
        warnings.warn(
            Caution("spots without a reading take part in RMA", next_step="Their genes have no value."), stacklevel=3
        )
    return Expression(values, expression.samples, genes.select(pl.col("gene").alias("feature")), detected)
