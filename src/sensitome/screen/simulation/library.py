"""The library of a simulated screen: made-up miRNAs with seed families, and where everything lies on the plates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import LayoutError
from sensitome.plates import FORMATS, well_name
from sensitome.screen.simulation.settings import Design, ReagentKind

__all__ = ["CONTROLS", "library_layout", "simulate_expression", "simulate_reagents"]

#: Negative controls of Normann et al. 2021 and the reagents that each stands beside.
CONTROLS: tuple[tuple[str, str], ...] = (
    ("miRIDIAN microRNA Mimic Negative Control #1", "mimic"),
    ("miRIDIAN microRNA Mimic Negative Control #2", "mimic"),
    ("Pre-miR Negative Control #1", "mimic"),
    ("Pre-miR Negative Control #2", "mimic"),
    ("miRIDIAN microRNA Hairpin Inhibitor Negative Control #1", "inhibitor"),
    ("miScript Inhibitor Negative Control", "inhibitor"),
    ("Anti-miR Negative Control #1", "inhibitor"),
    ("Negative Control siRNA", "siRNA"),
    ("AllStars Negative Control siRNA", "siRNA"),
)
POSITIVE = ("AllStars Hs Cell Death Control siRNA", "siRNA")

_MARGIN = {96: 1, 384: 2, 1536: 4}
_WELLS = {96: (8, 4, 2), 384: (36, 8, 8), 1536: (144, 32, 32)}
_BASES = np.array(list("ACGU"))
_SEED = 7
_LENGTH = 22


def simulate_reagents(design: Design, *, rng: np.random.Generator) -> pl.DataFrame:
    """Made-up reagents: names, accessions, sequences and seed families.

    Reagents of different kinds with the same number aim at the same miRNA and carry its name, as mimics and inhibitors
    of one catalogue do. Members of a seed family share nucleotides 2–8 and differ elsewhere.

    Parameters
    ----------
    design : kinds and how many of each
    rng : chance

    Returns
    -------
    One row a reagent: reagent, kind, mimat, sequence, target, family (number, the same for mates), seed_family
    (nucleotides 2–8; null in kinds without families), library_plate ("L1", "L2", …)
    """
    number = max(kind.count for kind in design.kinds)
    with_families = [kind for kind in design.kinds if _has_families(kind)] or [design.kinds[0]]
    family = _families(with_families[0], rng=rng)
    family = np.concatenate([family, family.max(initial=-1) + 1 + np.arange(number - len(family))])
    sequences = _sequences(family, rng=rng)
    arms = rng.choice(["5p", "3p"], size=number)
    names = np.array([f"sim-miR-{i:04d}-{arm}" for i, arm in enumerate(arms, start=1)])
    mimat = np.array([f"SIMAT{i:07d}" for i in range(1, number + 1)])
    frames = []
    first_plate = 1
    for kind in design.kinds:
        own = np.arange(kind.count)
        plates = _library_plates(kind.count, design=design)
        shared = _has_families(kind)
        frames.append(
            pl.DataFrame(
                {
                    "reagent": names[own],
                    "kind": [kind.name] * kind.count,
                    "mimat": mimat[own],
                    "sequence": sequences[own],
                    "target": names[own],
                    "family": family[own] if shared else own,
                    "library_plate": [f"L{first_plate + i}" for i in rng.permutation(own * plates // kind.count)],
                }
            ).with_columns(pl.col("sequence").str.slice(1, _SEED).alias("seed_family") if shared else _NO_SEED)
        )
        first_plate += plates
    return pl.concat(frames)


_NO_SEED = pl.lit(None, pl.String).alias("seed_family")


def _has_families(kind: ReagentKind) -> bool:
    return any(size > 1 and share > 0 for size, share in kind.family_sizes.items())


def _families(kind: ReagentKind, *, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Number of the seed family of each reagent (count,); mates do not lie side by side."""
    sizes = np.array(sorted(kind.family_sizes))
    weights = np.array([kind.family_sizes[size] for size in sizes])
    drawn = rng.choice(sizes, size=kind.count, p=weights / weights.sum())
    return rng.permutation(np.repeat(np.arange(kind.count), drawn)[: kind.count])


