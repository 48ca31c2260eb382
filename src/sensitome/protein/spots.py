"""Spots of slides joined with what they hold, and made comparable: background, flags, total protein, log2."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

import polars as pl

from sensitome.errors import Fault, LayoutError
from sensitome.frames import largest
from sensitome.io.gpr import Slide
from sensitome.protein.settings import ProteinSettings
from sensitome.protein.tables import Spots

__all__ = ["join_spots", "normalize_spots", "read_array"]

#: The end of GenePix IDs that a printer writes: source plate and well, "Dflt-320384-384-02-J9".
_SOURCE = re.compile(r"(?:^|[-_ ])0*(\w+)[-_ ]([A-Za-z]{1,2}\d{1,2})$")
_PLACE = ["block", "row", "column"]
#: Ids of places where nothing was printed.
_NOTHING = ["", "-", "empty", "blank", "none"]
#: Other lysates are printed for other ends: of killed cells, or of none.
_ROLES = ["sample", "negative"]
_PARTNER = ["set", "pad", *_PLACE]


def read_array(slides: pl.DataFrame, spot_map: pl.DataFrame) -> pl.DataFrame:
    """Read every slide of a list and say what its spots hold.

    Parameters
    ----------
    slides : from `spot_table.read_slides`
    spot_map : from `spot_table.read_spot_map`

    Returns
    -------
    As `join_spots`

    Warns
    -----
    Caution
        Spots of a slide are saturated.
    """
    from sensitome.io.gpr import read_gpr
    from sensitome.io.spot_table import read_spot_table

    read: dict[str, Slide] = {}
    wanted = slides.unique(["path", "foreground", "background"], maintain_order=True)
    for path, foreground, background in wanted.select("path", "foreground", "background").iter_rows():
        if ".gpr" in path.lower():
            slide = read_gpr(path, foreground=foreground, background=background)
        else:
            named = {"foreground": foreground, "background": background}
            slide = read_spot_table(path, columns={ours: theirs for ours, theirs in named.items() if theirs})
        read[f"{path}\0{foreground}\0{background}"] = slide
        for caution in slide.cautions(path):
            warnings.warn(caution, stacklevel=2)
    keyed = slides.with_columns(
        pl.concat_str(
            "path", pl.col("foreground").fill_null("None"), pl.col("background").fill_null("None"), separator="\0"
        ).alias("key")
    )
    return join_spots(keyed, spot_map, read=read)


def join_spots(slides: pl.DataFrame, spot_map: pl.DataFrame, *, read: Mapping[str, Slide]) -> pl.DataFrame:
    """Put the map of spots on the spots of every slide.

    Parameters
    ----------
    slides : columns slide, pad, pads, antibody, role, set and `key` (into `read`)
    spot_map : one row per spot of a pad, by id, by place, or by source plate and well
    read : the slides as they were read

    Returns
    -------
    One row per spot that holds a sample or a negative control: slide, pad, block (within the pad), row, column, id,
    antibody, stain, set, foreground, background, flag, saturated and the columns of the map

    Raises
    ------
    LayoutError
        The blocks of a slide cannot be shared among its pads; spots are not in the map. All faults at once.
    """
    faults: list[Fault] = []
    parts = []
    for row in slides.iter_rows(named=True):
        spots = read[row["key"]].spots
        blocks = int(largest(spots["block"]))
        if blocks % row["pads"]:
            faults.append(Fault(f"blocks in equal shares for {row['pads']} pads", row["slide"], value=blocks))
            continue
        size = blocks // row["pads"]
        own = spots.filter((pl.col("block") - 1) // size + 1 == row["pad"]).with_columns(
            ((pl.col("block") - 1) % size + 1).alias("block"),
            *(pl.lit(row[name]).alias(new) for name, new in _ABOUT.items()),
        )
        parts.append(own)
    if parts:
        joined, keys = _with_map(pl.concat(parts), spot_map)
        faults += _unmapped(joined, keys)
    if faults:
        raise LayoutError("slides and map of spots do not fit together", faults=faults)
    named = pl.col("reagent").is_not_null() & ~pl.col("reagent").str.to_lowercase().is_in(_NOTHING)
    return joined.filter(named & pl.col("role").is_in(_ROLES)).sort("slide", "pad", *_PLACE)


def normalize_spots(spots: pl.DataFrame, *, settings: ProteinSettings) -> pl.DataFrame:
    """Take away the background, leave out bad spots, divide by total protein and take log2.

    Parameters
    ----------
    spots : from `read_array` or `join_spots`
    settings : background, floor, flags, total protein

    Returns
    -------
    Table `spots`: the spots of detection slides with `log2` and, where that is null, the `reason`

    Raises
    ------
    LayoutError
        A pad has no total-protein partner in its set; all are named.

    Notes
    -----
    log2(signal) − log2(total protein), spot by spot at the same place of the same pad and set; as RPPanalyzer
    ``normalizeRPPA(method = "proteinDye", vals = "logged")``.
    """
    signal = _signal(settings)
    cleaned = spots.with_columns(signal.alias("_signal"), _reason(signal, settings).alias("reason")).with_columns(
        pl.when(pl.col("reason") == "").then(pl.col("_signal").log(2)).alias("log2")
    )
    detection = cleaned.filter(pl.col("stain") == "detection")
    if settings.total_protein == "divide":
        total = cleaned.filter(pl.col("stain") == "total_protein")
        _refuse_lone(detection, total)
        partner = total.group_by(_PARTNER).agg(pl.col("log2").mean().alias("total"))
        detection = detection.join(partner, on=_PARTNER, how="left", maintain_order="left").with_columns(
            (pl.col("log2") - pl.col("total")).alias("log2"),
            pl.when((pl.col("reason") == "") & pl.col("total").is_null())
            .then(pl.lit("no total protein at this spot"))
            .otherwise("reason")
            .alias("reason"),
        )
    extra = [name for name in ("source_plate", "well", "control_class") if name in detection.columns]
    return detection.select(*Spots.column_names(), *extra)


_ABOUT = {"slide": "slide", "pad": "pad", "antibody": "antibody", "role": "stain", "set": "set"}


def _with_map(spots: pl.DataFrame, spot_map: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Spots with the columns of the map, by the keys that the map has."""
    if "id" in spot_map.columns and spot_map["id"].null_count() < spot_map.height:
        keys = ["id"]
    elif set(_PLACE) <= set(spot_map.columns) and "well" not in spot_map.columns:
        keys = _PLACE
    else:
        keys = ["source_plate", "well"]
        spots = _sources(spots)
        spot_map = spot_map.with_columns(pl.col("source_plate").str.strip_chars_start("0"))
    own = [name for name in spot_map.columns if name in keys or name not in spots.columns]
    return spots.join(spot_map.select(own), on=keys, how="left", maintain_order="left"), keys


