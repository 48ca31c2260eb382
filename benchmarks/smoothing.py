"""Loess and locfit of 384-well plates: the answer first, then the time of a plate against R on one core."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from sensitome.core.locfit import locfit_surface
from sensitome.core.loess import loess_surface

RUNS = 7
SIZES = (1, 1_000)
#: Plates that R smooths in each run; its time grows in proportion.
PLATES_FOR_R = 6
#: R may differ by this much before a time counts: locfit stops its own iterations early.
LARGEST_DIFFERENCE = {"loess": 1e-9, "locfit": 1e-6}
SAMPLES = np.zeros((16, 24), dtype=bool)
SAMPLES[:, 2:22] = True

R_SCRIPT = """
arguments <- commandArgs(TRUE)
plates <- as.integer(arguments[2]); runs <- as.integer(arguments[3]); call <- arguments[5]
signal <- matrix(readBin(arguments[1], "double", plates * 384), 384)
D <- data.frame(x = rep(1:24, 16) - 12.5, y = 8.5 - rep(1:16, each = 24))
samples <- rep(1:24, 16) %in% 3:22
if (grepl("locfit", call)) suppressMessages(library(locfit))
smooth <- function(v) { D$v <- v; S <- D[samples & !is.na(v), ]; predict(eval(parse(text = call)), D) }
times <- numeric(runs)
for (i in seq_len(runs)) times[i] <- system.time(answer <- apply(signal, 2, smooth))[["elapsed"]]
cat(times, "\\n"); writeBin(as.vector(answer), arguments[4])
"""


@dataclass(frozen=True)
class Case:
    """One way to smooth, here and in R."""

    name: str
    here: Callable[[np.ndarray], np.ndarray]
    in_r: str


def _loess(surface: str, family: str) -> Case:
    control = f"control = loess.control(surface = '{surface}')"
    return Case(
        f"loess, {family}, {surface}",
        lambda signal: loess_surface(signal, SAMPLES, span=0.6, degree=2, surface=surface, family=family),
        f"loess(v ~ x + y, S, span = 0.6, degree = 2, family = '{family}', {control})",
    )


CASES = (
    _loess("interpolate", "gaussian"),
    _loess("direct", "gaussian"),
    _loess("interpolate", "symmetric"),
    _loess("direct", "symmetric"),
    Case(
        "locfit, robust, nn 0.7",
        lambda signal: locfit_surface(signal, SAMPLES),
        "locfit(v ~ lp(x, y), data = S, lfproc = locfit.robust)",
    ),
)


def run() -> list[dict[str, object]]:
    """Time every smoother on 1 and 1,000 plates, whole and with 1 % of the wells missing at random.

    Seconds are medians of 7 runs on one thread. R is timed on 6 plates, and its seconds are scaled to the size.

    Raises
    ------
    AssertionError
        An answer differs from that of R by more than 1e-9 (loess) or 1e-6 (locfit).
    """
    rows: list[dict[str, object]] = []
    with threadpool_limits(limits=1):
        for missing in (0.0, 0.01):
            signal = _screen(max(SIZES), missing=missing)
            for case in CASES:
                rows += _rows(case, signal, missing=missing)
    return rows


def _rows(case: Case, signal: np.ndarray, *, missing: float) -> list[dict[str, object]]:
    seconds, difference = _in_r(case, signal[:PLATES_FOR_R])
    rows: list[dict[str, object]] = []
    for plates in SIZES:
        ours = _seconds(case, signal[:plates])
        theirs = None if seconds is None else seconds * plates
        wells = f", {missing:.0%} missing at random" if missing else ""
        rows.append(
            {
                "name": case.name,
                "size": f"{plates:,} × 384 wells{wells}",
                "ours_s": ours,
                "r_s": theirs,
                "ratio": None if theirs is None else theirs / ours,
                "answer_difference": difference,
            }
        )
    return rows


def _screen(plates: int, *, missing: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    row, column = np.indices((16, 24))
    bowl = 12 + 0.05 * (row - 7.5) - 0.004 * (column - 11.5) ** 2
    signal = bowl + rng.normal(0, 0.25, size=(plates, 16, 24))
    signal[rng.random(signal.shape) < 0.03] -= 2
    signal[rng.random(signal.shape) < missing] = np.nan
    return signal


def _seconds(case: Case, signal: np.ndarray) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        case.here(signal)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _in_r(case: Case, signal: np.ndarray) -> tuple[float | None, float | None]:
    """Seconds of a plate in R, and the largest difference of its answer; None without R."""
    if shutil.which("Rscript") is None:
        return None, None
    with tempfile.TemporaryDirectory() as folder:
        script, given, answer = (Path(folder) / name for name in ("smooth.R", "signal", "answer"))
        script.write_text(R_SCRIPT, encoding="utf-8")
        signal.tofile(given)
        arguments = [str(given), str(len(signal)), str(RUNS), str(answer), case.in_r]
        done = subprocess.run(["Rscript", str(script), *arguments], capture_output=True, text=True, check=True)
        expected = np.fromfile(answer).reshape(signal.shape)
        expected[np.isnan(expected)] = np.nan  # the NA of R is a signaling NaN
    ours = case.here(signal)
    assert np.array_equal(np.isnan(ours), np.isnan(expected)), case.name
    difference = float(np.nanmax(np.abs(ours - expected)))
    assert difference <= LARGEST_DIFFERENCE[case.name.split(",")[0]], (case.name, difference)
    return statistics.median(map(float, done.stdout.split())) / len(signal), difference


if __name__ == "__main__":
    for result in run():
        print(result)
