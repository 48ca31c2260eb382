"""Screens of mimics with known target genes, to see what a deconvolution finds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

__all__ = ["PlantedScreen", "name_history", "observed_evidence", "plant_genes", "simulate_targets"]


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


def plant_genes(
    pushes: pl.DataFrame, *, rng: np.random.Generator, genes: int = 6, share: float = 0.45, background: float = 0.01
) -> pl.DataFrame:
    """Draw genes that the sensitizing mimics of a screen target more often than others do.

    Parameters
    ----------
    pushes : ``mirna`` and ``push``, how much its mimic sensitizes (log2, mean over the arms; 0 or less = not at all)
    rng : chance
    genes : how many
    share : chance that a gene is a target of the mimic that pushes most; of others in proportion
    background : chance that it is a target of any other mimic

    Returns
    -------
    ``mirna``, ``gene``: the targets of the planted genes
    """
    push = pushes["push"].to_numpy().clip(min=0)
    # The few strongest of a screen must not leave the others without a target.
    usual = max(float(np.quantile(push, 0.99)), 1e-9)
    chance = np.maximum(share * np.minimum(push / usual, 1.0), background)
    hits = rng.random((len(push), genes)) < chance[:, None]
    row, column = np.nonzero(hits)
    names = [f"SIMGENE{i + 1}" for i in range(genes)]
    return pl.DataFrame({"mirna": pushes["mirna"].gather(row), "gene": [names[i] for i in column]})


def observed_evidence(genes: pl.DataFrame, others: pl.DataFrame, *, rng: np.random.Generator) -> pl.DataFrame:
    """Made-up observations of some targets, in the columns of miRTarBase.

    Parameters
    ----------
    genes : ``mirna, gene`` of which half is observed
    others : ``mirna, gene`` of which one in fifty is observed, mostly by weak methods, some to have no effect
    rng : chance

    Returns
    -------
    As a file of miRTarBase
    """
    rows = pl.concat(
        [
            genes.filter(pl.Series(rng.random(genes.height) < 0.5)).select("mirna", "gene"),
            others.filter(pl.Series(rng.random(others.height) < 0.02)).select("mirna", "gene"),
        ]
    )
    words = np.array(["Functional MTI", "Functional MTI (Weak)", "Non-Functional MTI"])
    support = words[rng.choice(3, size=rows.height, p=[0.2, 0.75, 0.05])]
    return rows.select(
        pl.format("MIRT{}", pl.int_range(900_001, 900_001 + pl.len())).alias("miRTarBase ID"),
        pl.col("mirna").alias("miRNA"),
        pl.lit("Homo sapiens").alias("Species (miRNA)"),
        pl.col("gene").alias("Target Gene"),
        pl.lit("").alias("Target Gene (Entrez ID)"),
        pl.lit("Homo sapiens").alias("Species (Target Gene)"),
        pl.lit("simulated").alias("Experiments"),
        pl.Series("Support Type", support),
        pl.lit("").alias("References (PMID)"),
    )


def name_history(mirnas: pl.DataFrame) -> pl.DataFrame:
    """Made-up history of names: until release 16 one in three had no arm in its name.

    Parameters
    ----------
    mirnas : ``target`` (its name now) and ``sequence``

    Returns
    -------
    ``version, name, accession, sequence`` of releases 10.1, 16 and 22, and ``now``
    """
    numbered = mirnas.with_row_index("_number", offset=1).with_columns(
        pl.format("MIMAT9{}", pl.col("_number").cast(pl.String).str.zfill(6)).alias("accession")
    )
    short = pl.col("target").str.replace(r"-[35]p$", "")
    parts = []
    for version, name in (("10.1", short), ("16", short), ("22", pl.col("target"))):
        then = pl.when(pl.col("_number") % 3 == 0).then(name).otherwise("target").alias("name")
        parts.append(
            numbered.select(
                pl.lit(version).alias("version"), then, "accession", "sequence", pl.col("target").alias("now")
            )
        )
    return pl.concat(parts)
