"""Study folders of cBioPortal: clinical tables of patients and samples, matrices found through their meta files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from sensitome.errors import Caution, Fault, SourceError, TableError, listed, suggestion
from sensitome.io.clinical import build_cohort, missing_to_null
from sensitome.io.columns import raise_faults
from sensitome.io.endpoints import EndpointColumns
from sensitome.io.text import delimited_rows, read_text
from sensitome.io.wide_matrix import read_wide_matrix
from sensitome.patients import Cohort, flow_row

__all__ = ["read_case_list", "read_cbioportal", "read_clinical_file", "read_meta"]

_MATRIX_KINDS = {
    "mirna": ("MRNA_EXPRESSION", "MICRO_RNA_EXPRESSION"),
    "mrna": ("MRNA_EXPRESSION",),
    "protein": ("PROTEIN_LEVEL",),
}


def read_cbioportal(
    folder: str | Path,
    *,
    endpoints: Sequence[EndpointColumns] | None = None,
    matrices: Mapping[str, str] | None = None,
    roles: Sequence[str] = ("mirna", "mrna", "protein"),
    case_list: str | None = None,
    name: str = "",
) -> Cohort:
    """Read a cohort from a study folder.

    Parameters
    ----------
    folder : with ``meta_*.txt`` and ``data_*.txt`` files; where meta files are missing, clinical tables are known by
        ``data_clinical_patient`` and ``data_clinical_sample`` in their names
    endpoints : where each endpoint stands, columns in lower case; None takes every pair ``<X>_STATUS``, ``<X>_MONTHS``
        and, where ``VITAL_STATUS`` tells causes apart, breast cancer specific survival as ``bcss``
    matrices : ``mirna``, ``mrna`` or ``protein`` → stable id or name of a data file; None finds them by their meta
        files, continuous values before z-scores; {} reads none
    roles : which matrices are found by their meta files
    case_list : stable id of a list in ``case_lists/``, or a file: only these samples are kept
    name : of the cohort; the study's identifier without

    Returns
    -------
    Cohort; columns in lower case, typed as the file's own header says; one sample per patient, the first primary one

    Raises
    ------
    SourceError
        A file is missing, a Git LFS pointer or no text.
    TableError
        Rows of wrong length, patients twice in the patient table, faults of endpoints; all at once.

    Warns
    -----
    Caution
        Patients whose vital status contradicts the status of overall survival.
    """
    folder = Path(folder)
    metas = _metas(folder)
    patient_file = _clinical_file(folder, metas, "PATIENT_ATTRIBUTES", "data_clinical_patient")
    sample_file = _clinical_file(folder, metas, "SAMPLE_ATTRIBUTES", "data_clinical_sample")
    patients, samples = read_clinical_file(patient_file), read_clinical_file(sample_file)
    frame, flow = _joined(patients, samples, patient_file, sample_file)
    if case_list is not None:
        listed_samples = read_case_list(_case_file(folder, case_list))
        inside = pl.col("sample").is_in(listed_samples)
        gone = frame.filter(~inside)["patient"].to_list()
        frame = frame.filter(inside)
        flow.append(flow_row("case list", f"not in {case_list}", gone, kept=frame.height))
    study = metas.get("meta_study.txt", {})
    cohort = build_cohort(
        missing_to_null(frame),
        endpoints=_found_endpoints(frame) if endpoints is None else endpoints,
        file=patient_file,
        name=name or study.get("cancer_study_identifier", folder.name),
        flow=flow,
    )
    _caution_contradictions(cohort, patient_file)
    for role, file in _matrix_files(folder, metas, matrices, roles).items():
        cohort = cohort.with_matrix(role, read_wide_matrix(file))
    return cohort


def read_meta(path: str | Path) -> dict[str, str]:
    """Keys and values of a meta file; lines without a colon are passed over."""
    pairs = (line.split(":", 1) for line in read_text(path).split("\n") if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def read_case_list(path: str | Path) -> list[str]:
    """Samples of a case list.

    Raises
    ------
    SourceError
        The file names no samples.
    """
    ids = read_meta(path).get("case_list_ids", "").split()
    if not ids:
        raise SourceError("case list names no samples", where=path, expected="a line case_list_ids: with samples")
    return ids


def read_clinical_file(path: str | Path) -> pl.DataFrame:
    """Clinical table of patients or of samples.

    Parameters
    ----------
    path : tab-delimited, up to four lines of # with display names, descriptions, types and priorities, then attribute
        names

    Returns
    -------
    Attribute names in lower case, every cell as text, empty cells null; and ``line``

    Raises
    ------
    SourceError
        The file cannot be read, or has no header.
    TableError
        Rows of another length than the header, an attribute twice; all faults at once.
    """
    rows = [row for row in delimited_rows(read_text(path), delimiter="\t", path=path) if any(row[1])]
    body = [row for row in rows if not row[1][0].startswith("#")]
    if not body or len(body[0][1]) < 2:
        raise SourceError(
            "clinical table has no header",
            where=path,
            found=repr(body[0][1][0][:60]) if body else None,
            expected="attribute names between tabs, below lines of #",
        )
    (line, header), cells = body[0], body[1:]
    names = [name.strip().lower() for name in header]
    rule = f"{len(names)} cells, as in the header"
    faults = [
        Fault("each attribute once", path, line, name, name)
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    faults += [Fault(rule, path, at, "", f"{len(row)} cells") for at, row in cells if len(row) != len(names)]
    raise_faults("clinical table", faults)
    frame = pl.DataFrame([row for _, row in cells], schema=dict.fromkeys(names, pl.String), orient="row")
    lines = pl.Series("line", [at for at, _ in cells], dtype=pl.Int32)
    return frame.with_columns(pl.all().replace("", None)).with_columns(lines)


def _metas(folder: Path) -> dict[str, dict[str, str]]:
    """Every meta file of the study."""
    if not folder.is_dir():
        raise SourceError(
            "study folder not found", where=folder, next_step="Name the folder that holds the meta files."
        )
    found = {}
    for path in sorted(folder.glob("*meta_*.txt")):
        key = path.name[path.name.index("meta_") :]
        found[key] = read_meta(path)
    return found


def _clinical_file(folder: Path, metas: Mapping[str, Mapping[str, str]], kind: str, pattern: str) -> Path:
    for meta in metas.values():
        if meta.get("datatype") == kind and meta.get("data_filename"):
            return folder / meta["data_filename"]
    there = sorted(folder.glob(f"*{pattern}*"))
    if there:
        return there[0]
    raise SourceError(
        "study folder has no clinical table",
        where=folder,
        found=listed((path.name for path in sorted(folder.iterdir())), last="and", most=6),
        expected=f"a meta file of datatype {kind}, or a file with {pattern} in its name",
    )


def _joined(
    patients: pl.DataFrame, samples: pl.DataFrame, patient_file: Path, sample_file: Path
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """One row per patient with the first primary sample, and what was left out."""
    faults = []
    for frame, file, keys in (
        (patients, patient_file, ["patient_id"]),
        (samples, sample_file, ["patient_id", "sample_id"]),
    ):
        faults += [
            Fault(f"attribute {key.upper()} is missing (there is {listed(frame.columns, last='and', most=6)})", file)
            for key in keys
            if key not in frame.columns
        ]
    raise_faults("clinical tables", faults)
    twice = (
        patients.filter(pl.col("patient_id").is_duplicated()).group_by("patient_id", maintain_order=True).agg("line")
    )
    raise_faults(
        "clinical tables",
        [
            Fault(
                f"each patient once (lines {', '.join(map(str, lines))})", patient_file, lines[0], "PATIENT_ID", patient
            )
            for patient, lines in twice.iter_rows()
        ],
        kind=TableError,
    )
    primary = (
        pl.col("sample_type").str.to_lowercase().str.contains("primary")
        if "sample_type" in samples.columns
        else pl.lit(True)
    )
    ordered = samples.with_columns(primary.fill_null(False).alias("_primary")).sort(
        ~pl.col("_primary"), maintain_order=True
    )
    first = ordered.unique("patient_id", keep="first", maintain_order=True).drop("_primary", "line")
    shared = [name for name in first.columns if name in patients.columns and name != "patient_id"]
    frame = patients.join(first.drop(shared), on="patient_id", how="inner", maintain_order="left")
    lacking = patients.join(first, on="patient_id", how="anti", maintain_order="left")["patient_id"].to_list()
    further = ordered.filter(~pl.col("patient_id").is_first_distinct())["sample_id"].to_list()
    flow = [flow_row("clinical tables", "no sample", lacking, kept=frame.height)] if lacking else []
    if further:
        flow.append(flow_row("clinical tables", "further samples of the same patient", further, kept=frame.height))
    return frame.rename({"patient_id": "patient", "sample_id": "sample"}), flow


def _found_endpoints(frame: pl.DataFrame) -> list[EndpointColumns]:
    """Every pair of status and months, and the specific survival that a vital status tells."""
    columns = frame.columns
    found = [
        EndpointColumns(name.removesuffix("_status"), f"{name.removesuffix('_status')}_months", name)
        for name in columns
        if name.endswith("_status") and f"{name.removesuffix('_status')}_months" in columns
    ]
    known = {endpoint.name for endpoint in found}
    vital = frame["vital_status"].drop_nulls().unique().to_list() if "vital_status" in columns else []
    if "Died of Disease" in vital and "os_months" in columns and not {"bcss", "dss"} & known:
        found.append(EndpointColumns("bcss", "os_months", "vital_status"))
    return found


def _caution_contradictions(cohort: Cohort, file: Path) -> None:
    """Say where the vital status and the status of overall survival disagree; overall survival stands."""
    if not {"vital_status", "os_event"} <= set(cohort.clinical.columns):
        return
    word = pl.col("vital_status").cast(pl.String).str.to_lowercase()
    dead, alive = word.str.contains("^(dead|deceased|died)"), word.str.contains("^(alive|living)")
    wrong = cohort.clinical.filter((dead & ~pl.col("os_event")) | (alive & pl.col("os_event")))["patient"]
    if len(wrong):
        warnings.warn(
            Caution(
                "vital status and overall survival contradict each other",
                where=file,
                found=f"{len(wrong)} of {cohort.clinical.height} patients: {listed(wrong, last='and', most=5)}",
                next_step="The status of overall survival was taken.",
            ),
            stacklevel=3,
        )


def _case_file(folder: Path, case_list: str) -> Path:
    if Path(case_list).is_file():
        return Path(case_list)
    files = sorted((folder / "case_lists").glob("*.txt")) if (folder / "case_lists").is_dir() else []
    by_id = {read_meta(file).get("stable_id", file.stem): file for file in files}
    if case_list in by_id:
        return by_id[case_list]
    raise SourceError(
        "study has no such case list",
        where=folder / "case_lists",
        found=repr(case_list),
        expected=listed(by_id),
        next_step=suggestion(case_list, by_id),
    )


def _matrix_files(
    folder: Path, metas: Mapping[str, Mapping[str, str]], matrices: Mapping[str, str] | None, roles: Sequence[str]
) -> dict[str, Path]:
    """File of each matrix: as asked for, or as the meta files say."""
    by_id = {meta["stable_id"]: meta for meta in metas.values() if "stable_id" in meta and "data_filename" in meta}
    if matrices is not None:
        return {
            role: folder / by_id[wish]["data_filename"] if wish in by_id else folder / wish
            for role, wish in matrices.items()
        }
    found = {}
    for role in roles:
        kinds = _MATRIX_KINDS[role]
        fitting = [
            meta
            for stable_id, meta in by_id.items()
            if meta.get("genetic_alteration_type") in kinds
            and (role == "protein" or ("mirna" in stable_id.lower()) == (role == "mirna"))
        ]
        fitting.sort(key=lambda meta: meta.get("datatype") != "CONTINUOUS")
        if fitting and (folder / fitting[0]["data_filename"]).exists():
            found[role] = folder / fitting[0]["data_filename"]
    return found
