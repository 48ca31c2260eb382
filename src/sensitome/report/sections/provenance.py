"""Where every number comes from: versions, inputs, settings, seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build", "toml_text"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Versions, inputs with their checksums, stages, and the settings as TOML."""
    inputs = list(manifest.get("inputs") or ())
    data = {}
    if inputs:
        frame = pl.DataFrame(
            {key: [row.get(key) for row in inputs] for key in ("file", "bytes", "sha256")},
            schema={"file": pl.String, "bytes": pl.Int64, "sha256": pl.String},
        )
        columns: dict[str, Column] = {
            "file": ("file", None, ""),
            "bytes": ("bytes", 0, ""),
            "sha256": ("sha256", None, "code"),
        }
        data["inputs"] = column_table(frame, columns, caption="Input files and their checksums", name="inputs")
    study = manifest.get("study") or {}
    return {
        "data": data,
        "sensitome": manifest.get("sensitome"),
        "python": manifest.get("python"),
        "libraries": sorted((manifest.get("libraries") or {}).items()),
        "stages": list(manifest.get("stages") or ()),
        "tables": [(name, frame.height, frame.width) for name, frame in sorted(tables.items())],
        "settings": toml_text(study),
        "seed": manifest.get("seed", study.get("seed")),
    }


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
