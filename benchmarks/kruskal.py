"""Kruskal–Wallis tests of many features: the answer first, then the time a feature against R ``kruskal.test``."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from sensitome.core.group_ranks import kruskal_wallis

RUNS = 7
FEATURES, SAMPLES = 2_000, 48
#: Features that R tests in each run; its time grows in proportion.
FEATURES_FOR_R = 200

R_SCRIPT = """
arguments <- commandArgs(TRUE)
features <- as.integer(arguments[2]); samples <- as.integer(arguments[3]); runs <- as.integer(arguments[4])
x <- matrix(readBin(arguments[1], "double", features * samples), features, samples, byrow = TRUE)
g <- rep(1:4, each = samples / 4)
times <- numeric(runs)
for (i in seq_len(runs)) times[i] <- system.time(
  answer <- apply(x, 1, function(v) { t <- kruskal.test(v, g); c(t$statistic, t$p.value) }))[["elapsed"]]
cat(times, "\\n"); writeBin(as.vector(answer), arguments[5])
"""


def run() -> list[dict[str, object]]:
    """Time `kruskal_wallis` on 2,000 features × 48 arrays in 4 arms, without and with ties; medians of 7 runs."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(FEATURES, SAMPLES))
    rows: list[dict[str, object]] = []
    for name, matrix in (("without ties", values), ("with a common floor", np.maximum(np.round(values, 2), -0.4))):
        ours = _seconds(matrix)
        theirs = _r_seconds(matrix[:FEATURES_FOR_R])
        theirs = None if theirs is None else theirs * FEATURES / FEATURES_FOR_R
        rows.append(
            {
                "name": f"Kruskal–Wallis, {name}",
                "size": f"{FEATURES:,} × {SAMPLES}",
                "ours_s": ours,
                "r_s": theirs,
                "ratio": None if theirs is None else theirs / ours,
            }
        )
    return rows


def _groups() -> np.ndarray:
    return np.repeat(np.arange(4), SAMPLES // 4)


def _seconds(values: np.ndarray) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        kruskal_wallis(values, _groups())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _r_seconds(values: np.ndarray) -> float | None:
    """Time of R, after its answers were found equal; None where there is no R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        script, given, got = (Path(folder) / name for name in ("test.R", "given.bin", "got.bin"))
        script.write_text(R_SCRIPT)
        values.tofile(given)
        command = [rscript, str(script), str(given), str(len(values)), str(SAMPLES), str(RUNS), str(got)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        statistic, p = np.fromfile(got).reshape(len(values), 2).T
    ours = kruskal_wallis(values, _groups())
    np.testing.assert_allclose(ours.statistic, statistic, rtol=1e-11)
    np.testing.assert_allclose(ours.p, p, rtol=1e-11)
    return statistics.median(float(word) for word in printed.split())


if __name__ == "__main__":
    for row in run():
        print(row)
