"""What is measured: designs of screens, methods, and how many screens of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.calling.cells import FIRST_SEED, Cell, Design
from benchmarks.calling.measurement import REPEATED
from benchmarks.calling.methods import METHODS, RULE, RULES

from sensitome.screen.simulation.scenarios import SCENARIOS

__all__ = ["STUDIES", "Study", "asked", "cells_of"]

SIZES = (0.25, 0.5, 0.75, 1.0, 1.5)
REPLICATES = (1, 2, 3)
#: From so many screens on the further studies are run, and not the two first alone.
FURTHER = 20


@dataclass(frozen=True)
class Study:
    """Designs of which the same methods are asked.

    Parameters
    ----------
    name : as it is asked for
    designs : what all seeds of a cell have in common
    methods : names of methods
    most : screens of each design at most; None = as many as asked for
    further : whether a short run leaves it out
    """

    name: str
    designs: tuple[Design, ...]
    methods: tuple[str, ...]
    most: int | None = None
    further: bool = True

    def cells(self, screens: int) -> Iterator[Cell]:
        """Seeds in the outer loop, so that a run that is stopped has some of every design."""
        number = screens if self.most is None else min(screens, self.most)
        for seed, (scenario, replicates, size, normalization, variant) in product(range(number), self.designs):
            yield Cell(scenario, replicates, size, normalization, FIRST_SEED + seed, variant)


def _designs(
    scenarios: Sequence[str] = ("main",),
    replicates: Sequence[int] = REPLICATES,
    *,
    sizes: Sequence[float] = (0.75,),
    normalizations: Sequence[str] = ("study",),
    variants: Sequence[str] = ("",),
) -> tuple[Design, ...]:
    every = product(scenarios, sizes, normalizations, variants, replicates)
    return tuple((scenario, count, size, how, variant) for scenario, size, how, variant, count in every)


#: Every study by its name.
STUDIES: Mapping[str, Study] = {
    study.name: study
    for study in (
        Study("sizes", _designs(sizes=SIZES), (*RULES, *METHODS), further=False),
        Study("nothing", _designs(("null",)), (*RULES, *METHODS), most=20, further=False),
        Study(
            "stress",
            _designs([name for name in SCENARIOS if name not in ("main", "null", "small")]),
            (RULE, "moderated-t", "mash", "heb"),
            most=20,
        ),
        Study(
            "normalizations",
            (
                *_designs(normalizations=("median", "b-score", "loess 0.5", "blup")),
                *_designs(sizes=(0.5,), replicates=(2,), normalizations=("median", "b-score", "loess 0.5", "blup")),
            ),
            (RULE, "moderated-t", "rank-product", "heb"),
            most=16,
        ),
        Study(
            "families",
            (
                *_designs(replicates=(1,), variants=("no families", "shuffled families")),
                *_designs(replicates=(2,), sizes=(0.5,), variants=("no families", "shuffled families")),
            ),
            ("heb",),
            most=20,
        ),
        Study("patterns", _designs(("main", "randpat", "null"), variants=("product patterns",)), ("heb",), most=20),
        Study(
            "repeated",
            _designs(replicates=(1,), sizes=(0.5, 0.75, 1.0), variants=(REPEATED,)),
            (*RULES, *METHODS),
            most=30,
        ),
    )
}


def cells_of(screens: int, names: Sequence[str] = ()) -> dict[str, list[Cell]]:
    """Cells of each study.

    Parameters
    ----------
    screens : seeds of every design; below 20, further studies are left out
    names : of studies; none = all of them
    """
    chosen = [study for study in STUDIES.values() if not names or study.name in names]
    return {study.name: list(study.cells(screens)) for study in chosen if screens >= FURTHER or not study.further}


def asked(methods: Sequence[str], words: str) -> tuple[str, ...]:
    """Those of the methods that are meant by words such as ``heb,mash`` or, for all but one, ``-heb``.

    >>> asked(("rule", "mash", "heb"), "-heb")
    ('rule', 'mash')
    """
    named = {word.strip() for word in words.split(",") if word.strip()}
    without = {word[1:] for word in named if word.startswith("-")}
    only = named - {f"-{word}" for word in without}
    return tuple(name for name in methods if name not in without and (not only or name in only))