def _sequences(family: npt.NDArray[np.int64], *, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Sequences of 22 nucleotides (reagents,): one seed a family, none twice."""
    codes = rng.choice(4**_SEED, size=family.max() + 1, replace=family.max() >= 4**_SEED)
    bases = rng.integers(0, 4, size=(len(family), _LENGTH))
    bases[:, 1 : 1 + _SEED] = codes[family][:, None] // 4 ** np.arange(_SEED) % 4
    return np.array(["".join(row) for row in _BASES[bases]])


def _library_area(design: Design) -> tuple[int, int]:
    """First and last column of the library, from 1."""
    margin = _MARGIN[design.plate_wells]
    return margin + 1, FORMATS[design.plate_wells].columns - margin


def _library_plates(count: int, *, design: Design) -> int:
    first, last = _library_area(design)
    return -(-count // (FORMATS[design.plate_wells].rows * (last - first + 1)))


def simulate_expression(
    targets: pl.Series, *, lines: tuple[str, ...], share: float, kept: float, rng: np.random.Generator
) -> pl.DataFrame:
    """Which targets untreated cells express.

    Parameters
    ----------
    targets : names; doubled ones count once
    lines : cell lines
    share : share of targets that a line expresses
    kept : chance that a line takes a target's common state instead of a draw of its own; its square is the
        correlation of two lines
    rng : chance

    Returns
    -------
    target, cell_line, expressed; targets in their order, lines within
    """
    names = targets.unique(maintain_order=True)
    shape = (len(names), len(lines))
    common = rng.random((len(names), 1)) < share
    expressed = np.where(rng.random(shape) < kept, common, rng.random(shape) < share)
    return pl.DataFrame(
        {
            "target": names.gather(np.repeat(np.arange(len(names)), len(lines))),
            "cell_line": list(lines) * len(names),
            "expressed": expressed.ravel(),
        }
    )


def library_layout(reagents: pl.DataFrame, *, design: Design, rng: np.random.Generator) -> pl.DataFrame:
    """Where every reagent and control lies: the same on all plates that a library plate is stamped onto.

    Reagents lie at random places between the control columns; the negative controls fill the inner control columns
    first, and positives and untreated wells follow in the outer ones.

    Parameters
    ----------
    reagents : result of `simulate_reagents`
    design : size of the plates and number of controls
    rng : chance

    Returns
    -------
    One row a well of each library plate, row by row: library_plate, well, row, column, reagent, kind, role,
    control_class, mimat, sequence, target, and index (row of `reagents`; −1 where there is none)

    Raises
    ------
    LayoutError
        The controls do not fit.
    """
    rows, columns = FORMATS[design.plate_wells].rows, FORMATS[design.plate_wells].columns
    first, last = _library_area(design)
    places = np.array([(row, column) for row in range(rows) for column in range(first - 1, last)])
    controls = _control_wells(design)
    frames = []
    for name, own in reagents.with_row_index("index").group_by("library_plate", maintain_order=True):
        spots = places[rng.choice(len(places), size=own.height, replace=False)]
        library = own.select(
            pl.lit(name[0]).alias("library_plate"),
            *(pl.Series(axis, spots[:, i] + 1, dtype=pl.Int16) for i, axis in enumerate(("row", "column"))),
            "reagent",
            "kind",
            pl.lit("sample").alias("role"),
            pl.lit(None, pl.String).alias("control_class"),
            "mimat",
            "sequence",
            "target",
            pl.col("index").cast(pl.Int64),
        )
        frames.append(pl.concat([library, controls.with_columns(library_plate=pl.lit(name[0]))], how="diagonal"))
    order = {name: i for i, name in enumerate(reagents["library_plate"].unique(maintain_order=True).to_list())}
    grid = pl.DataFrame({"library_plate": sorted(order, key=lambda name: int(name[1:]))}).join(
        pl.DataFrame(
            {"row": np.repeat(np.arange(1, rows + 1), columns), "column": np.tile(np.arange(1, columns + 1), rows)},
            schema={"row": pl.Int16, "column": pl.Int16},
        ),
        how="cross",
    )
    wells = [well_name(row + 1, column + 1) for row in range(rows) for column in range(columns)] * len(order)
    return (
        grid.with_columns(pl.Series("well", wells))
        .join(pl.concat(frames), on=["library_plate", "row", "column"], how="left", maintain_order="left")
        .with_columns(pl.col("role").fill_null("empty"), pl.col("index").fill_null(-1))
        .select("library_plate", "well", pl.exclude("library_plate", "well"))
    )


def _control_wells(design: Design) -> pl.DataFrame:
    """Control wells of every plate: row, column, reagent, kind, role, control_class."""
    usual = _WELLS[design.plate_wells]
    asked = (design.negatives, design.positives, design.untreated)
    counts = [given if given is not None else default for given, default in zip(asked, usual, strict=True)]
    spots = _control_spots(design)
    if sum(counts) > len(spots):
        raise LayoutError(
            "too many control wells",
            found=f"{counts[0]} negative, {counts[1]} positive and {counts[2]} untreated",
            expected=f"at most {len(spots)} in all on a plate of {design.plate_wells} wells",
            next_step="Take fewer, or a larger plate.",
        )
    names = [CONTROLS[i % len(CONTROLS)] for i in range(counts[0])] + [POSITIVE] * counts[1]
    roles = ["negative"] * counts[0] + ["positive"] * counts[1] + ["untreated"] * counts[2]
    empty = [None] * counts[2]
    return pl.DataFrame(
        {
            "row": [row + 1 for row, _ in spots[: sum(counts)]],
            "column": [column + 1 for _, column in spots[: sum(counts)]],
            "reagent": [name for name, _ in names] + empty,
            "kind": [kind for _, kind in names] + empty,
            "role": roles,
            "control_class": [kind for _, kind in names] + empty,
        },
        schema_overrides={"row": pl.Int16, "column": pl.Int16},
    )


def _control_spots(design: Design) -> list[tuple[int, int]]:
    """Places for controls, the best first: inner columns from both sides, then outer ones, spread over the rows."""
    rows, columns = FORMATS[design.plate_wells].rows, FORMATS[design.plate_wells].columns
    spots: list[tuple[int, int]] = []
    for step in range(_MARGIN[design.plate_wells], 0, -1):
        stride = 1 if step > 1 else rows // 4 + 1
        order = [row for start in range(stride) for row in range((rows // 4 - 1 + start) % rows, rows, stride)]
        order += [row for row in range(rows) if row not in order]
        spots += [(row, column) for row in order for column in (step - 1, columns - step)]
    return spots
