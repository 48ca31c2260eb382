"""The top table of cellHTS2: every well of the library with its score, its replicates and its annotation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sensitome.errors import LayoutError, TableError, listed
from sensitome.frames import largest
from sensitome.plates import format_that_holds
from sensitome.tables import Wells

__all__ = ["top_table", "write_top_table"]

_WORDS = {
    "sample": "sample",
    "negative": "neg",
    "positive": "pos",
    "untreated": "untreated",
    "empty": "empty",
    "excluded": "other",
}
_NEEDED = ("library_plate", "well", "row", "column", "replicate", "role", "control_class", "signal")


def top_table(
    wells: pl.DataFrame, scores: pl.DataFrame, *, annotation: Sequence[str] | None = None, channel: int = 1
) -> pl.DataFrame:
    """Table of a scored screen in the form of cellHTS2.

    Parameters
    ----------
    wells : well table of one cell line under one treatment; with `normalized`, the normalized readings are in the
        table; what stands in empty wells is left out, as cellHTS2 does
    scores : table `scores` of the same, one row a reagent and position; columns `position` ("1:A03", several joined by
        ";") and `score`
    annotation : columns of `wells` that end the table; None takes its further columns, or `reagent` when it has none
    channel : number that the names of the columns carry

    Returns
    -------
    ``plate``, ``position`` (from 1, row by row), ``well``, ``score`` (2 decimals), ``wellAnno``, ``finalWellAnno``
    ("flagged" where a well that is not empty has no score), ``raw_r<replicate>_ch<channel>``, ``median_ch`` and, of
    two replicates, ``diff_ch`` (second − first), else ``average_ch``, ``raw/PlateMedian_r…`` (over the plate's sample
    wells, 3 significant digits), ``normalized_r…`` (3 decimals), the annotation. Sorted by the unrounded score, highest
    first, wells without one last; equal scores in the order of plates and positions.

    Raises
    ------
    TableError
        `wells` or `scores` lack a column.
    LayoutError
        `wells` hold several cell lines or treatments, or `scores` two scores for one position.

    References
    ----------
    Boutros, Brás & Huber 2006, doi:10.1186/gb-2006-7-7-r66; cellHTS2 2.70 `getTopTable`. Oracle: TopTable.txt of a
    public siRNA screen, equal in every printed digit (tests/io/test_top_table.py).
    """
    _check(wells, scores)
    filled = pl.col("role") != "empty"
    measured = [name for name in ("signal", "normalized") if name in wells.columns]
    wells = wells.with_columns(
        *(pl.when(filled).then(name).alias(name) for name in measured), _ratio().alias("_ratio"), _place()
    )
    # The library's layout is that of its first measured plate: replicates share it.
    layout = wells.sort("replicate").unique("_position", keep="first", maintain_order=True)
    table = layout.select(
        "_position",
        *_plate_and_position(layout),
        "well",
        pl.coalesce("control_class", pl.col("role").cast(pl.String).replace(_WORDS)).alias("wellAnno"),
    ).join(_scores_by_position(scores), on="_position", how="left")
    flagged = pl.col("score").is_null() & (pl.col("wellAnno") != "empty")
    table = table.with_columns(pl.when(flagged).then(pl.lit("flagged")).otherwise("wellAnno").alias("finalWellAnno"))
    blocks = [_wide(wells, "signal", f"raw_r{{}}_ch{channel}")]
    blocks.append(_summary(blocks[0], channel))
    blocks.append(_wide(wells, "_ratio", f"raw/PlateMedian_r{{}}_ch{channel}").with_columns(_significant(3)))
    if "normalized" in wells.columns:
        blocks.append(_wide(wells, "normalized", f"normalized_r{{}}_ch{channel}").with_columns(_rounded(3)))
    names = annotation if annotation is not None else _further(wells)
    blocks.append(layout.select("_position", *names))
    for block in blocks:
        table = table.join(block, on="_position", how="left")
    first = ["plate", "position", "well", "score", "wellAnno", "finalWellAnno"]
    ordered = table.sort("plate", "position").sort("score", descending=True, nulls_last=True, maintain_order=True)
    return ordered.select(*first, pl.exclude(*first, "_position")).with_columns(pl.col("score").round(2))


def write_top_table(
    wells: pl.DataFrame, scores: pl.DataFrame, path: str | Path, *, annotation: Sequence[str] | None = None
) -> None:
    """Write `top_table` as cellHTS2 does: tab-separated, numbers in up to 15 digits, "NA" for what is missing.

    Parameters and errors as `top_table`; `path` is replaced when it exists.
    """
    table = top_table(wells, scores, annotation=annotation)
    text = table.with_columns(
        # Adding zero takes the sign from a negative zero, which R does not print.
        pl.col(name).map_elements(lambda value: f"{value + 0.0:.15g}", return_dtype=pl.String)
        for name, dtype in table.schema.items()
        if dtype.is_float()
    )
    text.write_csv(path, separator="\t", null_value="NA", quote_style="never")


def _check(wells: pl.DataFrame, scores: pl.DataFrame) -> None:
    for name, frame, needed in (("wells", wells, _NEEDED), ("scores", scores, ("position", "score"))):
        missing = [column for column in needed if column not in frame.columns]
        if missing:
            raise TableError(
                f"table {name!r} lacks columns",
                found=f"columns {listed(frame.columns, last='and')}",
                expected=listed(missing, last="and"),
            )
    for column in ("cell_line", "treatment"):
        values = wells[column].unique().sort().to_list() if column in wells.columns else []
        if len(values) > 1:
            raise LayoutError(
                "a top table is of one cell line and one treatment",
                found=f"{column} {listed(values, last='and')}",
                next_step="Choose one of them with wells.filter(...).",
            )


def _place() -> pl.Expr:
    return pl.concat_str("library_plate", "well", separator=":").alias("_position")


def _ratio() -> pl.Expr:
    """Signal over the median of the sample wells of its plate."""
    plate = ["library_plate", "replicate"]
    read = pl.when(pl.col("role") != "empty").then("signal")
    return read / pl.when(pl.col("role") == "sample").then("signal").median().over(plate)


def _plate_and_position(layout: pl.DataFrame) -> list[pl.Expr]:
    numbered = layout["library_plate"].str.contains(r"^\d{1,9}$").all()
    columns = format_that_holds(int(largest(layout["row"]) or 1), int(largest(layout["column"]) or 1)).columns
    plate = pl.col("library_plate").cast(pl.Int64) if numbered else pl.col("library_plate")
    position = (pl.col("row").cast(pl.Int32) - 1) * columns + pl.col("column").cast(pl.Int32)
    return [plate.alias("plate"), position.alias("position")]


def _scores_by_position(scores: pl.DataFrame) -> pl.DataFrame:
    single = scores.select(pl.col("position").str.split(";").alias("_position"), "score").explode("_position")
    twice = single.filter(pl.col("_position").is_duplicated())["_position"].unique(maintain_order=True).to_list()
    if twice:
        raise LayoutError(
            "two scores for one position",
            where="table 'scores'",
            found=listed(twice, last="and"),
            next_step="Choose the scores of one cell line and one treatment.",
        )
    return single


def _wide(wells: pl.DataFrame, value: str, name: str) -> pl.DataFrame:
    """One column of this value for each replicate."""
    replicates = wells["replicate"].unique().sort().to_list()
    return wells.group_by("_position", maintain_order=True).agg(
        pl.col(value).filter(pl.col("replicate") == replicate).first().alias(name.format(replicate))
        for replicate in replicates
    )


def _summary(raw: pl.DataFrame, channel: int) -> pl.DataFrame:
    """Median over replicates, and the difference of two or the mean of more."""
    names = raw.columns[1:]
    if len(names) < 2:
        return raw.select("_position")
    values = pl.concat_list(names).list.drop_nulls()
    second = (
        (pl.col(names[1]) - pl.col(names[0])).alias(f"diff_ch{channel}")
        if len(names) == 2
        else values.list.mean().alias(f"average_ch{channel}")
    )
    return raw.select("_position", values.list.median().alias(f"median_ch{channel}"), second)


def _significant(digits: int) -> pl.Expr:
    return pl.exclude("_position").round_sig_figs(digits)


def _rounded(decimals: int) -> pl.Expr:
    return pl.exclude("_position").round(decimals)


def _further(wells: pl.DataFrame) -> list[str]:
    known = {*Wells.column_names(), "_ratio", "_position"}
    return [name for name in wells.columns if name not in known] or ["reagent"]
