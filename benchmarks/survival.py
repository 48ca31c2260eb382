"""Log-rank test and Cox's regression of many features: the answer first, then the time against R ``survival``."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sensitome.core.survival.cox import cox_each
from sensitome.core.survival.log_rank import log_rank_each
from sensitome.parallel import usable_cores

RUNS = 7
SUBJECTS = 1_000
#: Features: a set of candidates, all miRNAs, all mRNAs.
SIZES = (100, 2_221, 20_000)
#: Features that R tests in each run; its time grows in proportion.
FEATURES_FOR_R = 200

R_SCRIPT = """
suppressMessages(library(survival)); arguments <- commandArgs(TRUE); n <- 1000; k <- as.integer(arguments[2])
d <- readBin(arguments[1], "double", (k + 2) * n); d <- matrix(d, n); y <- Surv(d[, 1], d[, 2]); x <- d[, -(1:2)]
half <- function(i) survdiff(y ~ I(x[, i] > median(x[, i])))$chisq
fit <- function(i) coxph(y ~ x[, i])$coefficients
times <- matrix(0, 3, 2); for (run in 1:3) { times[run, 1] <- system.time(a <- vapply(seq_len(k), half, 0))[["elapsed"]]
  times[run, 2] <- system.time(b <- vapply(seq_len(k), fit, 0))[["elapsed"]] }
cat(apply(times, 2, median) / k, "\\n"); writeBin(c(a, b), arguments[3])
"""


def run() -> list[dict[str, object]]:
    """Time both for 100 to 20,000 features at n = 1,000; seconds are medians of 7 runs.

    R's are scaled from 200 features.
    """
    time_, event, features = _cohort(max(SIZES))
    theirs = _r_seconds_a_feature(time_, event, features[:FEATURES_FOR_R])
    jobs = usable_cores()
    rows: list[dict[str, object]] = []
    for size in SIZES:
        x = features[:size]
        member = (x > np.median(x, axis=1, keepdims=True)).astype(float)
        calls: dict[str, Callable[[], object]] = {
            "log-rank test at the median": lambda member=member: log_rank_each(time_, event, member, jobs=jobs),
            "Cox's regression, Efron": lambda x=x: cox_each(time_, event, x, jobs=jobs),
        }
        for (name, call), seconds in zip(calls.items(), theirs or (None, None), strict=True):
            ours = _seconds(call)
            rows.append(
                {
                    "name": name,
                    "size": f"{size:,} features × {SUBJECTS:,}",
                    "ours_s": ours,
                    "r_s": None if seconds is None else seconds * size,
                    "ratio": None if seconds is None else seconds * size / ours,
                }
            )
    return rows


def _cohort(features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return (
        np.round(rng.exponential(100, SUBJECTS), 1) + 0.1,
        rng.random(SUBJECTS) < 0.45,
        rng.normal(size=(features, SUBJECTS)),
    )


def _seconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _r_seconds_a_feature(time_: np.ndarray, event: np.ndarray, features: np.ndarray) -> tuple[float, float] | None:
    """Times of R a feature, after its answers were found equal; None where there is no R with survival."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        script, given, got = (Path(folder) / name for name in ("survival.R", "given.bin", "got.bin"))
        script.write_text(R_SCRIPT)
        np.vstack([time_, event, features]).tofile(given)
        command = [rscript, str(script), str(given), str(len(features)), str(got)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            return None
        statistic, coefficient = np.fromfile(got).reshape(2, -1)
    member = (features > np.median(features, axis=1, keepdims=True)).astype(float)
    np.testing.assert_allclose(log_rank_each(time_, event, member).statistic, statistic, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(cox_each(time_, event, features).coefficient, coefficient, rtol=1e-9, atol=1e-12)
    half, fit = (float(word) for word in done.stdout.split())
    return half, fit


if __name__ == "__main__":
    for row in run():
        print(row)
