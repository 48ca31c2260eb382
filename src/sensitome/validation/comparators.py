"""What a reagent of the validation assay is compared with: the negative controls of its class, or all of them."""

from __future__ import annotations

import warnings
from collections.abc import Collection

import polars as pl

from sensitome.errors import Caution, listed
from sensitome.validation.settings import ValidationSettings

__all__ = ["ALL", "by_comparator", "control_class_of", "match_controls", "served_controls"]

#: The comparator of a kind of reagents without controls of its own.
ALL = "all controls"

_NEGATIVE = pl.col("role") == "negative"
_SAMPLE = pl.col("role") == "sample"


def control_class_of(columns: Collection[str]) -> pl.Expr:
    """Kind of reagents that a control belongs to: `control_class` where the layout has it, else its own kind."""
    kind = pl.col("kind").cast(pl.String)
    named = pl.col("control_class").cast(pl.String) if "control_class" in columns else pl.lit(None, pl.String)
    return pl.coalesce(named, kind).alias("control_class")


def match_controls(wells: pl.DataFrame, *, settings: ValidationSettings) -> pl.DataFrame:
    """Say of every reagent which negative controls it is compared with.

    Parameters
    ----------
    wells : from `validation_wells` or `normalize_validation`
    settings : `comparator`

    Returns
    -------
    The wells with `comparator`: of samples the class of controls, or `ALL`; of others null. With
    ``comparator="controls"`` a kind of reagents takes the controls of its class (`control_class`, whatever the case of
    its letters) where its cell line has several classes and that class lies beside the kind on every plate and in
    every arm and replicate.

    Warns
    -----
    Caution
        A class of controls lies beside its kind in some places and not in others.
    """
    kinds = wells.filter(_SAMPLE).select("cell_line", "kind").unique().sort("cell_line", "kind")
    found = [
        _comparator_of(wells.filter(pl.col("cell_line") == line), kind, settings) for line, kind in kinds.iter_rows()
    ]
    names = pl.Series("comparator", [name for name, _ in found], dtype=pl.String)
    partly = [f"{kind} in {line}" for (line, kind), (_, lacks) in zip(kinds.iter_rows(), found, strict=True) if lacks]
    if partly:
        warnings.warn(
            Caution(
                "negative controls of a class are missing on some plates of its reagents",
                found=listed(partly, last="and", most=3),
                expected="controls of the class beside its reagents, under each treatment and in each replicate",
                next_step="These reagents are compared with all negative controls together.",
            ),
            stacklevel=3,
        )
    about = kinds.with_columns(names, pl.lit("sample").alias("role"))
    return wells.join(about, on=["cell_line", "kind", "role"], how="left", maintain_order="left")


def by_comparator(wells: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Each comparator in use, with the samples that are held against it and its control wells.

    Parameters
    ----------
    wells : from `match_controls`; without a column `comparator` all controls together serve everybody
    """
    if "comparator" not in wells.columns:
        return [(ALL, wells)]
    names = wells.filter(_SAMPLE)["comparator"].unique().sort().to_list()
    return [(name, wells.filter((_SAMPLE & (pl.col("comparator") == name)) | _serves(name))) for name in names]


def served_controls(wells: pl.DataFrame) -> pl.DataFrame:
    """Control wells with the `comparator` that they are part of, once for each.

    Parameters
    ----------
    wells : from `match_controls`
    """
    parts = [own.filter(_NEGATIVE).with_columns(comparator=pl.lit(name)) for name, own in by_comparator(wells)]
    return pl.concat(parts) if parts else wells.filter(_NEGATIVE)


def _serves(name: str) -> pl.Expr:
    """Whether a well is a control of this comparator."""
    return _NEGATIVE if name == ALL else _NEGATIVE & (pl.col("control_class") == name)


def _comparator_of(wells: pl.DataFrame, kind: str, settings: ValidationSettings) -> tuple[str, bool]:
    """Comparator of one kind in one cell line, and whether its class is there and lacks somewhere."""
    read = wells.filter(pl.col("signal").is_not_null())
    control = read.filter(_NEGATIVE)
    classes = control["control_class"].unique().sort().to_list()
    own = next((name for name in classes if name is not None and name.casefold() == kind.casefold()), None)
    if settings.comparator != "controls" or own is None or len(classes) < 2:
        return ALL, False
    samples, mine = read.filter(_SAMPLE & (pl.col("kind") == kind)), control.filter(pl.col("control_class") == own)
    in_arm, on_plate = ["treatment", "replicate"], ["plate", "treatment"]
    lone = samples.join(mine, on=in_arm, how="anti").height
    # A plate without any control leans on those of its replicate, as it does without classes.
    beside = samples.join(control, on=on_plate, how="semi")
    lone += beside.join(mine, on=on_plate, how="anti").height
    return (ALL, True) if lone else (own, False)
