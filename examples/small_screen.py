"""A small simulated screen, for examples whose subject is patients: one plate of 96 wells in two arms, twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

ARMS = ("vehicle", "trastuzumab")
COLUMNS = ["plate", "library_plate", "cell_line", "treatment", "replicate", "well", "reagent", "kind", "role", "signal"]


def write_screen(path: Path, mirnas: Sequence[str], *, seed: int = 1) -> None:
    """Write the wells; mimics of the miRNAs (8 at most) lead the first row, and the first of them sensitizes."""
    rng = np.random.default_rng(seed)
    rows = [well for arm in ARMS for replicate in (1, 2) for well in _plate(arm, replicate, mirnas, rng)]
    pl.DataFrame(rows, orient="row", schema=COLUMNS).write_csv(path)


def _plate(arm: str, replicate: int, mirnas: Sequence[str], rng: np.random.Generator) -> list[tuple[object, ...]]:
    wells = []
    for number in range(96):
        row, column = divmod(number, 12)
        role = "negative" if column in (0, 11) else "sample"
        name = mirnas[number - 1] if 1 <= number <= len(mirnas) else f"mimic-{number:02d}" if role == "sample" else "NC"
        loss = 2.0 if number == 1 and arm != "vehicle" else 0.0
        signal = round(2 ** (14 - loss + rng.normal(0, 0.3)), 1)
        place = (f"{arm}-{replicate}", "1", "KPL4", arm, replicate, f"{'ABCDEFGH'[row]}{column + 1:02d}")
        wells.append((*place, name, "mimic", role, signal))
    return wells
