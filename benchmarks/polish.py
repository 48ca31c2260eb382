"""B-score of 384-well plates: the answer first, then the time of a plate against R ``medpolish``."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from sensitome.core.polish import b_score

RUNS = 7
#: Plates that R polishes in each run; its time grows in proportion.
PLATES_FOR_R = 40

R_SCRIPT = """
arguments <- commandArgs(TRUE)
plates <- as.integer(arguments[2]); runs <- as.integer(arguments[3])
x <- readBin(arguments[1], "double", plates * 384)
x <- lapply(seq_len(plates), function(p) matrix(x[(p - 1) * 384 + 1:384], 16, 24, byrow = TRUE))
score <- function(m) { s <- m; s[, c(1, 2, 23, 24)] <- NA
  f <- medpolish(s, eps = 1e-5, maxiter = 200, trace.iter = FALSE, na.rm = TRUE)
  f$row[is.na(f$row)] <- 0; f$col[is.na(f$col)] <- 0; t(m - (f$overall + outer(f$row, f$col, "+"))) }
times <- numeric(runs)
for (i in seq_len(runs)) times[i] <- system.time(answer <- lapply(x, score))[["elapsed"]]
cat(times, "\\n"); writeBin(unlist(answer), arguments[4])
"""


def run() -> list[dict[str, object]]:
    """Time `b_score(variant="cellhts2")` on 1, 1,000 and 10,000 plates; seconds are medians of 7 runs.

    R is timed on 40 plates, and its seconds are scaled to the size.
    """
    rows: list[dict[str, object]] = []
    signal, is_sample = _screen(10_000)
    r_seconds = _r_seconds_a_plate(signal, is_sample)
    for plates in (1, 1_000, 10_000):
        ours = _seconds(signal[:plates], is_sample[:plates])
        theirs = None if r_seconds is None else r_seconds * plates
        rows.append(
            {
                "name": "B-score (cellHTS2 form)",
                "size": f"{plates:,} × 384 wells",
                "ours_s": ours,
                "r_s": theirs,
                "ratio": None if theirs is None else theirs / ours,
            }
        )
    return rows


def _screen(plates: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    effects = rng.normal(0, 0.2, size=(plates, 16, 1)) + rng.normal(0, 0.2, size=(plates, 1, 24))
    is_sample = np.ones((plates, 16, 24), dtype=bool)
    is_sample[:, :, [0, 1, 22, 23]] = False
    return 12 + effects + rng.normal(0, 0.3, size=(plates, 16, 24)), is_sample


def _seconds(signal: np.ndarray, is_sample: np.ndarray) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        b_score(signal, is_sample, variant="cellhts2")
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _r_seconds_a_plate(signal: np.ndarray, is_sample: np.ndarray) -> float | None:
    """Time of R a plate, after its answer was found equal; None where there is no R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        script, given, got = (Path(folder) / name for name in ("score.R", "given.bin", "got.bin"))
        script.write_text(R_SCRIPT)
        signal[:PLATES_FOR_R].tofile(given)
        command = [rscript, str(script), str(given), str(PLATES_FOR_R), str(RUNS), str(got)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        theirs = np.fromfile(got).reshape(PLATES_FOR_R, 16, 24)
    ours = b_score(signal[:PLATES_FOR_R], is_sample[:PLATES_FOR_R], variant="cellhts2")
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    return statistics.median(float(word) for word in printed.split()) / PLATES_FOR_R


if __name__ == "__main__":
    for row in run():
        print(row)
