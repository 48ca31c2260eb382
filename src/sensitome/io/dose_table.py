"""Tables of dose matrices: two drugs, their doses, and what was left of the cells."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.errors import Fault, listed
from sensitome.io.columns import Column, empty_cells, name_columns, raise_faults, text_table, whole_numbers
from sensitome.io.numbers import parse_numbers
from sensitome.io.text import read_table

__all__ = ["read_dose_matrices"]

_COLUMNS: tuple[Column, ...] = (
    Column("block", ("block id", "matrix", "pair", "combination id")),
    Column("cell_line", ("cell line name", "cell")),
    Column("drug_one", ("drug row", "drug1", "drug a")),
    Column("drug_two", ("drug col", "drug2", "drug b")),
    Column("unit_one", ("conc r unit", "conc unit1", "conc unit", "dose unit", "unit")),
    Column("unit_two", ("conc c unit", "conc unit2")),
    Column("dose_one", ("conc r", "conc1", "dose1", "dose a"), required=True),
    Column("dose_two", ("conc c", "conc2", "dose2", "dose b"), required=True),
    Column("dose_three", ("conc3", "dose3")),
    Column("response", ("inhibition", "percent inhibition")),
    Column("viability", ("percent viability",)),
    Column("replicate", ("rep", "biological replicate")),
)
_NUMBERS = ("dose_one", "dose_two", "response")


def read_dose_matrices(path: str | Path) -> pl.DataFrame:
    """Read dose matrices as a long table, one row per pair of doses, as synergyfinder and its peers have them.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with ``dose_one`` and ``dose_two`` (0 = without) and ``response`` (percent
        inhibition) or ``viability`` (percent of the control); optional ``drug_one``, ``drug_two``, ``cell_line``,
        ``block`` (several matrices in one table), ``replicate`` (biological), and the units of the doses as
        ``unit_one`` and ``unit_two`` (one unit serves both). Without ``replicate`` the repeats of a pair of doses are
        numbered in their order

    Returns
    -------
    block, cell_line, drug_one, drug_two, unit_one, unit_two (String), dose_one, dose_two, response (Float64; percent
    inhibition), replicate (Int32). A block is one matrix: without names of their own they are called by the drugs, and
    by the cell line as well where there is one

    Raises
    ------
    SourceError, TableError
        The table cannot be read, lacks columns, has cells that are no numbers, or doses of a third drug; all faults at
        once.
    """
    frame = text_table(read_table(path))
    named, faults = name_columns(frame, _COLUMNS, file=path)
    if not faults and not {"response", "viability"} & set(named.columns):
        there = listed([name for name in frame.columns if name != "line"], last="and")
        faults = [Fault(f"a column response or viability (there is {there})", path)]
    raise_faults("dose matrices", faults)
    ours = "response" if "response" in named.columns else "viability"
    named = named.rename({ours: "response"})
    faults = empty_cells(named, _NUMBERS, file=path)
    absent = {"drug_one": "drug one", "drug_two": "drug two"}
    repeats = "replicate" not in named.columns
    named = named.with_columns(pl.lit(value).alias(name) for name, value in absent.items() if name not in named.columns)
    named = _with_blocks(named)
    for name in _NUMBERS:
        values, bad, _ = parse_numbers(named[name].fill_null("").to_list())
        faults += [Fault("a number", path, named["line"][i], name, named[name][i]) for i in bad if named[name][i]]
        named = named.with_columns(pl.Series(name, values, dtype=pl.Float64).fill_nan(None))
    if repeats:
        same = pl.int_range(pl.len()).over("block", "dose_one", "dose_two")
        named = named.with_columns((same + 1).cast(pl.String).alias("replicate"))
    named, wrong = whole_numbers(named, "replicate", file=path)
    wrong += _third_drug(named, path)
    raise_faults("dose matrices", sorted([*faults, *wrong], key=lambda fault: fault.line or 0))
    response = pl.col("response") if ours == "response" else (100.0 - pl.col("response")).alias("response")
    names = ("block", "cell_line", "drug_one", "drug_two", "unit_one", "unit_two", "dose_one", "dose_two")
    return named.select(*names, response, "replicate")


def _third_drug(named: pl.DataFrame, path: str | Path) -> list[Fault]:
    """A fault for the first row with a third drug: it is no replicate of the two others."""
    if "dose_three" not in named.columns:
        return []
    values, _, _ = parse_numbers(named["dose_three"].fill_null("0").to_list())
    first = next((place for place, dose in enumerate(values) if dose != 0), None)
    if first is None:
        return []
    step = "Keep the rows without the third drug, or name each of its doses as a matrix in the column block."
    return [
        Fault("no dose of a third drug", path, named["line"][first], "dose_three", named["dose_three"][first], step)
    ]


def _with_blocks(named: pl.DataFrame) -> pl.DataFrame:
    """Names of matrices, apart for each cell line, and units; null where the table does not say."""
    given = set(named.columns)
    if "unit_two" not in given and "unit_one" in given:
        named = named.with_columns(pl.col("unit_one").alias("unit_two"))
    silent = [name for name in ("cell_line", "unit_one", "unit_two") if name not in named.columns]
    named = named.with_columns(pl.lit(None, pl.String).alias(name) for name in silent)
    pair = pl.format("{} + {}", "drug_one", "drug_two")
    named = named.with_columns((pl.col("block") if "block" in given else pair).alias("block"))
    several = (pl.col("cell_line").n_unique().over("block") > 1) if "block" in given else pl.lit(True)
    with_line = pl.when(several & pl.col("cell_line").is_not_null()).then(pl.format("{}, {}", "block", "cell_line"))
    return named.with_columns(with_line.otherwise("block").alias("block"))
