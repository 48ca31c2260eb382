"""Where every number comes from: versions, inputs, settings, seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from sensitome.charts.data import named, plural
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build", "toml_text"]

#: Titles of blocks that are named in a sentence; the table has all.
MOST_BLOCKS = 8


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Versions, inputs with their checksums, stages, and the settings as TOML."""
    inputs = list(manifest.get("inputs") or ())
    data = {}
    if inputs:
        frame = pl.DataFrame(
            {key: [row.get(key) for row in inputs] for key in ("file", "bytes", "sha256", "taken")}
            | {"left": ["; ".join(row.get("left") or ()) for row in inputs]},
            schema={"file": pl.String, "bytes": pl.Int64, "sha256": pl.String, "taken": pl.String, "left": pl.String},
        )
        columns: dict[str, Column] = {
            "file": ("file", None, ""),
            "bytes": ("bytes", 0, ""),
            "sha256": ("sha256", None, "code"),
        }
        if frame["taken"].null_count() < frame.height:
            columns |= {"taken": ("block taken", None, "long"), "left": ("blocks left", None, "long")}
        data["inputs"] = column_table(frame, columns, caption="Input files and their checksums", name="inputs")
    study = manifest.get("study") or {}
    return {
        "data": data,
        "blocks": _blocks(inputs),
        "sensitome": manifest.get("sensitome"),
        "python": manifest.get("python"),
        "libraries": sorted((manifest.get("libraries") or {}).items()),
        "stages": list(manifest.get("stages") or ()),
        "tables": [(name, frame.height, frame.width) for name, frame in sorted(tables.items())],
        "settings": toml_text(study),
        "seed": manifest.get("seed", study.get("seed")),
    }


def _blocks(inputs: list[Mapping[str, Any]]) -> str:
    """Blocks of plate files that were not used, in one sentence; "" without any."""
    left: dict[str, int] = {}
    for row in inputs:
        for title in row.get("left") or ():
            left[title] = left.get(title, 0) + 1
    if not left:
        return ""
    told = [f"“{title}” ({plural(count, 'file')})" for title, count in left.items()]
    shown = told if len(told) <= MOST_BLOCKS else [*told[:MOST_BLOCKS], f"{len(told) - MOST_BLOCKS} more"]
    return f"Plate files have further blocks, which were not used: {named(shown)}."


def toml_text(values: Mapping[str, Any], *, prefix: str = "") -> str:
    """Write nested settings as TOML; null is written as nothing.

    >>> print(toml_text({"name": "a", "hits": {"k": 3.0, "kinds": ["x"]}}))
    name = "a"
    <BLANKLINE>
    [hits]
    k = 3.0
    kinds = ["x"]
    """
    plain = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if _is_plain(value)]
    blocks = ["\n".join(plain)] if plain else []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            name = f"{prefix}{_key(key)}"
            inner = toml_text(value, prefix=f"{name}.")
            if inner:
                own = any(_is_plain(item) for item in value.values())
                blocks.append(f"[{name}]\n{inner}" if own else inner)
    return "\n\n".join(blocks)


def _is_plain(value: object) -> bool:
    """Whether a value stands on its own line."""
    return value is not None and not isinstance(value, Mapping)


def _key(key: str) -> str:
    """A key, quoted when it must be."""
    return (
        key
        if key.replace("_", "").replace("-", "").isascii() and key.replace("_", "").replace("-", "").isalnum()
        else _value(key)
    )


def _value(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if ord(c) >= 32 else f"\\u{ord(c):04x}" for c in text) + '"'
