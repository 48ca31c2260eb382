"""Times and events of patients, as clinical files write them, made into typed endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from sensitome.errors import Caution, Fault
from sensitome.io.columns import fold
from sensitome.io.numbers import parse_numbers

__all__ = ["MEANINGS", "EndpointColumns", "read_endpoint"]

#: What a word of a status column can mean: an event of the endpoint's cause, one of another cause, none, or unknown.
MEANINGS = ("event", "other", "censored", "unknown")

_MISSING = {
    "",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "notavailable",
    "notapplicable",
    "unknown",
    "notreported",
    "notevaluated",
    "discrepancy",
    "completed",
}
_WORDS = {
    fold(word): meaning
    for meaning, words in {
        "event": "1,true,t,yes,y,dead,deceased,died,event,death,relapse,relapsed,recurred,recurrence,"
        "progressed,progression,recurred/progressed,died of disease,dead of disease,dead with tumor,d-d.s.,metastasis",
        "censored": "0,false,f,no,n,alive,living,censored,no event,disease free,diseasefree,not recurred,a,a.,"
        "alive or dead tumor free,lost to follow-up",
        "other": "died of other causes,dead of other causes,d-o.c.",
    }.items()
    for word in words.split(",")
}


@dataclass(frozen=True)
class EndpointColumns:
    """Where an endpoint stands in a clinical table.

    Parameters
    ----------
    name : of the endpoint, such as os
    time : column of the time
    status : column that says what happened at that time
    words : words of the status column → ``event``, ``other`` (another cause), ``censored`` or ``unknown``, beside those
        that are known anyway; cBioPortal's prefixes ``0:`` and ``1:`` are passed over
    """

    name: str
    time: str
    status: str
    words: Mapping[str, str] = field(default_factory=dict)


def read_endpoint(
    frame: pl.DataFrame, columns: EndpointColumns, *, file: str | Path
) -> tuple[pl.DataFrame, pl.DataFrame, list[Fault]]:
    """Make the typed columns of an endpoint.

    Parameters
    ----------
    frame : text cells, ``patient`` and ``line``
    columns : where the endpoint stands
    file : the file, as the user named it

    Returns
    -------
    typed : ``<name>_time`` (Float64), ``<name>_event`` (Boolean), ``<name>_cause`` (Int8: 0 censored, 1 the endpoint's
        cause, 2 another; only where another cause occurs), rows as in `frame`; null where the endpoint cannot be used
    left_out : ``patient``, ``line``, ``reason``, ``value``: one row per patient whose endpoint cannot be used
    faults : cells that are neither a number nor empty, words that are not known
    """
    time, bad_time = _times(frame, columns, file)
    cause, bad_words = _causes(frame, columns, file)
    reason = (
        pl.when(pl.col("_cause").is_null() & pl.col("_time").is_null())
        .then(pl.lit("neither time nor status"))
        .when(pl.col("_time").is_null())
        .then(pl.lit("status without time"))
        .when(pl.col("_cause").is_null())
        .then(pl.lit("time without status"))
        .when(pl.col("_time") < 0)
        .then(pl.lit("negative time"))
        .when(pl.col("_time") == 0)
        .then(pl.lit("time zero"))
    )
    found = frame.select("patient", "line", pl.col(columns.time).alias("value")).with_columns(
        time.alias("_time"), cause.alias("_cause")
    )
    found = found.with_columns(reason.alias("reason"))
    usable = pl.col("reason").is_null()
    name = columns.name
    typed = found.select(
        pl.when(usable).then("_time").alias(f"{name}_time"),
        pl.when(usable).then(pl.col("_cause") == 1).alias(f"{name}_event"),
        pl.when(usable).then("_cause").alias(f"{name}_cause"),
    )
    if not (cause == 2).any():
        typed = typed.drop(f"{name}_cause")
    left_out = found.filter(~usable).select("patient", "line", "reason", "value")
    return typed, left_out, [*bad_time, *bad_words]


def _times(frame: pl.DataFrame, columns: EndpointColumns, file: str | Path) -> tuple[pl.Series, list[Fault]]:
    cells = frame[columns.time].fill_null("").to_list()
    plain = ["" if fold(cell) in _MISSING else cell for cell in cells]
    values, bad, _ = parse_numbers(plain)
    faults = [
        Fault(
            "a time",
            file,
            int(frame["line"][row]),
            columns.time,
            cells[row],
            "Write it as a number, or leave it empty.",
        )
        for row in bad
    ]
    return pl.Series(values, dtype=pl.Float64).fill_nan(None), faults


def _causes(frame: pl.DataFrame, columns: EndpointColumns, file: str | Path) -> tuple[pl.Series, list[Fault]]:
    """0 censored, 1 the event, 2 another cause; null where nothing is said."""
    cells = frame[columns.status]
    words = {word: _word(word) for word in cells.drop_nulls().unique(maintain_order=True)}
    own = {fold(word): meaning for word, meaning in columns.words.items()}
    codes = _one_two(words.values(), own, columns, file)
    code = {"censored": 0, "event": 1, "other": 2}
    known: dict[str, int | None] = {}
    unknown = []
    for word, folded in words.items():
        meaning = own.get(folded, own.get(fold(word), codes.get(folded, _WORDS.get(folded))))
        if meaning is None and folded not in _MISSING:
            unknown.append(word)
        known[word] = code.get(meaning or "")
    faults = [
        Fault(
            "an event or none, such as 1 and 0, dead and alive, DECEASED and LIVING",
            file,
            line,
            columns.status,
            value,
            "Say in the settings what this word means.",
        )
        for line, value in frame.filter(cells.is_in(unknown)).select("line", columns.status).iter_rows()
    ]
    return cells.replace_strict(known, default=None, return_dtype=pl.Int8), faults


def _word(word: str) -> str:
    """Folded word without the prefix of newer cBioPortal files ("1:DECEASED") and without ".0"."""
    head, colon, tail = word.partition(":")
    if colon and head.strip() in ("0", "1") and tail.strip():
        word = tail
    return fold(word.strip().removesuffix(".0"))


def _one_two(
    words: Iterable[str], own: Mapping[str, str], columns: EndpointColumns, file: str | Path
) -> dict[str, str]:
    """Status coded 1 and 2, as in R's examples: 2 is the event."""
    import warnings

    told = {word for word in words if word not in _MISSING}
    if own or "2" not in told or not told <= {"1", "2"}:
        return {}
    warnings.warn(
        Caution(
            "status is coded 1 and 2",
            where=f"{file}, column {columns.status}",
            expected="0 and 1",
            next_step="2 was taken as the event and 1 as censored; say in the settings if it is otherwise.",
        ),
        stacklevel=5,
    )
    return {"1": "censored", "2": "event"}
