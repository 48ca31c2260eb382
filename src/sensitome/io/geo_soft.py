"""SOFT files of GEO: families, datasets, platforms and samples, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Fault, SourceError
from sensitome.expression_matrix import Expression
from sensitome.io.columns import fold
from sensitome.io.geo_tables import GeoSeries, detection_column, frame_of, numbers_of, samples_table

__all__ = ["read_soft_text"]


@dataclass
class _Entity:
    """One block of the file: what begins with ^, its attributes and its table."""

    kind: str
    name: str
    attributes: dict[str, list[str]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    first_line: int = 0

    @property
    def accession(self) -> str:
        return (self.attributes.get("geo_accession") or [self.name])[0]


@dataclass
class _Sample:
    """Values of a sample and where they stand."""

    entity: _Entity
    ids: pl.Series
    values: np.ndarray
    detected: np.ndarray | None


def read_soft_text(text: str, *, path: str | Path) -> GeoSeries:
    """Series of a SOFT text.

    Raises
    ------
    SourceError
        A table is cut short, has no ID or value, names a feature twice, or has cells that are not numbers.
    """
    entities = _entities(text.split("\n"), path)
    series = next((entity for entity in entities if entity.kind in ("SERIES", "DATASET")), None)
    dataset = next((entity for entity in entities if entity.kind == "DATASET"), None)
    if dataset is not None:
        platforms = _dataset(dataset, [entity for entity in entities if entity.kind == "SUBSET"], path)
    else:
        platforms = _families(entities, path)
    metadata = {} if series is None else {name: tuple(values) for name, values in series.attributes.items()}
    title = metadata.get("title", ("",))[0]
    return GeoSeries("" if series is None else series.accession, title, platforms, metadata)


def _entities(lines: Sequence[str], path: str | Path) -> list[_Entity]:
    """Blocks of the file, in order; a dataset comes in two parts, which are one block here."""
    found: dict[tuple[str, str], _Entity] = {}
    current: _Entity | None = None
    in_table = False
    for number, line in enumerate(lines, 1):
        mark = line[:1]
        if mark == "^":
            if in_table:
                break
            kind, _, name = line[1:].partition("=")
            current = found.setdefault(
                (kind.strip().upper(), name.strip()), _Entity(kind.strip().upper(), name.strip())
            )
        elif current is not None and mark == "!":
            in_table = _read_attribute(current, line, in_table=in_table, number=number)
        elif current is not None and in_table and line:
            current.rows.append(line)
    if in_table and current is not None:
        raise SourceError(
            "SOFT file ends early",
            where=path,
            found=f"the table of {current.name}, from line {current.first_line}, without an end",
            expected=f"!{current.kind.lower()}_table_end",
            next_step="Download it again.",
        )
    return list(found.values())


def _read_attribute(entity: _Entity, line: str, *, in_table: bool, number: int) -> bool:
    """Take an attribute in; whether the lines that follow are a table."""
    name, _, value = line[1:].partition("=")
    name = name.strip().lower()
    if name.endswith("_table_begin"):
        entity.first_line = number + 1
        return True
    if name.endswith("_table_end"):
        return False
    entity.attributes.setdefault(name.partition("_")[2], []).append(value.strip())
    return in_table


def _families(entities: Sequence[_Entity], path: str | Path) -> dict[str, Expression]:
    """Expression of each platform from the tables of its samples."""
    annotation = {entity.accession: entity for entity in entities if entity.kind == "PLATFORM"}
    samples = [entity for entity in entities if entity.kind == "SAMPLE"]
    by_platform: dict[str, list[_Entity]] = {}
    for entity in samples:
        by_platform.setdefault((entity.attributes.get("platform_id") or [""])[0], []).append(entity)
    if not samples:
        by_platform = {name: [] for name in annotation}
    answer = {}
    for name, own in by_platform.items():
        read = [_sample(entity, path) for entity in own]
        described = samples_table([entity.attributes for entity in own], [entity.accession for entity in own])
        values, features, detected = _joined(read)
        table = annotation.get(name)
        if table is not None and table.rows and features.height:
            features = _annotated(features, frame_of(table.rows, path=path, first_line=table.first_line))
        answer[name] = Expression(values, described, features, detected)
    return answer


def _sample(entity: _Entity, path: str | Path) -> _Sample:
    """Values of one sample."""
    if len(entity.rows) < 2:
        return _Sample(entity, pl.Series([], dtype=pl.String), np.zeros(0), None)
    frame = frame_of(entity.rows, path=path, first_line=entity.first_line)
    key = next((name for name in frame.columns if fold(name) in ("idref", "id")), None)
    if key is None or "VALUE" not in frame.columns:
        raise SourceError(
            "table of a sample lacks its columns",
            where=f"{path}, line {entity.first_line}",
            found=", ".join(frame.columns),
            expected="ID_REF and VALUE",
        )
    values, faults = numbers_of(frame["VALUE"], path=path, first_line=entity.first_line + 1, column="VALUE")
    twice = frame[key].filter(frame[key].is_duplicated()).unique(maintain_order=True)
    faults += [Fault("each feature once in a sample", path, column=key, value=name) for name in twice]
    if faults:
        raise SourceError(f"sample {entity.accession} cannot be read", where=path, faults=faults)
    return _Sample(entity, frame[key], values, detection_column(frame))


def _joined(samples: Sequence[_Sample]) -> tuple[np.ndarray, pl.DataFrame, np.ndarray | None]:
    """Matrix of samples that may have different features: what a sample lacks is NaN."""
    ids = (
        pl.concat([sample.ids for sample in samples]).unique(maintain_order=True)
        if samples
        else pl.Series([], dtype=pl.String)
    )
    features = pl.DataFrame({"feature": ids})
    place = features.with_row_index("_place")
    values = np.full((len(samples), len(ids)), np.nan)
    known = [sample for sample in samples if len(sample.ids)]
    has_calls = bool(known) and all(sample.detected is not None for sample in known)
    detected = np.zeros(values.shape, dtype=np.bool_) if has_calls else None
    for row, sample in enumerate(samples):
        columns = (
            pl.DataFrame({"feature": sample.ids}).join(place, on="feature", maintain_order="left")["_place"].to_numpy()
        )
        values[row, columns] = sample.values
        if detected is not None and sample.detected is not None:
            detected[row, columns] = sample.detected
    return values, features, detected


def _annotated(features: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Features with what the platform says of them."""
    names = {name: name.strip().lower().replace(" ", "_") for name in table.columns[1:]}
    names = {name: f"{ours}_" if ours == "feature" else ours for name, ours in names.items()}
    if len(set(names.values())) < len(names):
        names = {name: name for name in names}
    labels = table.rename({table.columns[0]: "feature", **names}).unique("feature", keep="first", maintain_order=True)
    return features.join(labels, on="feature", how="left", maintain_order="left")


