"""miRNAs: names, sites, context++ and deconvolution; the answer first, then the time.

The ratio to TargetScan's public Perl script is taken where ``TARGETSCAN_70`` names a folder with ``targetscan_70.pl``
and its ``test/input``, and Perl is there.
"""

from __future__ import annotations

import os
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

from sensitome.io.mirbase import Mirbase
from sensitome.io.targetscan import read_utr_alignment
from sensitome.mirna.context_scores import score_sites
from sensitome.mirna.deconvolution import DeconvolutionRules, deconvolve
from sensitome.mirna.name_index import index_names
from sensitome.mirna.names import resolve_names
from sensitome.mirna.planted import simulate_targets
from sensitome.mirna.sites import scan_sites

RUNS = 7
LETTERS = np.array(list("ACGU"))


def run() -> list[dict[str, object]]:
    """Time names, the scan of 2,600 miRNAs × 20,000 UTRs, scores and genes; seconds are medians of 7 or 3 runs."""
    rows = [_names(), _sites(), _context(), _deconvolution()]
    perl = _perl()
    return rows if perl is None else [*rows, perl]


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


def _context() -> dict[str, object]:
    rng = np.random.default_rng(2)
    mirnas = pl.DataFrame({"name": [f"m{i}" for i in range(200)], "sequence": _random(rng, 200, 22)})
    utrs = pl.DataFrame({"name": [f"u{i}" for i in range(4_000)], "sequence": _random(rng, 4_000, 1_000)})
    sites = scan_sites(mirnas, utrs, site_types=["8mer", "7mer-m8", "7mer-A1"])
    scored = score_sites(sites, mirnas=mirnas, utrs=utrs)
    if scored["context"].null_count() or scored["context"].max() > -0.01:
        raise AssertionError("a site has no score")
    return {
        "name": "context++ (all features but accessibility)",
        "size": f"{len(sites):,} sites",
        "ours_s": _median(lambda: score_sites(sites, mirnas=mirnas, utrs=utrs), 3),
    }


def _deconvolution() -> dict[str, object]:
    data = simulate_targets(np.random.default_rng(3))
    rules = DeconvolutionRules(shuffles=0)

    def once() -> pl.DataFrame:
        return deconvolve(data.effects, data.targets, families=data.families, rules=rules, rng=np.random.default_rng(1))

    genes = once()
    called = genes.filter("is_selected")["gene"].is_in(data.truth["gene"].implode())
    if called.sum() < 5 or (~called).sum() > 2:
        raise AssertionError("planted genes were not found")
    return {
        "name": "genes behind mimics, 100 halves",
        "size": f"800 mimics × {len(genes):,} genes",
        "ours_s": _median(once, 3),
        "recall": called.sum() / len(data.truth),
        "false": int((~called).sum()),
    }


def _perl() -> dict[str, object] | None:
    """The public script on its own sample, and ours on the same."""
    folder = os.environ.get("TARGETSCAN_70")
    if folder is None or shutil.which("perl") is None:
        return None
    script, given = Path(folder) / "targetscan_70.pl", Path(folder) / "test" / "input"
    families = pl.read_csv(
        given / "miR_Family_info_sample.txt", separator="\t", has_header=False, new_columns=["name", "seed", "species"]
    )
    mirnas = families.select("name", pl.format("U{}", "seed").alias("sequence"))
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as place:
            command = ["perl", str(script), str(given / "miR_Family_info_sample.txt"),
                       str(given / "UTR_Sequences_sample.txt"), str(Path(place) / "out.txt")]  # fmt: skip
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
            theirs = pl.read_csv(Path(place) / "out.txt", separator="\t", infer_schema=False)

    def ours() -> pl.DataFrame:
        utrs = read_utr_alignment(given / "UTR_Sequences_sample.txt", species=None)
        return scan_sites(mirnas, utrs.select(pl.format("{}|{}", "name", "species").alias("name"), "sequence"))

    kinds = {"7mer-1a": "7mer-A1", "8mer-1a": "8mer"}
    found = {(utr.split("|")[0], mirna, start, kind) for mirna, utr, kind, start, _ in ours().rows()}
    for gene, mirna, start, kind in theirs.select("a_Gene_ID", "miRNA_family_ID", "UTR_start", "Site_type").rows():
        if (gene, mirna, int(start), kinds.get(kind, kind)) not in found:
            raise AssertionError(f"the site of {mirna} at {start} of {gene} was not found")
    seconds = _median(ours, RUNS)
    return {
        "name": "sites, against the public Perl script",
        "size": "14 families × 28 UTRs of the sample",
        "ours_s": seconds,
        "perl_s": statistics.median(times),
        "ratio": statistics.median(times) / seconds,
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
