"""What a run was made of, written beside its results: the same inputs give the same manifest, byte for byte."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import polars as pl

from sensitome.io.run_folder import InputFile, StageRecord
from sensitome.screen.simulation.scoring import score_against_truth
from sensitome.settings import Study

__all__ = ["build_manifest", "headline"]

#: Packages whose version can change a number.
NUMERIC = ("numpy", "scipy", "polars")


def build_manifest(
    study: Study,
    *,
    inputs: Sequence[InputFile],
    stages: Sequence[tuple[str, int, Sequence[str], StageRecord]],
    tables: Mapping[str, pl.DataFrame],
    truth: pl.DataFrame | None = None,
    true_genes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Versions, settings, inputs with their hashes, stages, cautions and the headline of a run.

    Parameters
    ----------
    study : resolved study
    inputs : files as they were when the run began
    stages : name, version, tables made and record of each stage, in order
    tables : published tables of the run
    truth : columns reagent, kind, cell_line, treatment, is_active of a simulated study
    true_genes : genes that are behind a simulated screen

    Returns
    -------
    Nested dictionaries of plain values, without clock or machine
    """
    return {
        "sensitome": metadata.version("sensitome"),
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in NUMERIC},
        "study": study.model_dump(mode="json"),
        "seed": study.seed,
        "headline": headline(tables, truth=truth) | _genes(tables, true_genes),
        "inputs": _inputs(inputs, tables.get("plate_files")),
        "stages": [
            {"name": name, "version": version, "key": record.key, "makes": list(makes)}
            for name, version, makes, record in stages
        ],
        "cautions": [dict(caution) for *_, record in stages for caution in record.cautions],
    }


def _genes(tables: Mapping[str, pl.DataFrame], true_genes: Sequence[str] | None) -> dict[str, Any]:
    """How many genes are called behind the screen, and where the truth is known, how many of them rightly."""
    if "genes" not in tables:
        return {}
    called = set(tables["genes"].filter("is_selected")["gene"])
    if true_genes is None:
        return {"genes": len(called)}
    right = called & set(true_genes)
    return {
        "genes": len(called),
        "true_genes": len(set(true_genes)),
        "gene_recall": len(right) / len(set(true_genes)) if true_genes else None,
        "gene_false_discovery_proportion": 1 - len(right) / len(called) if called else 0.0,
    }


def _inputs(inputs: Sequence[InputFile], plate_files: pl.DataFrame | None) -> list[dict[str, Any]]:
    """Files with their hashes; of a plate file also the block that was taken and those that were left."""
    rows = [] if plate_files is None else plate_files.iter_rows(named=True)
    blocks = {
        row["file"]: {"taken": row["taken"], "left": row["left"].split("; ") if row["left"] else []} for row in rows
    }
    return [
        {"file": file.file, "sha256": file.sha256, "bytes": file.bytes} | blocks.get(file.file, {}) for file in inputs
    ]


def headline(tables: Mapping[str, pl.DataFrame], *, truth: pl.DataFrame | None = None) -> dict[str, Any]:
    """The numbers that a reader asks for first.

    Parameters
    ----------
    tables : published tables of a run
    truth : known truth of a simulated study

    Returns
    -------
    plates, wells, reagents, hits (contexts), hit_reagents, candidates; sensitizers (contexts) and sensitizing_reagents
    when a test was run; judged and confirmed (reagents) where a validation was measured; with a truth also recall and
    false_discovery_proportion of either list
    """
    hits = tables["hits"]
    called = hits.filter("is_hit")
    item = ["reagent", "kind", "position"]
    numbers: dict[str, Any] = {
        "plates": tables["plates"].height,
        "wells": tables["wells"].height,
        "reagents": hits.select(item).n_unique(),
        "contexts": hits.height,
        "hits": called.height,
        "hit_reagents": called.select(item).n_unique(),
        "candidates": called.filter("is_candidate").select(item).n_unique(),
    }
    if "sensitizers" in tables:
        found = tables["sensitizers"].filter("is_sensitizer")
        numbers["sensitizers"] = found.height
        numbers["sensitizing_reagents"] = found.select(item).n_unique()
    if "conclusions" in tables:
        numbers |= _confirmed(tables["conclusions"])
    if truth is not None:
        judged = score_against_truth(hits, truth).row(0, named=True)
        numbers["active_contexts"] = judged["true"]
        numbers["recall"] = judged["recall"]
        numbers["false_discovery_proportion"] = judged["false_share"]
        if "sensitizers" in tables:
            tested = score_against_truth(tables["sensitizers"], truth, called="is_sensitizer").row(0, named=True)
            numbers["sensitizer_recall"] = tested["recall"]
            numbers["sensitizer_false_discovery_proportion"] = tested["false_share"]
    return numbers


def _confirmed(conclusions: pl.DataFrame) -> dict[str, int]:
    """How many candidates the validation has measured, and how many of these all evidence confirms."""
    measured = conclusions.filter(pl.col("says_validation").cast(pl.String) != "missing")
    if measured.is_empty():
        return {}
    confirmed = measured.filter(pl.col("verdict").cast(pl.String).is_in(["strong", "confirmed"]))
    return {"judged": measured.height, "confirmed": confirmed.height}