def _dataset(dataset: _Entity, subsets: Sequence[_Entity], path: str | Path) -> dict[str, Expression]:
    """Expression of a curated dataset, whose subsets describe the samples."""
    if not dataset.rows:
        raise SourceError("dataset has no table", where=path, next_step="Download the full SOFT file of the dataset.")
    frame = frame_of(dataset.rows, path=path, first_line=dataset.first_line)
    names = [name for name in frame.columns if name not in ("ID_REF", "IDENTIFIER")]
    columns, faults = [], []
    for name in names:
        values, bad = numbers_of(frame[name], path=path, first_line=dataset.first_line + 1, column=name)
        columns.append(values)
        faults += bad
    if faults:
        raise SourceError("dataset cannot be read", where=path, faults=faults)
    described: dict[str, dict[str, list[str]]] = {name: {"characteristics_ch1": []} for name in names}
    for subset in subsets:
        kind = (subset.attributes.get("type") or ["group"])[0]
        for name in ",".join(subset.attributes.get("sample_id", [])).split(","):
            if name.strip() in described:
                text = f"{kind}: {(subset.attributes.get('description') or [''])[0]}"
                described[name.strip()]["characteristics_ch1"].append(text)
    features = frame.select(
        pl.col("ID_REF").alias("feature"), *(["IDENTIFIER"] if "IDENTIFIER" in frame.columns else [])
    ).rename({"IDENTIFIER": "identifier"}, strict=False)
    samples = samples_table(list(described.values()), names)
    platform = (dataset.attributes.get("platform") or [""])[0]
    values = np.stack(columns) if columns else np.zeros((0, frame.height))
    return {platform: Expression(values, samples, features)}
