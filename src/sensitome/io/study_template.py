"""A study folder to fill in: ``study.toml`` with every key explained, and example tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sensitome.errors import SourceError, listed
from sensitome.io.study_file import preset as preset_of
from sensitome.settings import PRESETS, Inputs, Study

__all__ = ["study_template", "write_template"]

_TABLES = {
    "plates.csv": (
        "file,library_plate,cell_line,treatment,replicate,batch\n"
        "raw/KPL4_vehicle_L1_r1.csv,L1,KPL4,vehicle,1,day1\n"
        "raw/KPL4_drug_L1_r1.csv,L1,KPL4,drug,1,day1\n"
    ),
    "library.csv": (
        "library_plate,well,reagent,kind,role,control_class,target\n"
        "L1,A01,scrambled mimic,mimic,negative,mimic,\n"
        "L1,A02,cell death siRNA,siRNA,positive,siRNA,\n"
        "L1,A03,hsa-miR-101-5p mimic,mimic,sample,,hsa-miR-101-5p\n"
        "L1,A04,hsa-miR-361-5p inhibitor,inhibitor,sample,,hsa-miR-361-5p\n"
    ),
    "expressed.csv": "target,cell_line,expressed\nhsa-miR-101-5p,KPL4,yes\nhsa-miR-361-5p,KPL4,no\n",
}

#: Inputs of a first study.
_FIRST = {"plates": "plates.csv", "library": "library.csv", "reader": "auto", "expressed": "expressed.csv"}
#: Values that show what a key may say, where nothing holds without it.
_EXAMPLES: Mapping[str, Any] = {
    "inputs.wells": "wells.parquet",
    "inputs.cellhts2": "screen",
    "inputs.plateconf": "Plateconf.txt",
    "inputs.screenlog": "Screenlog.txt",
    "inputs.gene_ids": "GeneIDs.txt",
    "inputs.arrays": "arrays.csv",
    "inputs.targets": "targets.csv",
    "inputs.gene_sets": "gene_sets.gmt",
    "inputs.mirbase": "mirbase",
    "inputs.validation_plates": "validation_plates.csv",
    "inputs.validation_layout": "validation_layout.csv",
    "inputs.slides": "slides.csv",
    "inputs.spots": "spots.csv",
    "inputs.truth": "truth.csv",
    "inputs.block": "Results for CTG",
    "inputs.channel": "1",
    "inputs.sheet": "Plate 1",
    "inputs.columns": {"signal": "Luminescence"},
    "inputs.controls": {"scrambled mimic": "negative"},
    "inputs.roles": {"siScr": "negative"},
    "inputs.array_samples": "array_samples.csv",
    "inputs.array_flags": "array_flags.csv",
    "inputs.target_families": "miR_Family_Info.txt",
    "inputs.true_genes": "true_genes.csv",
    "sensitization.prior": "earlier.json",
    "expression.groups": {"all": ("KPL4", "SUM190PT")},
    "cohort.name": "METABRIC",
    "cohort.clinical": "cohort/clinical.csv",
    "cohort.folder": "brca_metabric",
    "cohort.mirna": "cohort/mirna.csv",
    "cohort.mrna": "cohort/mrna.csv",
    "cohort.subset": 'her2_status == "+"',
    "cohort.stage": "stage",
    "cohort.strata": "er_status",
    "cohort.until": 60.0,
    "cohort.subsets": {"ER negative": 'er_status == "-"'},
    "cohort.endpoints": "os",
    "cohort.endpoints.time": "os_months",
    "cohort.endpoints.status": "os_status",
    "cohort.endpoints.words": {"lost": "unknown"},
    "validation.control": "scrambled mimic",
}
#: Inputs that take the place of others, so that a study cannot have both.
_INSTEAD = (
    "inputs.wells", "inputs.cellhts2", "inputs.plateconf", "inputs.screenlog", "inputs.gene_ids", "cohort.folder",
)  # fmt: skip


def write_template(folder: str | Path, *, preset: str) -> list[Path]:
    """Write a study folder to fill in.

    Parameters
    ----------
    folder : made when it does not exist
    preset : which preset answers the questions of method

    Returns
    -------
    The files written

    Raises
    ------
    SourceError
        One of the files is already there; nothing is written.
    SettingsError
        There is no such preset.
    """
    folder = Path(folder)
    contents = {"study.toml": study_template(folder.resolve().name, preset=preset), **_TABLES}
    present = [name for name in contents if (folder / name).exists()]
    if present:
        raise SourceError(
            "the folder already has such files",
            where=str(folder),
            found=listed(present, last="and"),
            next_step="Choose another folder; nothing was written.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in contents]


def study_template(name: str, *, preset: str) -> str:
    """Text of a ``study.toml``: what must be filled in, then every key with its meaning and the preset's answer.

    Lines that start with # and a space explain; keys and sections that start with # alone are examples, which stand for
    what holds anyway, or for an input that the study may have.

    Raises
    ------
    SettingsError
        There is no such preset.
    """
    answers = preset_of(preset).model_dump(mode="json")
    # Sections that the preset leaves open show the answers of the paper.
    examples = preset_of("normann2021").model_dump(mode="json")
    head = (
        f"name = {_toml(name)}\ntitle = {_toml(name)}\n\n"
        f"# {PRESETS[preset][0].upper()}{PRESETS[preset][1:]}.\n"
        "# Keys that start with # show what holds without them, or name an input that a study may have. To choose\n"
        "# another answer or to add an input, remove the # before it, and before the [section] that it is in.\n"
        f'preset = "{preset}"\n'
    )
    treatments = (
        '\n[treatments]\n# The arm without drug.\nvehicle = "vehicle"\n'
        '\n# Arms that combine others.\n[treatments.combinations]\n#"drug A+drug B" = ["drug A", "drug B"]\n'
    )
    sections = [
        _section(section, field, answers=answers.get(section), examples=examples.get(section) or {})
        for section, field in Study.model_fields.items()
        if section not in ("inputs", "treatments") and _model(field.annotation) is not None
    ]
    return head + _inputs() + treatments + "".join(sections)


def _inputs() -> str:
    """The section of inputs: those of a first study are set, the others are examples."""
    lines = ["\n[inputs]\n"]
    for key, field in Inputs.model_fields.items():
        value = _FIRST.get(key, _EXAMPLES.get(f"inputs.{key}", _default(field)))
        lines.append(_key(key, field, value, is_set=key in _FIRST, is_instead=f"inputs.{key}" in _INSTEAD))
    return "".join(lines)


def _section(name: str, field: FieldInfo, *, answers: Mapping[str, Any] | None, examples: Mapping[str, Any]) -> str:
    """One section with every key as an example; a section that a study may lack is one too."""
    model = _model(field.annotation)
    assert model is not None  # noqa: S101 - the caller has asked
    is_many = get_origin(field.annotation) is dict
    meaning = _comment(field.description or model.__doc__ or "")
    if is_many:
        return f"\n{meaning}# Keys as those of [{name.removesuffix('s')}].\n"
    is_there = answers is not None or not _may_lack(field.annotation)
    lines = [f"\n{meaning if not is_there else ''}{'' if is_there else '#'}[{name}]\n"]
    tables = []
    for key, own in model.model_fields.items():
        place = f"{name}.{key}"
        if (inner := _model(own.annotation)) is not None:
            tables.append(_table(place, own, inner))
            continue
        answer = (answers or examples).get(key)
        value = _EXAMPLES.get(place, _default(own)) if answer is None or answer == {} else answer
        lines.append(_key(key, own, value, is_instead=place in _INSTEAD))
    return "".join([*lines, *tables])


def _table(place: str, field: FieldInfo, model: type[BaseModel]) -> str:
    """A table of tables, with one as an example."""
    lines = [f"\n{_comment(field.description or '')}#[{place}.{_EXAMPLES.get(place, 'NAME')}]\n"]
    for key, own in model.model_fields.items():
        lines.append(_key(key, own, _EXAMPLES.get(f"{place}.{key}", _default(own))))
    return "".join(lines)


def _key(key: str, field: FieldInfo, value: object, *, is_set: bool = False, is_instead: bool = False) -> str:
    """Meaning and value of a key; one that shuts others out stands in the explanation."""
    mark = "" if is_set else "# or: " if is_instead else "#"
    return f"{_comment(field.description or '')}{mark}{key} = {_toml(value)}\n"


def _comment(meaning: str) -> str:
    """Words as comment lines; signs of markup are left out."""
    words = re.sub(r"`+", "", " ".join(meaning.split()))
    lines = wrap(words, width=118, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _model(annotation: object) -> type[BaseModel] | None:
    """The settings class of a section, of one that may be lacking, or of a table of them; None for a plain value."""
    options = annotation if isinstance(annotation, type) else None
    for option in (options, *get_args(annotation)):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def _may_lack(annotation: object) -> bool:
    """Whether None is allowed."""
    return type(None) in get_args(annotation)


def _default(field: FieldInfo) -> object:
    """What holds without the key; where that is nothing, the first value that is allowed."""
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    if value is not None:
        return value
    options = _choices(field.annotation)
    return next((option for option in options if isinstance(option, str)), 1.0 if float in options else "…")


def _choices(annotation: object) -> list[object]:
    """Allowed words, and types, of an annotation."""
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return list(parts)
    return [choice for part in parts for choice in _choices(part)] if parts else [annotation]


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return str(value)
