"""SQL over the tables of a run."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.errors import SourceError, listed
from sensitome.io.run_folder import RunFolder

__all__ = ["query_run"]


def query_run(results: str | Path, sql: str) -> pl.DataFrame:
    """Answer a query over the published tables of a run.

    Parameters
    ----------
    results : folder of the run
    sql : DuckDB SQL; the tables are named as in the data dictionary; files outside them cannot be read

    Raises
    ------
    SourceError
        The folder is not that of a run, or the query is not valid; the message names the tables that are there.
    """
    import duckdb

    tables = RunFolder(results).read_tables()
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table.to_arrow())
        connection.execute("SET enable_external_access = false")
        try:
            return pl.DataFrame(connection.sql(sql).to_arrow_table())
        except duckdb.Error as error:
            raise SourceError(
                "the query cannot be answered",
                found=_without_guess(str(error)),
                expected=f"SQL over the tables {listed(tables, last='and', most=20)}",
            ) from error


def _without_guess(message: str) -> str:
    """DuckDB's words without its guess of a name, which is one of its own catalog."""
    return message.split("\nDid you mean")[0].strip()
