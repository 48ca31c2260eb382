"""miRNAs: names a second, and sites a second; the answer first, then the time."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from sensitome.io.mirbase import Mirbase
from sensitome.mirna.name_index import index_names
from sensitome.mirna.names import resolve_names
from sensitome.mirna.sites import scan_sites

RUNS = 7
LETTERS = np.array(list("ACGU"))


def run() -> list[dict[str, object]]:
    """Time 100,000 names, and 2,600 miRNAs × 20,000 UTRs of 1 kb; seconds are medians of 7 runs (3 for the scan)."""
    return [_names(), _sites()]


def _names() -> dict[str, object]:
    base = _base(3_000)
    index = index_names(base)
    names = [name + tail for tail in ("", "-4373169", " mimic", "_st") for name in base.matures["name"]]
    names = (names * 10)[:100_000]
    answer = resolve_names(names, base=index)
    if set(answer["status"].cast(pl.String)) != {"exact", "renamed"} or answer["name"].null_count():
        raise AssertionError("a name was not resolved")
    return {
        "name": "names through miRBase",
        "size": "100,000 names",
        "ours_s": _median(lambda: resolve_names(names, base=index), RUNS),
        "promise_s": 1.0,
    }


def _sites() -> dict[str, object]:
    rng = np.random.default_rng(1)
    mirnas = pl.DataFrame({"name": [f"m{i}" for i in range(2_600)], "sequence": _random(rng, 2_600, 22)})
    utrs = pl.DataFrame({"name": [f"u{i}" for i in range(20_000)], "sequence": _random(rng, 20_000, 1_000)})
    sites = scan_sites(mirnas, utrs)
    sample = sites.filter(pl.col("utr") == "u7")
    for mirna, start, end in sample.select("mirna", "start", "end").head(200).rows():
        matched = utrs["sequence"][7][start - 1 : end]
        seed = mirnas["sequence"][int(mirna[1:])][1:7].translate(str.maketrans("ACGU", "UGCA"))[::-1]
        if seed not in matched:
            raise AssertionError(f"{mirna} does not match at {start}")
    del sites
    return {
        "name": "sites of all types",
        "size": "2,600 miRNAs × 20,000 UTRs of 1 kb",
        "ours_s": _median(lambda: scan_sites(mirnas, utrs), 3),
        "promise_s": 60.0,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def _random(rng: np.random.Generator, count: int, length: int) -> list[str]:
    return ["".join(row) for row in LETTERS[rng.integers(4, size=(count, length))]]


def _base(count: int) -> Mirbase:
    """A history of our own: half of the names change."""
    rows = []
    for i in range(count):
        accession = f"MIMAT{i:07d}"
        rows.append(("16", f"hsa-miR-{i}", accession, "ACGUACGUACGUACGUACGUAC"))
        rows.append(("22", f"hsa-miR-{i}" + ("-3p" if i % 2 else ""), accession, "ACGUACGUACGUACGUACGUAC"))
    matures = pl.DataFrame(rows, schema=["version", "name", "accession", "sequence"], orient="row")
    empty = pl.DataFrame(schema=dict.fromkeys(("version", "name", "accession", "mature"), pl.String))
    return Mirbase(
        matures, empty, pl.DataFrame(schema=dict.fromkeys(("accession", "name", "forward", "comment"), pl.String))
    )


def _median(function: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    for row in run():
        print(row)
