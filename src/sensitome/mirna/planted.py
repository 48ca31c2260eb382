"""Screens of mimics with known target genes, to see what a deconvolution finds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

__all__ = ["PlantedScreen", "simulate_targets"]


class PlantedScreen(NamedTuple):
    """Effects, targets and families as `deconvolve` takes them, and the genes that are behind the effects."""

    effects: pl.DataFrame
    targets: pl.DataFrame
    families: pl.DataFrame
    truth: pl.DataFrame


def simulate_targets(
    rng: np.random.Generator,
    *,
    mimics: int = 800,
    families: int = 550,
    genes: int = 2_000,
    planted: int = 10,
    per_mimic: float = 0.03,
    effect: float = 0.8,
    noise: float = 0.25,
    family_noise: float = 0.15,
) -> PlantedScreen:
    """Draw a screen of mimics whose effects come from a few of their target genes.

    Parameters
    ----------
    rng : chance
    mimics, families, genes, planted : how many; genes are planted among those that many families target
    per_mimic : share of the genes that a family targets on average; genes differ in how often they are targeted
    effect : log2 effect of full repression; signs alternate, starting with sensitizing
    noise, family_noise : standard deviations of what each mimic, and each family, does besides (log2)

    Returns
    -------
    PlantedScreen; ``truth`` has ``gene`` and ``effect``
    """
    family = np.concatenate([np.arange(families), rng.integers(families, size=mimics - families)])
    often = rng.beta(1.2, 1.2 / per_mimic - 1.2, size=genes)
    of_family = rng.random((families, genes)) < often
    strength = np.where(of_family, rng.uniform(0.2, 1.0, size=(families, genes)), 0.0)
    # Members of a family share nine targets in ten.
    kept = rng.random((mimics, genes)) < 0.9
    weight = strength[family] * kept
    chosen = np.sort(rng.choice(np.argsort(-of_family.sum(axis=0))[: genes // 2], size=planted, replace=False))
    truth = np.where(np.arange(planted) % 2 == 0, -effect, effect)
    value = weight[:, chosen] @ truth + rng.normal(0, family_noise, families)[family] + rng.normal(0, noise, mimics)
    names = [f"MIMAT{i:07d}" for i in range(mimics)]
    row, column = np.nonzero(weight)
    return PlantedScreen(
        pl.DataFrame({"mirna": names, "effect": value, "sd": np.full(mimics, noise)}),
        pl.DataFrame(
            {"mirna": [names[i] for i in row], "gene": [f"G{j:05d}" for j in column], "weight": weight[row, column]}
        ),
        pl.DataFrame({"mirna": names, "seed": [f"S{code:05d}" for code in family]}),
        pl.DataFrame({"gene": [f"G{j:05d}" for j in chosen], "effect": truth}),
    )
