"""Which miRNA of a cohort is which of the screen, when the two are named by different releases of miRBase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl

from sensitome.io.mirbase import Mirbase
from sensitome.mirna.name_index import NameIndex
from sensitome.mirna.names import resolve_names

__all__ = ["accessions", "same_mirnas"]

_PREFIXED = r"^[a-z]{3,5}-(?:[a-zA-Z]|\d)"


def accessions(names: pl.Series, base: Mirbase | NameIndex | None) -> pl.Series:
    """Accession of each name; without a base, and of names that it does not know, the name with its species in front.

    >>> accessions(pl.Series(["miR-1", "hsa-miR-2"]), None).to_list()
    ['hsa-miR-1', 'hsa-miR-2']
    """
    whole = pl.Series([name if re.match(_PREFIXED, name) else f"hsa-{name}" for name in names], dtype=pl.String)
    if base is None:
        return whole
    return resolve_names(whole, base=base).select(pl.coalesce("accession", "input"))["accession"]


def same_mirnas(asked: Iterable[str], measured: Sequence[str], base: Mirbase | None) -> dict[str, str]:
    """MiRNAs of the screen that a cohort measures: the name in the screen → the name in the cohort.

    Parameters
    ----------
    asked : names in the screen
    measured : names in the cohort
    base : names of miRBase; None compares names as they are written, with or without a species in front

    Returns
    -------
    A name that both use stands for itself; else molecules are compared, of which the cohort's first name counts

    >>> same_mirnas(["miR-1", "miR-9"], ["hsa-miR-1", "hsa-miR-2"], None)
    {'miR-1': 'hsa-miR-1'}
    """
    wanted = pl.Series(list(dict.fromkeys(asked)), dtype=pl.String)
    there = pl.Series(list(measured), dtype=pl.String)
    by_molecule = dict(zip(reversed(accessions(there, base).to_list()), reversed(there.to_list()), strict=True))
    exact = set(measured)
    found = {}
    for name, molecule in zip(wanted, accessions(wanted, base), strict=True):
        if name in exact:
            found[name] = name
        elif molecule in by_molecule:
            found[name] = by_molecule[molecule]
    return found
