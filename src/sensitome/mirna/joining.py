"""Names of miRNAs from several tables, brought to one key: the accession, or the name as it is written."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from sensitome.io.mirbase import DEAD, PRECURSORS, Mirbase, merge_mirbase
from sensitome.mirna.name_index import NameIndex, index_names
from sensitome.mirna.names import resolve_names

__all__ = ["accessions_of", "as_prefixed", "index_of", "resolved"]

#: A species in front of a name, as "hsa-"; names without one are human.
_PREFIXED = r"^[a-z]{3,5}\d?-(?:[a-zA-Z]|\d)|^MI(?:MAT)?\d{7}$"
_BARE = r"(?i)^(?:let|mir)-"


def as_prefixed(names: pl.Series) -> pl.Series:
    """Names with a species in front.

    >>> as_prefixed(pl.Series(["let-7b", " hsa-miR-21", "hsv2-miR-H6", "MIMAT0000076"])).to_list()
    ['hsa-let-7b', 'hsa-miR-21', 'hsv2-miR-H6', 'MIMAT0000076']
    """
    name = pl.col("name").str.strip_chars()
    has_species = name.str.contains(_PREFIXED) & ~name.str.contains(_BARE)
    whole = pl.when(has_species).then(name).otherwise(pl.concat_str(pl.lit("hsa-"), name))
    frame = pl.DataFrame({"name": names.cast(pl.String)})
    return frame.select(whole.alias(names.name)).to_series()


def index_of(base: Mirbase | None, written: Iterable[str | None], *, own: Iterable[str] = ()) -> NameIndex:
    """Index by which names are compared.

    Parameters
    ----------
    base : names of miRBase; None compares names as they are written
    written : then each of these names is a molecule of its own
    own : names of the study's own molecules; those that miRBase does not know stand for themselves

    Returns
    -------
    The index
    """
    if base is None:
        return index_names(_as_written([*written, *own]))
    index = index_names(base)
    names = pl.Series("name", list(own), dtype=pl.String)
    if names.is_empty():
        return index
    unknown = resolved(names, index=index).filter(pl.col("status").cast(pl.String) == "unknown")["input"]
    return index if unknown.is_empty() else index_names(merge_mirbase(base, _as_written(unknown)))


def resolved(names: pl.Series, *, index: NameIndex) -> pl.DataFrame:
    """Every name with its status and accession, in order (`resolve_names`); ``input`` is the name as it was given."""
    found = resolve_names(as_prefixed(names).to_list(), base=index)
    return found.with_columns(names.cast(pl.String).alias("input"))


def accessions_of(names: pl.Series, *, index: NameIndex) -> pl.Series:
    """Accession of each name; a name that is not known, or that means several molecules, stands for itself.

    Parameters
    ----------
    names : (n,) String
    index : from `index_of`

    Returns
    -------
    (n,) String
    """
    found = resolve_names(as_prefixed(names).to_list(), base=index)
    return found.select(pl.coalesce("accession", "input").alias(names.name)).to_series()


def _as_written(names: Iterable[str | None]) -> Mirbase:
    """A base in which every name is a molecule of its own."""
    unique = as_prefixed(pl.Series("name", list(names), dtype=pl.String)).drop_nulls().unique(maintain_order=True)
    matures = pl.DataFrame({"name": unique, "accession": unique}).select(
        pl.lit("0").alias("version"), "name", "accession", pl.lit(None, pl.String).alias("sequence")
    )
    return Mirbase(matures, pl.DataFrame(schema=PRECURSORS), pl.DataFrame(schema=DEAD))