def _sources(spots: pl.DataFrame) -> pl.DataFrame:
    """Add source plate and well, as the printer wrote them into the id."""
    from sensitome.plates import parse_well, well_name

    found = {}
    for text in spots["id"].drop_nulls().unique().to_list():
        match = _SOURCE.search(text)
        spot = parse_well(match.group(2)) if match else None
        if match and spot:
            found[text] = (match.group(1), well_name(*spot))
    table = pl.DataFrame(
        [(text, *place) for text, place in found.items()], schema=["id", "source_plate", "well"], orient="row"
    ).cast(pl.String)
    return spots.join(table, on="id", how="left", maintain_order="left")


def _unmapped(joined: pl.DataFrame, keys: list[str]) -> list[Fault]:
    """Faults for spots that the map does not know, one for each slide; empty spots may be left out by an id of none."""
    shown = ~pl.col("id").fill_null("").str.to_lowercase().is_in(_NOTHING) if keys != _PLACE else pl.lit(True)
    lost = joined.filter(pl.col("reagent").is_null() & shown)
    faults = []
    for (slide,), own in lost.sort("slide", "pad", *_PLACE).group_by("slide", maintain_order=True):
        first = own.row(0, named=True)
        where = f"block {first['block']}, row {first['row']}, column {first['column']} of pad {first['pad']}"
        count = f"{own.height} spots not in the map, the first at {where}"
        name = f" (id {first['id']!r})" if first["id"] else ""
        faults.append(
            Fault(
                "every spot in the map",
                slide,
                value=f"{count}{name}",
                next_step='Give empty spots a row with reagent "empty".',
            )
        )
    return faults


def _signal(settings: ProteinSettings) -> pl.Expr:
    """Foreground minus background, lifted to the floor."""
    around = {
        "none": pl.lit(0.0),
        "local": pl.col("background").fill_null(0.0),
        "slide": pl.col("background").median().over("slide", "pad").fill_null(0.0),
    }[settings.background]
    signal = pl.col("foreground") - around
    return signal if settings.floor is None else pl.max_horizontal(signal, pl.lit(settings.floor))


def _reason(signal: pl.Expr, settings: ProteinSettings) -> pl.Expr:
    return (
        pl.when(pl.col("foreground").is_null())
        .then(pl.lit("no reading"))
        .when(pl.col("flag") < settings.lowest_flag)
        .then(pl.format("flag {}", "flag"))
        .when(signal <= 0)
        .then(pl.lit("not above the background"))
        .otherwise(pl.lit(""))
    )


def _refuse_lone(detection: pl.DataFrame, total: pl.DataFrame) -> None:
    """Raise for pads without a total-protein partner."""
    pads = detection.select("set", "pad", "slide", "antibody").unique()
    lone = pads.join(total.select("set", "pad").unique(), on=["set", "pad"], how="anti").sort("set", "slide", "pad")
    if lone.height:
        raise LayoutError(
            "slides have no total-protein partner",
            faults=[
                Fault(f"a total-protein slide with pad {pad} in set {group!r}", slide, value=antibody)
                for group, pad, slide, antibody in lone.select("set", "pad", "slide", "antibody").iter_rows()
            ],
            next_step='Add it to the list of slides, or set protein.total_protein = "none".',
        )
