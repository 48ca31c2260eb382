"""Every miRNA against every mRNA: the answer first, then the time against R and the machine's own product."""

from __future__ import annotations

import contextlib
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from sensitome.cohort.association import associate
from sensitome.core.pairwise import prepare_pairs
from sensitome.device import open_device
from sensitome.errors import SensitomeError
from sensitome.expression_matrix import Expression
from sensitome.io.parquet_sink import ParquetSink
from sensitome.parallel import usable_cores

RUNS = 7
#: miRNAs × mRNAs × samples: the paper's association, and a whole transcriptome.
SIZES = ((500, 20_000, 377), (2_221, 18_067, 1_000))
#: Pairs that R tests in each run; its time grows in proportion.
PAIRS_FOR_R = 2_000

R_SCRIPT = """
arguments <- commandArgs(TRUE); n <- as.integer(arguments[2]); pairs <- as.integer(arguments[3])
x <- readBin(arguments[1], "double", 2 * pairs * n); x <- matrix(x, n)
one <- function(i) { t <- suppressWarnings(cor.test(x[, 2 * i - 1], x[, 2 * i], method = "spearman"))
  c(t$estimate, t$p.value) }
times <- numeric(3)
for (k in 1:3) times[k] <- system.time(answer <- vapply(seq_len(pairs), one, numeric(2)))[["elapsed"]]
cat(times, "\\n"); writeBin(as.vector(answer), arguments[4])
"""


def run() -> list[dict[str, object]]:
    """Time `associate` with both families, and with every pair written to Parquet; seconds are medians.

    The large size is run once. ``product_share`` is the bare matrix product against the whole; R's seconds are scaled
    from 2,000 pairs.
    """
    rows: list[dict[str, object]] = []
    for mirnas, genes, samples in SIZES:
        runs = RUNS if mirnas < 1_000 else 1
        mirna, gene = _matrix(samples, mirnas, "m", 1), _matrix(samples, genes, "g", 2)
        product = _product_seconds(mirna.values, gene.values, runs)
        theirs = _r_seconds_a_pair(samples)
        for name, call in _calls(mirna, gene).items():
            ours = _seconds(call, runs)
            rows.append(
                {
                    "name": name,
                    "size": f"{mirnas:,} × {genes:,}, n = {samples:,}",
                    "ours_s": ours,
                    "r_s": None if theirs is None else theirs * mirnas * genes,
                    "ratio": None if theirs is None else theirs * mirnas * genes / ours,
                    "product_share": product / ours,
                    "product_gflops": 2e-9 * mirnas * genes * samples / product,
                    "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                }
            )
    return rows


def _calls(mirna: Expression, gene: Expression) -> dict[str, Callable[[], object]]:
    jobs = usable_cores()

    def written() -> None:
        with tempfile.TemporaryDirectory() as folder, ParquetSink(Path(folder) / "pairs.parquet") as sink:
            associate(mirna, gene, keep="all", sink=sink, jobs=jobs)

    calls: dict[str, Callable[[], object]] = {
        "Spearman, p, BH for each miRNA": lambda: associate(mirna, gene, jobs=jobs),
        "Spearman, p, BH over all pairs": lambda: associate(mirna, gene, family="all", jobs=jobs),
        "the same, p by t": lambda: associate(mirna, gene, p_method="t", jobs=jobs),
        "every pair to Parquet": written,
    }
    with contextlib.suppress(SensitomeError):  # no GPU here
        device = open_device("gpu")
        calls["Spearman, p, BH for each miRNA, GPU"] = lambda: associate(mirna, gene, device=device, jobs=jobs)
    return calls


def _matrix(samples: int, features: int, letter: str, seed: int) -> Expression:
    values = np.random.default_rng(seed).normal(size=(samples, features))
    names = pl.DataFrame({"sample": [f"s{i}" for i in range(samples)]})
    return Expression(values, names, pl.DataFrame({"feature": [f"{letter}{j}" for j in range(features)]}))


def _seconds(call: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _product_seconds(x: np.ndarray, y: np.ndarray, runs: int) -> float:
    """The bare product, in blocks of as many rows, with every core."""
    x, y = np.ascontiguousarray(x.T), np.ascontiguousarray(y.T)
    with threadpool_limits(limits=usable_cores(), user_api="blas"):
        return _seconds(lambda: [x[start : start + 32] @ y.T for start in range(0, len(x), 32)], runs)


def _r_seconds_a_pair(samples: int) -> float | None:
    """Time of R a pair, after its answers were found equal; None where there is no R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    values = np.random.default_rng(3).normal(size=(PAIRS_FOR_R, 2, samples))
    with tempfile.TemporaryDirectory() as folder:
        script, given, got = (Path(folder) / name for name in ("pairs.R", "given.bin", "got.bin"))
        script.write_text(R_SCRIPT)
        values.tofile(given)
        command = [rscript, str(script), str(given), str(samples), str(PAIRS_FOR_R), str(got)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        theirs = np.fromfile(got).reshape(PAIRS_FOR_R, 2)
    for pair, (estimate, p) in zip(values[:200], theirs, strict=False):
        block = prepare_pairs(pair[:1], pair[1:]).block(slice(0, 1))
        np.testing.assert_allclose([block.estimate.item(), block.p.item()], [estimate, p], rtol=1e-10, atol=1e-15)
    return statistics.median(float(word) for word in printed.split()) / PAIRS_FOR_R


if __name__ == "__main__":
    for row in run():
        print(row)
