"""Over-representation of many lists, and its empirical null: the answer first, then the time against its limit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import polars as pl
from scipy import stats

from sensitome.core.random_sets import draw_members, drawn_overlaps
from sensitome.enrichment.over_representation import enrich

RUNS = 7
LISTS, SETS, GENES = 1_000, 300, 18_000
DRAWS, MIRNAS, DRAWN, NULL_SETS = 10_000, 500, 36, 320


def run() -> list[dict[str, object]]:
    """Time 1,000 lists × 300 sets (limit 1 s) and 10,000 draws of 36 miRNAs × 18,000 genes × 320 sets (limit 10 s)."""
    rng = np.random.default_rng(1)
    lists, library, universe = _lists(rng)
    targets, sets = _targets(rng)
    answer = enrich(lists, library, convention="fora", universe=universe, name_genes=False)
    _check_tails(answer)
    _check_overlaps(targets, sets)
    jobs: list[tuple[str, str, float, Callable[[], object]]] = [
        (
            "over-representation",
            f"{LISTS:,} lists × {SETS} sets",
            1.0,
            lambda: enrich(lists, library, convention="fora", universe=universe, name_genes=False),
        ),
        (
            "over-representation, genes named",
            f"{LISTS:,} lists × {SETS} sets",
            1.0,
            lambda: enrich(lists, library, convention="fora", universe=universe),
        ),
        (
            "empirical null",
            f"{DRAWS:,} draws × {DRAWN} miRNAs × {GENES:,} genes × {NULL_SETS} sets",
            10.0,
            lambda: drawn_overlaps(
                draw_members(MIRNAS, size=DRAWN, draws=DRAWS, rng=np.random.default_rng(2)),
                targets=targets,
                sets=sets,
                jobs=2,
            ),
        ),
    ]
    return [
        {"name": name, "size": size, "ours_s": seconds, "limit_s": limit, "ratio": limit / seconds}
        for name, size, limit, job in jobs
        for seconds in (_seconds(job),)
    ]


def _lists(rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Lists of 400 genes and sets of 90."""
    genes = np.array([f"G{i}" for i in range(GENES)])
    own = np.concatenate([rng.choice(GENES, 400, replace=False) for _ in range(LISTS)])
    members = np.concatenate([rng.choice(GENES // 2, 90, replace=False) for _ in range(SETS)])
    lists = pl.DataFrame({"list": np.repeat([f"list {i}" for i in range(LISTS)], 400), "gene": genes[own]})
    library = pl.DataFrame({"gene_set": np.repeat([f"set {i}" for i in range(SETS)], 90), "gene": genes[members]})
    return lists, library, genes.tolist()


def _targets(rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
    """Targets of 500 miRNAs, 3 % of the genes each, and sets of 10 to 250 genes."""
    sets = [rng.choice(GENES // 2, rng.integers(10, 250), replace=False) for _ in range(NULL_SETS)]
    return rng.random((MIRNAS, GENES)) < 0.03, sets


def _check_tails(answer: pl.DataFrame) -> None:
    part = answer.sample(500, seed=1)
    x, k, n, total = (part[name].to_numpy() for name in ("overlap", "set_size", "list_size", "universe_size"))
    np.testing.assert_allclose(part["p_value"], stats.hypergeom.sf(x - 1, total, k, n), rtol=1e-8)


def _check_overlaps(targets: np.ndarray, sets: list[np.ndarray]) -> None:
    drawn = draw_members(MIRNAS, size=DRAWN, draws=50, rng=np.random.default_rng(3))
    hit, overlap = drawn_overlaps(drawn, targets=targets, sets=sets)
    union = (drawn.astype(np.float32) @ targets.astype(np.float32)) > 0
    np.testing.assert_array_equal(hit, union.sum(axis=1))
    np.testing.assert_array_equal(overlap, np.stack([union[:, own].sum(axis=1) for own in sets], axis=1))


def _seconds(job: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    for row in run():
        print(row)
