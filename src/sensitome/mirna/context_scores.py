"""context++ scores of sites: how much each is expected to lower its target, with every contribution shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.context import (
    CONTRIBUTIONS,
    Sites,
    contribution,
    percentiles,
    public_percentiles,
    total_score,
    weighted_score,
)
from sensitome.core.site_scan import SITE_TYPES, Encoded, encode
from sensitome.errors import Fault
from sensitome.io.columns import raise_faults
from sensitome.mirna.context_features import Compat, Known, features_of, floats, letters_of, offset_keys
from sensitome.mirna.isoforms import isoforms_of, share_of
from sensitome.mirna.seeds import check_sequences, seeds_of

__all__ = ["Compat", "score_sites"]

FloatArray = npt.NDArray[np.float64]

# Nearer to the stop codon than this no site is scored.
_NEAREST = 15
_CHUNK = 200_000


def score_sites(
    sites: pl.DataFrame,
    *,
    mirnas: pl.DataFrame,
    utrs: pl.DataFrame,
    isoforms: pl.DataFrame | None = None,
    orfs: pl.DataFrame | None = None,
    orf_8mers: pl.DataFrame | None = None,
    abundance: pl.DataFrame | None = None,
    windows: pl.DataFrame | None = None,
    compat: Compat = "corrected",
) -> pl.DataFrame:
    """Score sites with the context++ model.

    Parameters
    ----------
    sites : ``mirna, utr, site_type, start, end`` (`scan_sites`); and, where they are known, ``pct`` (probability of
        conserved targeting, 0 … 1) and ``unpaired`` (as in `windows`)
    mirnas, utrs : ``name, sequence``, as for `scan_sites`
    isoforms : ``utr, start, end, share`` (percent of transcripts that hold the stretch); null = each UTR whole
    orfs : ``utr, length`` of the open reading frame
    orf_8mers : ``utr, seed, count`` of 8mer sites in it (nucleotides 2–8 as the seed)
    abundance : ``seed, target_abundance`` (log10 of the sites in all 3′ UTRs; `io.targetscan.read_abundance`)
    windows : ``utr, position, unpaired``: probability that the 14 letters which end at the position are unpaired
        (`open_windows`, by the optional ViennaRNA)
    compat : ``corrected``, or ``public-perl`` for TargetScan's public script with its slips

    Returns
    -------
    The rows of `sites` with one column per contribution (log2, three decimals), ``context`` (their sum, under the
    ceiling of the type), ``percentile``, ``share`` (of the isoforms that hold the site, 0 … 1), ``weighted``,
    ``weighted_percentile``, ``missing`` (features that were not given and add 0). Sites nearer than 15 letters to the
    stop codon have no score.

    Raises
    ------
    TableError
        A site names a miRNA or a UTR that is not there, or does not lie within it.

    Notes
    -----
    Sum of contributions, each a coefficient times the feature, scaled to 0 … 1 by the 5th and 95th percentile of the
    training data for nine of them. The public script counts one offset 6mer for every site; at 6mer sites it reads
    letter 8 of the site two letters too far upstream, and does not move the window of accessibility; its percentiles
    stumble over ties. Equal to all 675 rows of the sample of TargetScan 7.0 with ``public-perl``.

    References
    ----------
    Agarwal et al. 2015, doi:10.7554/eLife.05005
    """
    check_sequences(mirnas)
    numbered = _numbered(sites, mirnas, utrs)
    targets = encode(utrs["sequence"].str.replace_all("-", "", literal=True).to_list())
    _check_places(numbered, targets)
    profile = isoforms_of(utrs["name"], targets.length, isoforms)
    letters = letters_of(mirnas["sequence"])
    extra = _joined(
        numbered, mirnas, orfs=orfs, orf_8mers=orf_8mers, abundance=abundance, windows=windows, compat=compat
    )
    keys = offset_keys(targets, letters, compat=compat)
    parts = []
    for begin in range(0, max(len(numbered), 1), _CHUNK):
        rows = extra.slice(begin, _CHUNK)
        known = Known(targets, letters, rows["_mirna"].to_numpy(), _sites(rows), profile, keys, compat)
        parts.append(_scored(rows, known))
    scored = pl.concat(parts)
    group = scored["_mirna"].to_numpy()
    context, weighted = floats(scored["context"]), floats(scored["weighted"])
    if compat == "public-perl":
        ranks = public_percentiles(context, weighted, group=group)
    else:
        ranks = percentiles(context, group=group), percentiles(weighted, group=group)
    rank = dict(zip(("percentile", "weighted_percentile"), ranks, strict=True))
    ranked = scored.with_columns(pl.Series(name, value).fill_nan(None).cast(pl.Int8) for name, value in rank.items())
    return ranked.select(
        *(column for column in sites.columns), *CONTRIBUTIONS,
        "context", "percentile", "share", "weighted", "weighted_percentile", "missing",
    )  # fmt: skip


def _numbered(sites: pl.DataFrame, mirnas: pl.DataFrame, utrs: pl.DataFrame) -> pl.DataFrame:
    """Sites with the numbers of their miRNAs, UTRs and types."""
    faults = []
    columns = []
    for column, names in (("mirna", mirnas["name"]), ("utr", utrs["name"]), ("site_type", pl.Series(SITE_TYPES))):
        number = dict(zip(names.to_list(), range(len(names)), strict=True))
        found = sites[column].cast(pl.String).replace_strict(number, default=None, return_dtype=pl.Int64)
        absent = sites[column].cast(pl.String).filter(found.is_null()).unique(maintain_order=True).to_list()
        faults += [Fault(f"a {column} that was given", "", None, column, name) for name in absent]
        columns.append(found.alias(f"_{column}"))
    raise_faults("sites to score", faults)
    return sites.with_columns(columns)


def _check_places(sites: pl.DataFrame, targets: Encoded) -> None:
    length = pl.Series(targets.length).gather(sites["_utr"]) if len(sites) else pl.Series([], dtype=pl.Int64)
    kind = sites["_site_type"]
    size = 6 + (kind >= 2).cast(pl.Int64) + kind % 2
    bad = (sites["start"] < 1) | (sites["end"] > length) | (sites["end"] - sites["start"] + 1 != size)
    faults = [
        Fault(f"a {kind} within the {letters} letters of {utr!r}", "", None, "start and end", f"{start}–{end}")
        for kind, utr, start, end, letters in sites.select("site_type", "utr", "start", "end")
        .with_columns(length.alias("_length")).filter(bad).iter_rows()
    ]  # fmt: skip
    raise_faults("sites to score", faults)


def _joined(
    sites: pl.DataFrame,
    mirnas: pl.DataFrame,
    *,
    orfs: pl.DataFrame | None,
    orf_8mers: pl.DataFrame | None,
    abundance: pl.DataFrame | None,
    windows: pl.DataFrame | None,
    compat: Compat,
) -> pl.DataFrame:
    """Sites with what is known of their genes, seeds and surroundings; null where it is not."""
    seeds = seeds_of(mirnas["sequence"]).gather(sites["_mirna"])
    frame = sites.with_columns(pl.col("utr").cast(pl.String).alias("_name"), seeds.alias("_seed"))
    # Position 8 lies before a 7mer-A1 or 6mer site; the public script forgets the latter.
    moved = pl.col("_site_type") == 1 if compat == "public-perl" else pl.col("_site_type") <= 1
    frame = frame.with_columns((pl.col("start") - moved.cast(pl.Int32) + 7).cast(pl.Int64).alias("_position"))
    tables = (
        (orfs, {"_name": "utr"}, "length", "_orf"),
        (orf_8mers, {"_name": "utr", "_seed": "seed"}, "count", "_orf_8mers"),
        (abundance, {"_seed": "seed"}, "target_abundance", "_abundance"),
        (windows, {"_name": "utr", "_position": "position"}, "unpaired", "_unpaired"),
    )
    for table, keys, value, column in tables:
        if table is None and value in sites.columns:
            frame = frame.with_columns(pl.col(value).cast(pl.Float64).alias(column))
            continue
        if table is None:
            frame = frame.with_columns(pl.lit(None, pl.Float64).alias(column))
            continue
        theirs = table.select(
            *(pl.col(name).cast(frame.schema[ours]).alias(ours) for ours, name in keys.items()),
            pl.col(value).cast(pl.Float64).alias(column),
        ).unique(subset=list(keys), keep="last")
        frame = frame.join(theirs, on=list(keys), how="left", maintain_order="left")
    if orf_8mers is not None:
        # A table of counts names only what occurs.
        frame = frame.with_columns(pl.col("_orf_8mers").fill_null(0.0))
    known = pl.col("pct").cast(pl.Float64) if "pct" in sites.columns else pl.lit(None, pl.Float64)
    return frame.with_columns(known.alias("_pct"))


def _sites(frame: pl.DataFrame) -> Sites:
    return Sites(*(frame[column].cast(pl.Int64).to_numpy() for column in ("_utr", "start", "end", "_site_type")))


def _scored(frame: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Sites with their contributions and scores."""
    sites, kind = known.sites, known.sites.kind
    raw = features_of(known, frame)
    parts = {name: contribution(name, raw[name], kind=kind) for name in CONTRIBUTIONS}
    if known.compat == "public-perl":
        absent = np.isnan(raw["target_abundance"])
        parts["seed_energy"] = np.where(absent, 0.0, parts["seed_energy"])
    scored = sites.start >= _NEAREST
    score = total_score(np.array([parts[name] for name in CONTRIBUTIONS]), kind=kind)
    share = share_of(known.isoforms, sites)
    values = {**parts, "context": score, "share": share, "weighted": weighted_score(score, share=share)}
    for name in ("context", "weighted", "three_prime", "local_au", "target_abundance", "seed_energy"):
        values[name] = np.where(scored, values[name], np.nan)
    missing = _missing(raw)
    return frame.with_columns(
        *(pl.Series(name, value).fill_nan(None) for name, value in values.items()), missing.alias("missing")
    )


def _missing(raw: dict[str, FloatArray]) -> pl.Series:
    """Features without a value, joined by ";"."""
    count = len(raw["intercept"])
    words = {name: pl.Series(np.isnan(value)) for name, value in raw.items() if np.isnan(value).any()}
    if not words:
        return pl.Series([""] * count, dtype=pl.String)
    flags = pl.DataFrame(words)
    told = pl.concat_list(
        pl.when(pl.col(name)).then(pl.lit(name)).otherwise(None) for name in flags.columns
    ).list.drop_nulls().list.join(";")  # fmt: skip
    return flags.select(told.alias("missing"))["missing"]
