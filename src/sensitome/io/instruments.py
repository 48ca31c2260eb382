"""Plate readers of other makers, through allotropy and its common form for their exports (plate-reader ASM)."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from sensitome.errors import Fault, MissingExtraError, SourceError
from sensitome.io.readings import COLUMNS, Readings, locate_wells, take_channel
from sensitome.io.sources import read_bytes

__all__ = ["VENDORS", "asm_readings", "read_instrument"]

#: Readers of this kind: their name here, the name of allotropy's parser, and what they are.
VENDORS: Mapping[str, tuple[str, str]] = {
    "kaleido": ("REVVITY_KALEIDO", "Revvity (PerkinElmer) Kaleido: EnSight, VICTOR Nivo"),
    "bmg-mars": ("BMG_MARS", "BMG Labtech MARS: CLARIOstar, PHERAstar, FLUOstar"),
    "bmg-smart-control": ("BMG_LABTECH_SMART_CONTROL", "BMG Labtech Smart Control"),
    "tecan-magellan": ("TECAN_MAGELLAN", "Tecan Magellan"),
    "gen5": ("AGILENT_GEN5", "Agilent (BioTek) Gen5: Synergy, Cytation"),
    "softmax": ("MOLDEV_SOFTMAX_PRO", "Molecular Devices SoftMax Pro"),
    "skanit": ("THERMO_SKANIT", "Thermo Fisher SkanIt: Varioskan, Luminoskan"),
}

_KINDS = ("luminescence", "fluorescence", "absorbance")
_OVERFLOW = ("OVRFLW", "OVER", "Overflow", "+++")


def read_instrument(path: str | Path, *, vendor: str, channel: str | None = None) -> Readings:
    """Readings of an instrument's export through allotropy.

    Parameters
    ----------
    path : the file as the instrument's software writes it, with its own extension
    vendor : a key of `VENDORS`
    channel : the only channel to keep, by name or number; None keeps all

    Returns
    -------
    One row per measured well; `block` is the plate's identifier where there are several; with several measurements a
    well, `channel` is their kind and wavelength ("absorbance 485 nm"). Calculated results are left.

    Raises
    ------
    MissingExtraError
        allotropy is not installed.
    SourceError
        allotropy cannot read the file (its own words are given), or finds no reading of a well.
    """
    read_bytes(path)
    name, description = VENDORS[vendor]
    with warnings.catch_warnings():
        # Importing and running the parsers warns of their own dependencies, which a user cannot mend.
        warnings.simplefilter("ignore")
        document = _converted(path, vendor=vendor, name=name, description=description)
    return take_channel(asm_readings(document, path=path), channel, path=path)


def _converted(path: str | Path, *, vendor: str, name: str, description: str) -> Mapping[str, Any]:
    """Document that allotropy makes of a file."""
    try:
        from allotropy.parser_factory import Vendor
        from allotropy.to_allotrope import allotrope_from_file
    except ImportError as error:
        raise MissingExtraError(f"The reader {vendor!r}", extra="instruments", package="allotropy") from error
    try:
        document: Mapping[str, Any] = allotrope_from_file(str(path), Vendor[name])
    except Exception as error:
        # The parsers raise errors of many kinds on files that are not theirs; to a user they all say the same.
        raise SourceError(
            f"file cannot be read as an export of {description}",
            where=path,
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no further word'}",
            next_step="Choose another reader, or export a plate matrix or a long table and read that.",
        ) from error
    return document


def asm_readings(document: Mapping[str, Any], *, path: str | Path) -> Readings:
    """Readings of a plate-reader document in Allotrope's simple model (manifests plate-reader 2023/09 to 2025/03).

    Parameters
    ----------
    document : as allotropy returns it
    path : what messages call the file

    Raises
    ------
    SourceError
        No reading of a well, or wells that are not wells.
    """
    found = list(_measurements(document))
    if not found:
        raise SourceError(
            "no reading of a single well",
            where=path,
            expected="luminescence, fluorescence or absorbance, one value a well",
            next_step="Kinetic reads and spectra are not supported: export the endpoint.",
        )
    places = locate_wells(pl.Series([m["well"] for m in found], dtype=pl.String))
    faults = [
        Fault('a well such as "A01"', path, value=m["well"], next_step="Export with well positions.")
        for m, well in zip(found, places["well"], strict=True)
        if well is None
    ]
    named = zip(found, places["well"], strict=True)
    counts = Counter((m["plate"], m["channel"], well) for m, well in named if well is not None)
    faults += [
        Fault("one reading a well", path, value=f"{count} of {well}", next_step="Export the endpoint, not a kinetic.")
        for (_, _, well), count in counts.items()
        if count > 1
    ]
    if faults:
        raise SourceError("readings cannot be read", where=path, faults=faults, next_step="Correct these places:")
    frame = places.with_columns(
        pl.Series("block", [m["plate"] for m in found], dtype=pl.String),
        pl.Series("barcode", [m["plate"] or None for m in found], dtype=pl.String),
        pl.Series("channel", [m["channel"] for m in found], dtype=pl.String),
        pl.Series("signal", [m["signal"] for m in found], dtype=pl.Float64).fill_nan(None),
    )
    channels = frame["channel"].unique(maintain_order=True).to_list()
    if frame["block"].n_unique() == 1:
        frame = frame.with_columns(block=pl.lit("1"))
    if len(channels) == 1:
        frame = frame.with_columns(channel=pl.lit("1"))
    over = tuple(f"{m['well']} of plate {m['plate']}" for m in found if m["overflowed"])
    return Readings(frame.select(COLUMNS.keys()), "; ".join(channels), (), over)


def _measurements(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each endpoint reading of each well."""
    aggregate = document.get("plate reader aggregate document", {})
    for plate_document in aggregate.get("plate reader document", []):
        seen: dict[str, int] = {}
        for one in plate_document.get("measurement aggregate document", {}).get("measurement document", []):
            kind = next((kind for kind in _KINDS if kind in one), None)
            if kind is None:
                continue
            sample = one.get("sample document", {})
            value = one[kind].get("value")
            errors = one.get("error aggregate document", {}).get("error document", [])
            channel = _channel(kind, one)
            seen[channel] = seen.get(channel, 0) + 1
            yield {
                "well": sample.get("location identifier", ""),
                "plate": sample.get("well plate identifier", ""),
                "channel": channel if seen[channel] == 1 else f"{channel} ({seen[channel]})",
                "signal": float(value) if isinstance(value, int | float) and not errors else None,
                "overflowed": any(str(error.get("error", "")).startswith(_OVERFLOW) for error in errors),
            }


def _channel(kind: str, measurement: Mapping[str, Any]) -> str:
    """Kind and wavelength of a measurement."""
    control = measurement.get("device control aggregate document", {}).get("device control document", [{}])
    wavelength = control[0].get("detector wavelength setting", {}).get("value") if control else None
    return f"{kind} {wavelength:g} nm" if isinstance(wavelength, int | float) else kind
