"""Every name of miRBase by its lower-case form: which molecule it meant, in which releases."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

import polars as pl

from sensitome.io.mirbase import Mirbase

__all__ = ["NameIndex", "Naming", "index_names", "release_order"]

#: How the word for all releases that a source does not date begins.
UNDATED = "before "


@dataclass(frozen=True)
class Naming:
    """One name of one molecule.

    Parameters
    ----------
    name : as miRBase spells it
    accession : MIMAT… or MI…
    releases : bit i is set where release i of the index uses the name
    sequences : sequence in each release that has one, by the number of the release
    """

    name: str
    accession: str
    releases: int
    sequences: dict[int, str]


@dataclass(frozen=True)
class NameIndex:
    """miRBase, ready to be asked.

    Parameters
    ----------
    releases : in order of time; the first is "before …" where the source has undated names
    matures, precursors : lower-case name → what it meant
    by_accession : accession → every name it had
    matures_of : accession of a precursor → accessions of its mature miRNAs
    arms : lower-case name without its arm → names of the arms (``-5p``, ``-3p``, ``*``)
    families : lower-case name without letters, copies and arm → names of the members
    dead : accession → (name, forward, comment) as miRBase tells them
    """

    releases: tuple[str, ...]
    matures: dict[str, list[Naming]]
    precursors: dict[str, list[Naming]]
    by_accession: dict[str, list[Naming]]
    matures_of: dict[str, tuple[str, ...]]
    arms: dict[str, list[Naming]] = field(default_factory=dict)
    families: dict[str, list[Naming]] = field(default_factory=dict)
    dead: dict[str, tuple[str | None, str | None, str | None]] = field(default_factory=dict)

    def spoken(self, releases: int) -> str:
        """Releases in words: ``6–9.2 and 10.1``."""
        numbers = [i for i in range(len(self.releases)) if releases >> i & 1]
        runs: list[list[int]] = []
        for number in numbers:
            if runs and number == runs[-1][1] + 1 and not self.releases[runs[-1][1]].startswith(UNDATED):
                runs[-1][1] = number
            else:
                runs.append([number, number])
        words = [
            self.releases[first] if first == last else f"{self.releases[first]}–{self.releases[last]}"
            for first, last in runs
        ]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def release_order(release: str) -> tuple[int, ...]:
    """Sorting key of a release.

    >>> sorted(["10", "9.2", "10.1", "6"], key=release_order)
    ['6', '9.2', '10', '10.1']
    """
    return tuple(int(part) for part in re.findall(r"\d+", release))


def index_names(base: Mirbase) -> NameIndex:
    """Index of all names that miRBase ever gave."""
    told = {*base.matures["version"].drop_nulls().to_list(), *base.precursors["version"].drop_nulls().to_list()}
    releases = sorted(told, key=release_order)
    if base.matures["version"].null_count() or base.precursors["version"].null_count():
        releases = [f"{UNDATED}{releases[0] if releases else 'today'}", *releases]
    number = {release: i for i, release in enumerate(releases)}
    matures = _namings(base.matures, number)
    precursors = _namings(base.precursors.with_columns(pl.lit(None, pl.String).alias("sequence")), number)
    by_accession = defaultdict(list)
    for naming in (*matures, *precursors):
        by_accession[naming.accession].append(naming)
    products = base.precursors.drop_nulls("mature").select("accession", "mature").unique(maintain_order=True)
    of = products.group_by("accession", maintain_order=True).agg("mature").rows()
    return NameIndex(
        releases=tuple(releases),
        matures=_by_key(matures),
        precursors=_by_key(precursors),
        by_accession=dict(by_accession),
        matures_of={accession: tuple(mature) for accession, mature in of},
        arms=_by_stem(matures, r"(-[35]p|\*)$"),
        families=_by_stem(matures, r"(?<=\d)[a-z]{0,2}(-\d+)?(-[35]p|\*)?$"),
        dead={accession: (name, forward, comment) for accession, name, forward, comment in base.dead.rows()},
    )


def _namings(frame: pl.DataFrame, number: dict[str, int]) -> list[Naming]:
    found: dict[tuple[str, str], tuple[int, dict[int, str]]] = {}
    rows = frame.select("name", "accession", "version", "sequence").unique(maintain_order=True).rows()
    for name, accession, version, sequence in rows:
        bit = 0 if version is None else number[version]
        releases, sequences = found.setdefault((name, accession), (0, {}))
        if sequence is not None:
            sequences[bit] = sequence
        found[name, accession] = (releases | 1 << bit, sequences)
    return [Naming(name, accession, *rest) for (name, accession), rest in found.items()]


def _by_key(namings: list[Naming]) -> dict[str, list[Naming]]:
    keyed = defaultdict(list)
    for naming in namings:
        keyed[naming.name.lower()].append(naming)
    return dict(keyed)


def _by_stem(namings: list[Naming], tail: str) -> dict[str, list[Naming]]:
    """Names by what is left when the pattern is cut off; names that have nothing to cut are left out."""
    pattern = re.compile(tail)
    stems = defaultdict(list)
    for naming in namings:
        key = naming.name.lower()
        stem = pattern.sub("", key, count=1)
        if stem != key:
            stems[stem].append(naming)
    return dict(stems)
