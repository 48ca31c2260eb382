"""What was said of plates and with which program, in words."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural

__all__ = ["PARAGRAPHS"]


def _quality(tables: Tables, manifest: Manifest) -> str:
    """Verdicts on the plates."""
    plates = tables.get("plates")
    if plates is None or "quality" not in tables:
        return ""
    verdicts = dict(plates["verdict"].cast(pl.String).value_counts().rows())
    counts = named([f"{verdicts[word]} {word}" for word in ("pass", "warn", "fail") if word in verdicts])
    figures = tables["quality"].filter(pl.col("level") == "plate")["figure"].n_unique()
    return (
        f"Every plate was judged by {plural(figures, 'quality figure')} against fixed limits: {counts} "
        f"(of {plural(plates.height, 'plate')}). No plate was left out because of its verdict."
    )


def _software(tables: Tables, manifest: Manifest) -> str:
    """Program and versions."""
    version = manifest.get("sensitome")
    if not version:
        return ""
    study: dict[str, Any] = manifest.get("study") or {}
    text = f"The analysis was made with Sensitome {version}"
    if study.get("preset"):
        text += f", preset {study['preset']}"
        text += f" version {study['preset_version']}" if study.get("preset_version") else ""
    if manifest.get("python"):
        text += f", under Python {manifest['python']}"
    text += "."
    if manifest.get("seed") is not None:
        text += f" Random seed {manifest['seed']}."
    return text


#: Heading and writer, in the order of the page.
PARAGRAPHS = (("Quality", _quality), ("Software", _software))
