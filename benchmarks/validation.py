"""Validation contrasts and lysate arrays: the answer first, then the time."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.io.gpr_writer import gpr_text
from sensitome.io.spot_table import read_slides, read_spot_map
from sensitome.protein.scores import score_proteins, summarize_spots
from sensitome.protein.settings import NORMANN2021
from sensitome.protein.spots import normalize_spots, read_array
from sensitome.validation.block_tests import block_families
from sensitome.validation.cells import Cells
from sensitome.validation.settings import RECOMMENDED

RUNS = 7
REAGENTS, ARMS, DAYS = 2500, 4, 3
SLIDES, SPOTS = 200, 5000


def run() -> list[dict[str, object]]:
    """Time 10,000 reagent × arm contrasts (and their interactions) and 200 slides of 5,000 spots from raw GPR."""
    cells, planted = _cells()
    families = block_families([cells], settings=RECOMMENDED, vehicle="a")
    found = np.concatenate([family.test.effect for family in families if family.contrast == "reagent"])
    np.testing.assert_allclose(np.corrcoef(found, planted.ravel())[0, 1], 1, atol=0.05)
    contrasts = _seconds(lambda: block_families([cells], settings=RECOMMENDED, vehicle="a"), runs=RUNS)
    with tempfile.TemporaryDirectory() as folder:
        truth = _slides(Path(folder))
        read = _proteins(Path(folder))
        own = read.filter(pl.col("protein") == "P000").sort("reagent")["log2"].to_numpy()
        np.testing.assert_allclose(own, truth, atol=0.02)
        slides = _seconds(lambda: _proteins(Path(folder)), runs=1)
    return [
        {
            "name": "validation contrasts, moderated, Dunnett",
            "size": f"{REAGENTS * ARMS:,} reagent × arm and {REAGENTS * (ARMS - 1):,} interactions",
            "ours_s": contrasts,
            "r_s": None,
            "ratio": None,
        },
        {
            "name": "lysate array from raw GPR to scores",
            "size": f"{SLIDES} slides × {SPOTS:,} spots",
            "ours_s": slides,
            "r_s": None,
            "ratio": None,
        },
    ]


def _seconds(work: Callable[[], object], *, runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _cells() -> tuple[Cells, np.ndarray]:
    rng = np.random.default_rng(1)
    effects = rng.normal(0, 0.5, (ARMS, REAGENTS))
    log2 = rng.normal(0, 0.1, (ARMS, REAGENTS + 1, DAYS)) + rng.normal(0, 0.3, (1, 1, DAYS))
    log2[:, 1:] += effects[:, :, None]
    names = [(f"r{i}", "mimic") for i in range(REAGENTS)]
    wells = np.full(log2.shape, 3)
    return Cells(names, list("abcd"), [1, 2, 3], log2, 2**log2, wells, pl.DataFrame()), effects


def _slides(folder: Path) -> np.ndarray:
    """Slides of one total-protein stain and 199 antibodies; the expected log2 of the first."""
    rng = np.random.default_rng(2)
    place = pl.DataFrame(
        {
            "block": [1 + i // 500 for i in range(SPOTS)],
            "row": [1 + i % 500 // 20 for i in range(SPOTS)],
            "column": [1 + i % 20 for i in range(SPOTS)],
            "id": [f"S{i:04d}" for i in range(SPOTS)],
            "flag": 0,
        }
    )
    amount = rng.normal(0, 0.3, SPOTS)
    names = [f"P{i:03d}" for i in range(SLIDES - 1)] + ["Sypro"]
    first = np.empty(0)
    for i, name in enumerate(names):
        own = rng.normal(0, 0.5, SPOTS) if name != "Sypro" else np.full(SPOTS, 2.0)
        first = own if i == 0 else first
        signal = np.round(8000 * 2 ** (amount + own))
        table = place.with_columns(pl.Series("foreground", signal + 300), pl.lit(300.0).alias("background"))
        (folder / f"{name}.gpr").write_bytes(gpr_text(table).encode())
    roles = ["detection"] * (SLIDES - 1) + ["total_protein"]
    pl.DataFrame({"file": [f"{name}.gpr" for name in names], "antibody": names, "role": roles}).write_csv(
        folder / "slides.csv"
    )
    reagents = [f"r{i:04d}" for i in range(SPOTS)]
    pl.DataFrame({"id": place["id"], "reagent": reagents}).write_csv(folder / "spots.csv")
    return first - 2.0


def _proteins(folder: Path) -> pl.DataFrame:
    spots = read_array(read_slides(folder / "slides.csv"), read_spot_map(folder / "spots.csv"))
    values = summarize_spots(normalize_spots(spots, settings=NORMANN2021), settings=NORMANN2021)
    return score_proteins(values, settings=NORMANN2021)


if __name__ == "__main__":
    for row in run():
        print(row)
