"""Picklists: what a liquid handler must move where to make the plates of a layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SettingsError, SourceError, TableError, listed
from sensitome.plates import parse_well, row_letters

__all__ = ["ECHO_DROP_NL", "echo_picklist", "janus_picklist", "transfers", "write_picklist"]

#: Volume of one drop of an Echo 550 or 555: every transfer is a whole number of them.
ECHO_DROP_NL = 2.5

_NEEDED = {
    "layout": ["library_plate", "well", "reagent"],
    "sources": ["reagent", "source_plate", "source_well"],
}


def transfers(
    layout: pl.DataFrame,
    *,
    sources: pl.DataFrame,
    volume_nl: float,
    plates: Mapping[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """One row for each movement of liquid from a source well to a well of a plate.

    Parameters
    ----------
    layout : library table: library_plate, well, reagent and, where names of reagents repeat, kind
    sources : reagent (and kind), source_plate, source_well; a reagent with several source wells is drawn from them in
        turn
    volume_nl : to move, nanoliters
    plates : library plate → the plates that are stamped with it; None = one plate of that name

    Returns
    -------
    source_plate, source_well, destination_plate, destination_well, volume_nl, reagent; sorted by source plate,
    destination plate and source well, as a handler works

    Raises
    ------
    TableError
        A column is missing, reagents have no source, or wells are none; all faults at once.
    SettingsError
        The volume is not positive.
    """
    _check_columns(layout, sources)
    if not volume_nl > 0:
        raise SettingsError("no volume to move", found=volume_nl, expected="more than 0 nanoliters")
    key = ["reagent", "kind"] if {"kind"} <= set(layout.columns) & set(sources.columns) else ["reagent"]
    wanted = layout.filter(pl.col("reagent").is_not_null()).select("library_plate", "well", *key)
    _check_wells(wanted, sources, key=key)
    made = {name: [name] for name in wanted["library_plate"].unique()} if plates is None else plates
    stamped = pl.DataFrame(
        [(name, plate) for name, copies in made.items() for plate in copies],
        schema={"library_plate": pl.String, "destination_plate": pl.String},
        orient="row",
    )
    wells = wanted.join(stamped, on="library_plate", how="inner").sort("destination_plate", "well", *key)
    turn = wells.with_columns(pl.int_range(pl.len()).over(key).alias("turn"))
    pools = (
        sources.unique([*key, "source_plate", "source_well"], maintain_order=True)
        .with_columns(order=pl.col("source_well").map_elements(_place, return_dtype=pl.Int64))
        .sort(*key, "source_plate", "order")
        .with_columns(pl.int_range(pl.len()).over(key).alias("slot"), pl.len().over(key).alias("slots"))
        .select(*key, "source_plate", "source_well", "slot", "slots")
    )
    slots = pools.select(*key, "slots").unique()
    drawn = turn.join(slots, on=key).with_columns(slot=pl.col("turn") % pl.col("slots")).drop("slots")
    moves = drawn.join(pools.drop("slots"), on=[*key, "slot"])
    ordered = moves.with_columns(order=pl.col("source_well").map_elements(_place, return_dtype=pl.Int64))
    return ordered.sort("source_plate", "destination_plate", "order", "well").select(
        "source_plate",
        "source_well",
        "destination_plate",
        pl.col("well").alias("destination_well"),
        pl.lit(float(volume_nl)).alias("volume_nl"),
        "reagent",
    )


def echo_picklist(moves: pl.DataFrame, *, source_type: str = "384PP_AQ_BP") -> pl.DataFrame:
    """Pick list of Echo Cherry Pick and Plate Reformat.

    Parameters
    ----------
    moves : from `transfers`
    source_type : plate type of the sources, which also names the liquid

    Returns
    -------
    Source Plate Name, Source Plate Type, Source Well, Destination Plate Name, Destination Well, Transfer Volume (nL),
    Sample Name; wells without leading zeros

    Raises
    ------
    SettingsError
        A volume is not a whole number of drops of 2.5 nL.
    """
    off = moves.filter(((pl.col("volume_nl") / ECHO_DROP_NL) % 1 - 0.5).abs() < 0.5 - 1e-9)
    if off.height:
        raise SettingsError(
            "an Echo moves whole drops",
            found=f"{off['volume_nl'][0]:g} nL",
            expected=f"a multiple of {ECHO_DROP_NL:g} nL",
        )
    return moves.select(
        pl.col("source_plate").alias("Source Plate Name"),
        pl.lit(source_type).alias("Source Plate Type"),
        _unpadded("source_well").alias("Source Well"),
        pl.col("destination_plate").alias("Destination Plate Name"),
        _unpadded("destination_well").alias("Destination Well"),
        pl.col("volume_nl").alias("Transfer Volume"),
        pl.col("reagent").alias("Sample Name"),
    )


def janus_picklist(moves: pl.DataFrame) -> pl.DataFrame:
    """CSV map for a Janus: WinPREP asks which column is which when it is read.

    Parameters
    ----------
    moves : from `transfers`

    Returns
    -------
    SourceRack, SourceWell, DestinationRack, DestinationWell, Volume (µL), Sample
    """
    return moves.select(
        pl.col("source_plate").alias("SourceRack"),
        _unpadded("source_well").alias("SourceWell"),
        pl.col("destination_plate").alias("DestinationRack"),
        _unpadded("destination_well").alias("DestinationWell"),
        (pl.col("volume_nl") / 1000).alias("Volume"),
        pl.col("reagent").alias("Sample"),
    )


def write_picklist(picklist: pl.DataFrame, path: str | Path) -> Path:
    """Write a picklist as CSV with commas and points, as the handlers read it.

    Raises
    ------
    SourceError
        The file cannot be written.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        picklist.write_csv(target, line_terminator="\r\n")
    except OSError as error:
        raise SourceError("the picklist cannot be written", where=str(target), found=str(error)) from error
    return target


def _check_columns(layout: pl.DataFrame, sources: pl.DataFrame) -> None:
    for name, frame in (("layout", layout), ("sources", sources)):
        missing = [column for column in _NEEDED[name] if column not in frame.columns]
        if missing:
            raise TableError(
                f"table {name!r} lacks columns",
                found=f"columns {listed(frame.columns, last='and')}",
                expected=listed(missing, last="and"),
            )


def _check_wells(wanted: pl.DataFrame, sources: pl.DataFrame, *, key: list[str]) -> None:
    """Every reagent has a source, and every well is one."""
    orphans = wanted.join(sources, on=key, how="anti").select(key).unique().sort(key)
    faults = [Fault("a source well", column="reagent", value=row[0]) for row in orphans.iter_rows()]
    for name, column, frame in (("layout", "well", wanted), ("sources", "source_well", sources)):
        wells = frame[column].unique().sort().drop_nulls()
        faults += [
            Fault(f'a well such as "A01" in table {name!r}', column=column, value=well)
            for well in wells
            if parse_well(well) is None
        ]
    if faults:
        raise TableError("transfers cannot be made", faults=faults, next_step="Complete the table of sources.")


def _place(well: str) -> int:
    """Position of a well along rows."""
    row, column = parse_well(well) or (0, 0)
    return row * 100 + column


def _unpadded(column: str) -> pl.Expr:
    """Write a well without leading zeros: A1."""
    return pl.col(column).map_elements(_short, return_dtype=pl.String)


def _short(well: str) -> str:
    row, number = parse_well(well) or (0, 0)
    return f"{row_letters(row)}{number}"
