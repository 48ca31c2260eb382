"""Small screens as score tables, for the tests of sensitization."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from sensitome.screen.design import PlannedScreen, simulate_scores
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.settings import SimulationSettings
from sensitome.settings import Treatments

TREATMENTS = Treatments(vehicle="vehicle", combinations={"T+L": ("T", "L")})


def small_settings(
    *, replicates: int = 2, mimics: int = 110, inhibitors: int = 50, **changes: object
) -> SimulationSettings:
    """Two lines, four arms, few reagents, strong effects."""
    settings = scenario("small", replicates=replicates, size=1.0)
    counts = (mimics, inhibitors)
    kinds = [
        kind.model_copy(update={"count": count}).model_dump()
        for kind, count in zip(settings.design.kinds, counts, strict=True)
    ]
    return settings.changed({"design.kinds": kinds, **changes})


@lru_cache(maxsize=8)
def planned(replicates: int = 2, seed: int = 1) -> PlannedScreen:
    """Simulated scores with their truth."""
    return simulate_scores(small_settings(replicates=replicates), seed=seed)


def quiet_scores(
    *,
    reagents: int = 60,
    replicates: int = 2,
    lines: tuple[str, ...] = ("A",),
    arms: tuple[str, ...] = ("vehicle", "T"),
    seed: int = 0,
) -> pl.DataFrame:
    """Noise alone, SD 0.1 log2."""
    rng = np.random.default_rng(seed)
    keys = [(f"r{i:03d}", line, arm) for i in range(reagents) for line in lines for arm in arms]
    values = 0.1 * rng.standard_normal((len(keys), replicates))
    return pl.DataFrame(keys, schema=["reagent", "cell_line", "treatment"], orient="row").with_columns(
        pl.lit("mimic").alias("kind"),
        pl.format("L1:{}", "reagent").alias("position"),
        pl.lit("sample").alias("role"),
        pl.lit(None, pl.String).alias("control_class"),
        *(pl.Series(f"score_r{r + 1}", values[:, r]) for r in range(replicates)),
    )


def with_effect(scores: pl.DataFrame, reagent: str, effects: dict[str, float], line: str | None = None) -> pl.DataFrame:
    """Add log2 effects by treatment to one reagent."""
    here = (pl.col("reagent") == reagent) & (pl.lit(line is None) | (pl.col("cell_line") == (line or "")))
    shift = pl.col("treatment").replace_strict(effects, default=0.0, return_dtype=pl.Float64)
    names = [name for name in scores.columns if name.startswith("score_r")]
    return scores.with_columns(pl.when(here).then(pl.col(name) + shift).otherwise(name).alias(name) for name in names)
