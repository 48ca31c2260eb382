"""The Cancer Genome Atlas: its barcodes, its clinical forms with their follow-ups, its matrices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Fault, TableError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.clinical import build_cohort, missing_to_null
from sensitome.io.columns import raise_faults
from sensitome.io.endpoints import EndpointColumns
from sensitome.io.text import read_table
from sensitome.patients import Cohort, flow_row

__all__ = ["Barcode", "first_primary", "parse_barcode", "read_tcga_clinical"]

_BARCODE = re.compile(
    r"(?P<project>tcga)[-.](?P<site>[a-z0-9]{2})[-.](?P<number>[a-z0-9]{4})"
    r"(?:[-.](?P<kind>\d{2})(?P<vial>[a-z])?(?:[-.](?P<rest>.+))?)?",
    re.IGNORECASE,
)
#: Kinds of samples by their code: those that occur, others are passed through as numbers.
KINDS = {"01": "primary tumor", "02": "recurrent tumor", "06": "metastasis", "10": "blood", "11": "normal tissue"}
# Forms say the same things under names that end alike, whatever the form.
_LEAVES = {
    "vital": ("vital_status",),
    "death": ("days_to_death", "death_days_to"),
    "contact": ("days_to_last_followup", "days_to_last_follow_up", "days_to_last_contact", "last_contact_days_to"),
}
_PATIENT = ("bcr_patient_barcode", "submitter_id", "case_submitter_id", "patient", "_patient")


@dataclass(frozen=True)
class Barcode:
    """Parts of a barcode.

    Parameters
    ----------
    patient : as "TCGA-3C-AAAU"
    kind : two digits, "01" = primary tumor; "" where the barcode names a patient
    vial : letter; "" without
    rest : portion, plate and center, as given
    """

    patient: str
    kind: str
    vial: str
    rest: str

    @property
    def sample(self) -> str:
        """Patient and kind, as "TCGA-3C-AAAU-01"; the patient alone without a kind."""
        return f"{self.patient}-{self.kind}" if self.kind else self.patient


def parse_barcode(text: str) -> Barcode | None:
    """Parts of a barcode in any of its spellings; None when it is none.

    >>> parse_barcode("tcga.3c.aaau.01A.11R.A41G.13")
    Barcode(patient='TCGA-3C-AAAU', kind='01', vial='A', rest='11R.A41G.13')
    >>> parse_barcode("TCGA-3C-AAAU").sample
    'TCGA-3C-AAAU'
    """
    match = _BARCODE.fullmatch(text.strip())
    if match is None:
        return None
    patient = f"TCGA-{match['site']}-{match['number']}".upper()
    return Barcode(patient, match["kind"] or "", (match["vial"] or "").upper(), match["rest"] or "")


def first_primary(matrix: Expression, *, kind: str = "01") -> tuple[Expression, pl.DataFrame]:
    """One sample per patient: the first of a kind, renamed to its patient.

    Parameters
    ----------
    matrix : whose samples are barcodes
    kind : code of the kind of sample

    Returns
    -------
    matrix : ``sample`` is the patient, ``barcode`` what it was, in the order of the matrix
    left_out : ``sample``, ``reason``

    Raises
    ------
    TableError
        A sample is no barcode; all faults at once.
    """
    names = matrix.samples["sample"].cast(pl.String).to_list()
    found = [parse_barcode(name) for name in names]
    faults = [
        Fault("a TCGA barcode, as TCGA-3C-AAAU-01A", column="sample", value=name)
        for name, barcode in zip(names, found, strict=True)
        if barcode is None
    ]
    raise_faults("samples of the matrix", faults)
    kept, patients, left_out = [], [], []
    for row, (name, barcode) in enumerate(zip(names, found, strict=True)):
        if barcode is None:
            continue
        if barcode.kind not in ("", kind):
            left_out.append(
                (name, f"{KINDS.get(barcode.kind, f'sample of kind {barcode.kind}')}, not {KINDS.get(kind, kind)}")
            )
        elif barcode.patient in patients:
            left_out.append((name, "further sample of the same patient"))
        else:
            kept.append(row)
            patients.append(barcode.patient)
    part = matrix.take(samples=kept)
    samples = part.samples.rename({"sample": "barcode"}).insert_column(
        0, pl.Series("sample", patients, dtype=pl.String)
    )
    answer = Expression(part.values, samples, part.features, part.detected)
    return answer, pl.DataFrame(left_out, schema={"sample": pl.String, "reason": pl.String}, orient="row")


def read_tcga_clinical(path: str | Path, *, columns: Mapping[str, str] | None = None, name: str = "TCGA") -> Cohort:
    """Read the clinical forms of a TCGA cohort, follow-ups included.

    Parameters
    ----------
    path : one row per patient; columns of the first form and of follow-ups, whatever leads their names
        (``patient.follow_ups.follow_up-2.days_to_death``)
    columns : our name → column of the file, such as ``{"her2_status": "patient.lab_proc_her2_…"}``; others keep the
        last part of their names
    name : of the cohort

    Returns
    -------
    Cohort with the endpoint ``os`` in days: a patient is dead when any form says so, at the latest day of death; else
        alive at the latest contact. Barcodes of patients in capitals

    Raises
    ------
    SourceError
        The file cannot be read.
    TableError
        No column of patients or of vital status; a patient twice; no barcode.
    """
    frame = missing_to_null(read_table(path))
    key = next((column for leaf in _PATIENT for column in frame.columns if _leaf(column) == leaf), None)
    forms = {what: [c for c in frame.columns if _leaf(c) in leaves] for what, leaves in _LEAVES.items()}
    there = listed((column for column in frame.columns if column != "line"), last="and", most=6)
    faults = [] if key else [Fault(f"a column of patients, such as bcr_patient_barcode (there is {there})", path)]
    faults += [] if forms["vital"] else [Fault("a column vital_status", path)]
    wanted = dict(columns or {})
    faults += [
        Fault(f"column {theirs!r} is missing", path) for theirs in wanted.values() if theirs not in frame.columns
    ]
    raise_faults("clinical forms", faults)
    patient, wrong = _patients(frame, str(key), path)
    raise_faults("clinical forms", wrong, kind=TableError)
    used = {str(key), *(column for group in forms.values() for column in group)}
    others = {theirs: ours for ours, theirs in wanted.items()}
    names: dict[str, str] = dict(others)
    for column in frame.columns:
        leaf = _leaf(column)
        if column not in used and column not in names and column != "line" and leaf not in names.values():
            names[column] = leaf
    merged = (
        frame.select(list(names))
        .rename(names)
        .with_columns(patient.alias("patient"), patient.alias("sample"), frame["line"], *_overall(frame, forms))
    )
    only_later = _only_later(frame, forms)
    cohort = build_cohort(
        merged, endpoints=[EndpointColumns("os", "os_days", "os_status")], file=path, name=name, time_unit="days"
    )
    flow = [
        flow_row("clinical forms", f"deaths that only follow-up forms tell: {only_later}", [], kept=frame.height),
        cohort.flow,
    ]
    return Cohort(name, cohort.clinical, cohort.endpoints, flow=pl.concat(flow), time_unit="days")


def _leaf(column: str) -> str:
    """Last part of a dotted name, lower case."""
    return column.rpartition(".")[2].strip().lower()


def _patients(frame: pl.DataFrame, key: str, path: str | Path) -> tuple[pl.Series, list[Fault]]:
    found, faults, seen = [], [], dict[str, int]()
    for text, line in frame.select(pl.col(key).fill_null(""), "line").iter_rows():
        barcode = parse_barcode(text)
        if barcode is None:
            faults.append(Fault("a TCGA barcode, as TCGA-3C-AAAU", path, line, key, text))
            continue
        if barcode.patient in seen:
            faults.append(Fault(f"each patient once (first in line {seen[barcode.patient]})", path, line, key, text))
        seen.setdefault(barcode.patient, line)
        found.append(barcode.patient)
    return pl.Series("patient", found if not faults else [None] * frame.height, dtype=pl.String), faults


def _overall(frame: pl.DataFrame, forms: Mapping[str, list[str]]) -> tuple[pl.Series, pl.Series]:
    """Status and days over all forms, as text."""
    dead = np.zeros(frame.height, dtype=np.bool_)
    said = np.zeros(frame.height, dtype=np.bool_)
    for column in forms["vital"]:
        word = frame[column].str.to_lowercase()
        dead |= word.is_in(["dead", "deceased"]).fill_null(False).to_numpy()
        said |= word.is_not_null().to_numpy()
    days = {what: _latest(frame, forms[what]) for what in ("death", "contact")}
    # Where no form has the day of a death, the last contact would make it too early: it stays missing.
    time = np.where(dead, days["death"], days["contact"])
    words = ["dead" if is_dead else "alive" if is_said else None for is_dead, is_said in zip(dead, said, strict=True)]
    return pl.Series("os_status", words, dtype=pl.String), pl.Series("os_days", time).fill_nan(None).cast(pl.String)


def _latest(frame: pl.DataFrame, columns: list[str]) -> np.ndarray:
    """Largest number of each row; NaN without one."""
    if not columns:
        return np.full(frame.height, np.nan)
    numbers = frame.select(pl.max_horizontal(pl.col(columns).cast(pl.Float64, strict=False)))
    return numbers.to_series().fill_null(float("nan")).to_numpy()


def _only_later(frame: pl.DataFrame, forms: Mapping[str, list[str]]) -> int:
    """Deaths with a day that follow-up forms tell and the first form does not."""
    first = min(forms["vital"], key=len)
    dead = [frame[column].str.to_lowercase().is_in(["dead", "deceased"]).fill_null(False) for column in forms["vital"]]
    told = np.any(dead, axis=0) & ~np.isnan(_latest(frame, forms["death"]))
    return int((told & ~dead[forms["vital"].index(first)].to_numpy()).sum())
