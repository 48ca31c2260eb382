"""Measure the paper's rule on simulated screens: `python docs/measure.py` prints the table of the simulation page."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from sensitome.io.study_file import preset
from sensitome.parallel import usable_cores
from sensitome.screen.hits import call_hits
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.scoring import CONTEXT, score_against_truth
from sensitome.screen.simulation.simulate import simulate_screen
from sensitome.settings import Treatments

#: Scenario and replicates of each row.
ROWS = (
    ("main", 1),
    ("main", 2),
    ("main", 3),
    ("null", 2),
    ("no_artifacts", 2),
    ("spatial2x", 2),
    ("noisy", 2),
    ("all_toxic", 2),
    ("none_toxic", 2),
    ("high_hit_rate", 2),
)
#: One answer of the preset changed, on the scenario "main" in two replicates.
CHANGES: tuple[dict[str, object], ...] = (
    {"spread": "mad"},
    {"pool": "by-kind"},
    {"controls": "in"},
    {"exclusion": "one-sided"},
    {"exclusion": "off"},
    {"replicates": "all"},
)
SEEDS = range(1, 11)


def measure(
    name: str, *, replicates: int, seed: int, changes: Mapping[str, object] = MappingProxyType({})
) -> tuple[int, int, int]:
    """True, called and rightly called contexts of one simulated screen under the preset `normann2021`."""
    rule = preset("normann2021")
    screen = simulate_screen(scenario(name, replicates=replicates), seed=seed)
    wells = normalize(screen.wells, settings=rule.normalize, jobs=usable_cores())
    targets = screen.library.filter(screen.library["target"].is_not_null()).select("reagent", "kind", "target").unique()
    hits = call_hits(
        score(wells, settings=rule.score),
        settings=rule.hits.model_copy(update=dict(changes)),
        treatments=Treatments(vehicle="vehicle"),
        expressed=screen.expressed,
        targets=targets,
    )
    row = score_against_truth(hits, screen.truth).row(0, named=True)
    return row["true"], row["called"], row["right"]


def line(
    name: str,
    replicates: int,
    *,
    changes: Mapping[str, object] = MappingProxyType({}),
    seeds: Sequence[int] = SEEDS,
) -> str:
    """One row of a table: medians over the seeds."""
    counts = np.array([measure(name, replicates=replicates, seed=seed, changes=changes) for seed in seeds], dtype=float)
    true, called, right = counts.T
    recall = f"{np.median(right / true):.2f}" if true.all() else "–"
    false = f"{np.median((called - right) / np.maximum(called, 1)):.2f}"
    label = ", ".join(f"{key} = {value}" for key, value in changes.items()) or name
    return f"| `{label}` | {replicates} | {np.median(true):.0f} | {np.median(called):.0f} | {recall} | {false} |"


def repeated(seed: int) -> float:
    """Overlap (Jaccard) of the calls of two screens of one replicate each with the same truth."""
    rule = preset("normann2021")
    screen = simulate_screen(scenario("main", replicates=2), seed=seed)
    targets = screen.library.filter(screen.library["target"].is_not_null()).select("reagent", "kind", "target").unique()
    called = []
    for replicate in (1, 2):
        wells = screen.wells.filter(screen.wells["replicate"] == replicate)
        hits = call_hits(
            score(normalize(wells, settings=rule.normalize, jobs=usable_cores()), settings=rule.score),
            settings=rule.hits,
            treatments=Treatments(vehicle="vehicle"),
            expressed=screen.expressed,
            targets=targets,
        )
        called.append(set(hits.filter("is_hit").select(CONTEXT).iter_rows()))
    return len(called[0] & called[1]) / len(called[0] | called[1])


if __name__ == "__main__":
    for scenario_name, count in ROWS:
        sys.stdout.write(line(scenario_name, count) + "\n")
        sys.stdout.flush()
    for changed in CHANGES:
        sys.stdout.write(line("main", 2, changes=changed) + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"overlap of two screens: {np.median([repeated(seed) for seed in SEEDS]):.2f}\n")
