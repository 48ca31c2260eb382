"""A study folder to fill in: ``study.toml`` with every key explained, and example tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sensitome.errors import SourceError, listed
from sensitome.io.study_file import preset as preset_of
from sensitome.settings import PRESETS, Study

__all__ = ["study_template", "write_template"]

_EXAMPLES = {
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
    contents = {"study.toml": study_template(folder.resolve().name, preset=preset), **_EXAMPLES}
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

    Raises
    ------
    SettingsError
        There is no such preset.
    """
    answers = preset_of(preset).model_dump(mode="json")
    head = (
        f'name = "{name}"\ntitle = "{name}"\n\n'
        f"# {PRESETS[preset]}.\n# Keys that start with # show the preset's answer; remove the # to choose another.\n"
        f'preset = "{preset}"\n'
    )
    inputs = (
        "\n[inputs]\n"
        + _explained("plates", Study.model_fields["inputs"].annotation)
        + 'plates = "plates.csv"\n'
        + _explained("library", Study.model_fields["inputs"].annotation)
        + 'library = "library.csv"\n'
        + _explained("reader", Study.model_fields["inputs"].annotation)
        + 'reader = "auto"\n'
        + _explained("expressed", Study.model_fields["inputs"].annotation)
        + 'expressed = "expressed.csv"\n'
    )
    treatments = (
        '\n[treatments]\n# The arm without drug.\nvehicle = "vehicle"\n'
        '\n# Arms that combine others.\n[treatments.combinations]\n# "drug A+drug B" = ["drug A", "drug B"]\n'
    )
    sections = [
        _section(section, answers.get(section, {}))
        for section in ("normalize", "score", "hits", "sensitization", "stability", "quality", "report")
    ]
    return head + inputs + treatments + "".join(sections)


def _section(name: str, answers: dict[str, Any]) -> str:
    """One section with every key as a comment."""
    model = Study.model_fields[name].annotation
    lines = [f"\n[{name}]\n"]
    for key, field in _fields(model).items():
        default = [] if field.is_required() else field.get_default(call_default_factory=True)
        lines.append(_explained(key, model) + f"# {key} = {_toml(answers.get(key, default))}\n")
    return "".join(lines)


def _explained(key: str, model: object) -> str:
    """Meaning of a key as comment lines."""
    meaning = _fields(model)[key].description or ""
    return f"# {re.sub(r'`+', '', meaning)}\n" if meaning else ""


def _fields(model: object) -> dict[str, Any]:
    """Fields of a settings class."""
    assert isinstance(model, type)  # noqa: S101 - every section of the study is a class
    assert issubclass(model, BaseModel)  # noqa: S101
    return dict(model.model_fields)


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(item)}' for key, item in value.items())}}}"
    return str(value)
