"""A run: the stages in their order, each done once for the same inputs; the only file that knows the order.

A run is resumed by content: a stage whose inputs, settings and version are those of the last run, and whose tables are
still the bytes that it wrote, is not run again. Tables are written under another name and moved into place, so that an
interruption leaves either the old table or the new one.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from sensitome.errors import Caution
from sensitome.inputs import input_files, relative_name
from sensitome.io.prior_file import prior_content
from sensitome.io.run_folder import InputFile, RunFolder, StageRecord, fingerprint, refuse_changed
from sensitome.io.truth import read_true_genes, read_truth
from sensitome.manifest import build_manifest
from sensitome.parallel import one_thread_algebra
from sensitome.screen.prior import keep_prior
from sensitome.settings import Study
from sensitome.stages import calls, evidence, mechanism, patients, protein, screen, validation
from sensitome.stages.record import Context, Progress, Stage, Tables
from sensitome.tables import TABLES, check_table

__all__ = ["STAGES", "Run", "run_study"]

#: The order of a run.
STAGES: tuple[Stage, ...] = (
    *screen.STAGES,
    *calls.STAGES,
    *validation.STAGES,
    *protein.STAGES,
    *mechanism.STAGES,
    *patients.STAGES,
    *evidence.STAGES,
)


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, its tables and its manifest."""

    folder: Path
    tables: Tables
    manifest: dict[str, Any]
    seconds: dict[str, float]
    reused: tuple[str, ...]


def run_study(
    study: Study,
    *,
    folder: str | Path,
    out: str | Path,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Run:
    """Run every stage whose inputs, settings or version changed since the last run into the same folder.

    Parameters
    ----------
    study : resolved study
    folder : where its input paths start, the folder of ``study.toml``
    out : folder of the results
    jobs : threads; the results do not depend on it
    progress : told how far each stage is

    Returns
    -------
    The run: its tables, as they are in ``tables/``, and its manifest

    Raises
    ------
    SensitomeError
        An input is faulty, changed while it was read, or the results cannot be written. What was finished stays, and
        the next run goes on from there.
    """
    results = RunFolder(out)
    context = Context(study, Path(folder), jobs, progress or (lambda _stage, _done, _total: None), out=results.path)
    files = _fingerprints(study, context.folder)
    ledger = results.read_ledger()
    tables: Tables = {}
    seconds: dict[str, float] = {}
    reused = []
    records: dict[str, StageRecord] = {}
    stages = [stage for stage in STAGES if stage.applies(study)]
    for stage in STAGES:
        if stage not in stages:
            results.forget(stage.makes)
    for stage in stages:
        begun = perf_counter()
        context.progress(stage.name, 0, 0)
        key = _key(stage, study, files, records)
        before = ledger.get(stage.name)
        if before is not None and before.key == key and results.holds(before.outputs):
            record = before
            tables |= {name: results.read_table(name) for name in stage.makes}
            reused.append(stage.name)
        else:
            record = _run_stage(stage, key, tables, context, results)
            refuse_changed({path: file for group in files.values() for path, file in group.items()})
            ledger = {**ledger, stage.name: record}
            results.write_ledger(ledger)
        records[stage.name] = record
        seconds[stage.name] = perf_counter() - begun
        context.progress(stage.name, 1, 1)
    truth = _truth(context)
    if truth is None:
        results.forget(["truth"])
    else:
        results.write_table("truth", truth)
    published = {name: tables[name] for name in TABLES if name in tables}
    manifest = build_manifest(
        study,
        inputs=[file for group in files.values() for file in group.values()],
        stages=[(stage.name, stage.version, stage.makes, records[stage.name]) for stage in stages],
        tables=published,
        truth=truth,
        true_genes=_true_genes(context),
    )
    _keep_prior(results, published)
    results.write_json("manifest.json", manifest)
    return Run(results.path, published, manifest, seconds, tuple(reused))


def _fingerprints(study: Study, folder: Path) -> dict[str, dict[Path, InputFile]]:
    """Content of every input, in the groups that stages name."""
    return {
        group: {path: fingerprint(path, name=relative_name(path, folder)) for path in paths}
        for group, paths in input_files(
            study.inputs,
            folder=folder,
            cohort=study.cohort,
            cohorts=study.cohorts,
            prior=study.sensitization.prior,
            protein=study.protein,
        ).items()
    }


def _keep_prior(results: RunFolder, tables: Tables) -> None:
    """Write what the test learned, so that a further study can start from it."""
    prior = keep_prior(tables["sensitization_fit"]) if "sensitization_fit" in tables else None
    if prior is None:
        (results.path / "prior.json").unlink(missing_ok=True)
    else:
        results.write_json("prior.json", prior_content(prior))


def _key(
    stage: Stage,
    study: Study,
    files: Mapping[str, Mapping[Path, InputFile]],
    records: Mapping[str, StageRecord],
) -> str:
    """What the results of a stage depend on, as one hash."""
    settings = study.model_dump(mode="json", include=set(stage.settings))
    made = {name: digest for record in records.values() for name, digest in record.outputs.items()}
    parts = {
        "stage": stage.name,
        "version": stage.version,
        "settings": settings,
        "inputs": [[file.file, file.sha256] for group in stage.inputs for file in files.get(group, {}).values()],
        "tables": {name: made[name] for name in (*stage.needs, *stage.uses) if name in stage.needs or name in made},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _run_stage(stage: Stage, key: str, tables: Tables, context: Context, results: RunFolder) -> StageRecord:
    """Run one stage, check and write what it makes, and keep its cautions."""
    with warnings.catch_warnings(record=True) as caught, one_thread_algebra():
        warnings.simplefilter("always")
        given = (*stage.needs, *(name for name in stage.uses if name in tables))
        made = stage.run({name: tables[name] for name in given}, context)
    outputs = {}
    for name in stage.makes:
        table = check_table(made[name], TABLES[name], name=name) if name in TABLES else made[name]
        outputs[name] = results.write_table(name, table)
        tables[name] = table
    for warning in caught:
        if not isinstance(warning.message, Caution):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    cautions = _as_records(stage.name, (warning.message for warning in caught))
    return StageRecord(key, outputs, tuple(cautions))


def _as_records(stage: str, messages: Iterable[object]) -> list[dict[str, Any]]:
    """Cautions as the ledger and the manifest keep them."""
    return [
        {
            "stage": stage,
            "what": caution.what,
            "where": None if caution.where is None else str(caution.where),
            "found": None if caution.found is None else str(caution.found),
            "expected": caution.expected,
            "next_step": caution.next_step,
            "text": str(caution),
        }
        for caution in messages
        if isinstance(caution, Caution)
    ]


def _true_genes(context: Context) -> list[str] | None:
    """Known genes behind the screen of a simulated study."""
    name = context.study.inputs.true_genes
    return read_true_genes(context.folder / name) if name else None


def _truth(context: Context) -> pl.DataFrame | None:
    """Known truth of a simulated study."""
    name = context.study.inputs.truth
    return read_truth(context.folder / name) if name else None
