"""Quality of plates, groups and the screen, before anyone believes a hit."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.robust import mad, median
from sensitome.core.separation import counts
from sensitome.errors import Caution, listed
from sensitome.frames import largest
from sensitome.plates import plate_cubes
from sensitome.screen.quality_figures import (
    FIGURES,
    PLATE_FIGURES,
    VERDICTS,
    QualityFigure,
    figures_with,
    verdicts,
    worst,
)
from sensitome.screen.quality_groups import GroupFigure, measure_classes, measure_groups, measure_screen
from sensitome.screen.quality_plates import PlateData, PlateFigures, measure_plates, plate_data
from sensitome.tables import ROLES, Plates, Quality, check_table

__all__ = ["FIGURES", "QualityFigure", "assess_quality", "caution_many_hits", "plates_with_many_hits"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SCREEN = "screen"
#: Rounds in which hits are taken out of center and spread of their plate.
CLIPPING_ROUNDS = 10


def assess_quality(
    wells: pl.DataFrame,
    *,
    vehicle: str | None = None,
    thresholds: Mapping[str, float | None] | None = None,
    jobs: int = 1,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Measure every quality figure of a screen and hold it against its limits.

    Parameters
    ----------
    wells : table `wells` after normalization; rows in any order. Z′, signal window, dynamic range and CVs use `signal`,
        SSMD and position figures `log2_signal` (samples), agreement and the screen's Z′ `normalized`; where that is
        null throughout, log2 signal minus the plate's sample median.
    vehicle : the treatment without drug; with it, the replicates of drug minus vehicle are compared as well
    thresholds : the lab's own limits, "z_prime.warn" → value (see `figures_with`)
    jobs : threads

    Returns
    -------
    plates : table `plates`, one row per plate, with one further column per plate figure and with the worst verdict of
        the figures that decide; in order of measuring
    quality : table `quality`, one row per figure of a plate, a group of plates or the screen. A figure that the design
        does not allow (no positives, no replicates) has a null value and the verdict "not applicable".

    Raises
    ------
    SettingsError
        A key of `thresholds` is not the limit of a figure.
    LayoutError
        A plate has two rows for one well, or a well beyond 32 × 48.

    Notes
    -----
    Formulas: `sensitome.core.separation`, `spatial`, `agreement`, `mixups`. Nothing is random.
    """
    figures = figures_with(thresholds or {})
    if wells.height == 0:
        return _no_plates()
    formats = plate_data(wells)
    plate_tables, long_tables = [], []
    grouped: list[GroupFigure] = measure_classes(wells)
    screen: list[GroupFigure] = []
    for data in formats:
        measured = measure_plates(data, jobs=jobs)
        levels = {name: verdicts(figures[name], measured.values[name]) for name in PLATE_FIGURES}
        plate_tables.append(_plate_table(data, measured, levels, figures=figures))
        long_tables.append(_long_plates(data, measured, levels, figures=figures))
        grouped += measure_groups(data, vehicle=vehicle)
        screen += measure_screen(data)
    plates = pl.concat(plate_tables).sort("order", "plate")
    screen += _shares(plates, formats)
    long_tables += [
        _long_groups(grouped, level="group", figures=figures),
        _long_groups(screen, level=SCREEN, figures=figures),
    ]
    return check_table(plates, Plates, name="plates"), check_table(pl.concat(long_tables), Quality, name="quality")


def _no_plates() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The two tables of a screen without plates."""
    own = [pl.lit(None, dtype=pl.Float64).alias(name) for name in PLATE_FIGURES]
    return pl.DataFrame(Plates.create_empty()).with_columns(own), pl.DataFrame(Quality.create_empty())


def _plate_table(
    data: PlateData,
    measured: PlateFigures,
    levels: Mapping[str, npt.NDArray[np.intp]],
    *,
    figures: Mapping[str, QualityFigure],
) -> pl.DataFrame:
    """Identity, counts, verdict and one column a figure."""
    missing = (data.expected & np.isnan(data.signal)).sum(axis=(1, 2))
    verdict = worst(level for name, level in levels.items() if figures[name].decides)
    number = {
        "n_samples": counts(data.signal, data.sample),
        "n_negative": counts(data.signal, data.negative),
        "n_positive": counts(data.signal, data.positive),
        "n_missing": missing,
    }
    return data.identity.with_columns(
        *(pl.Series(name, count.astype(np.int32)) for name, count in number.items()),
        pl.Series("verdict", np.array(VERDICTS)[verdict].tolist(), dtype=pl.Enum(VERDICTS[1:])),
        *(_finite(name, measured.values[name]) for name in PLATE_FIGURES),
    )


def _finite(name: str, values: FloatArray) -> pl.Series:
    """A column with null for what is not a number; infinite figures keep their verdict, not their value."""
    return pl.Series(name, np.where(np.isfinite(values), values, np.nan)).fill_nan(None)


def _long_plates(
    data: PlateData,
    measured: PlateFigures,
    levels: Mapping[str, npt.NDArray[np.intp]],
    *,
    figures: Mapping[str, QualityFigure],
) -> pl.DataFrame:
    """One row per plate and figure."""
    parts = []
    names = np.array(VERDICTS)
    for name in PLATE_FIGURES:
        details = measured.details.get(name, {})
        detail: list[str | None] = [None] * len(data.library)
        for plate, words in details.items():
            detail[plate] = words
        parts.append(
            pl.DataFrame(
                {
                    "subject": data.identity["plate"],
                    "value": _finite(name, measured.values[name]),
                    "verdict": names[levels[name]].tolist(),
                    "detail": pl.Series(detail, dtype=pl.String),
                }
            ).with_columns(figure=pl.lit(name))
        )
    return _described(pl.concat(parts), level="plate", figures=figures)


def _long_groups(measured: list[GroupFigure], *, level: str, figures: Mapping[str, QualityFigure]) -> pl.DataFrame:
    """One row per group and figure; two formats with one name keep the first."""
    values = np.array([one.value for one in measured], dtype=np.float64)
    names = [one.figure for one in measured]
    level_of = np.zeros(len(measured), dtype=np.intp)
    for name in set(names):
        ours = np.array([other == name for other in names])
        level_of[ours] = verdicts(figures[name], values[ours])
    frame = pl.DataFrame(
        {
            "subject": pl.Series([one.subject for one in measured], dtype=pl.String),
            "value": _finite("value", values),
            "verdict": pl.Series(np.array(VERDICTS)[level_of].tolist(), dtype=pl.String),
            "detail": pl.Series([one.detail for one in measured], dtype=pl.String),
            "figure": pl.Series(names, dtype=pl.String),
        }
    ).unique(["subject", "figure"], keep="first", maintain_order=True)
    return _described(frame, level=level, figures=figures)


def _described(frame: pl.DataFrame, *, level: str, figures: Mapping[str, QualityFigure]) -> pl.DataFrame:
    """Add level, threshold and meaning, in the order of the table `quality`."""
    words = pl.DataFrame(
        {
            "figure": list(figures),
            "threshold": [figure.threshold for figure in figures.values()],
            "meaning": [figure.meaning for figure in figures.values()],
        }
    )
    described = frame.join(words, on="figure", how="left", maintain_order="left").with_columns(
        pl.lit(level).alias("level"),
        # A plate without a value can still have failed: controls that do not differ have no finite Z′.
        pl.col("detail").fill_null(
            pl.when(pl.col("value").is_null() & pl.col("verdict").is_in(["warn", "fail"])).then(pl.lit("not finite"))
        ),
    )
    return described.select(Quality.column_names())


def _shares(plates: pl.DataFrame, formats: Iterable[PlateData]) -> list[GroupFigure]:
    """Shares of plates and wells, over all formats."""
    failing = plates.filter(pl.col("verdict") == "fail")["plate"].to_list()
    expected = sum(int(data.expected.sum()) for data in formats)
    missing = int(plates["n_missing"].sum())
    tested = plates.filter(pl.col("correction_q").is_not_null())
    needed = tested.filter(pl.col("correction_q") < 0.05).height
    return [
        GroupFigure(
            SCREEN,
            "failing_share",
            len(failing) / max(plates.height, 1),
            f"{len(failing)} of {plates.height} plates" + (f": {listed(failing, last='and')}" if failing else ""),
        ),
        GroupFigure(
            SCREEN,
            "screen_missing_share",
            missing / expected if expected else np.nan,
            f"{missing} of {expected} wells",
        ),
        GroupFigure(
            SCREEN,
            "correction_share",
            needed / tested.height if tested.height else np.nan,
            f"{needed} of {tested.height} plates",
        ),
    ]


def plates_with_many_hits(wells: pl.DataFrame, *, share: float = 0.2, spreads: float = 3.0) -> pl.DataFrame:
    """Find the plates on which so many samples are hits that the usual normalizations would eat them.

    Median, loess, polynomial and B-score normalizations take most samples of a plate to be inactive. Where more than
    about a fifth of the samples are hits, the plate's median and its surface follow the hits, and what is subtracted is
    signal (the B-score, which spends a parameter on every row and column, suffers first). Such plates (focused
    libraries, validation plates) are better normalized by negative controls that are scattered over the plate.

    Parameters
    ----------
    wells : table `wells`, rows in any order. With a column `is_significant` (Boolean), those samples are the hits;
        else the samples more than `spreads` robust SDs below the median of their plate in `log2_signal`
    share : plates with more than this share of hits are returned
    spreads : how far below is a hit

    Returns
    -------
    plate, n_samples, n_hits, share : one row per plate above `share`, by plate

    Notes
    -----
    Median and 1.4826 MAD are taken of the samples that are not hits themselves, until nothing changes (at most ten
    rounds): many hits would hide in a MAD that they have widened.

    References
    ----------
    Mpindi et al. 2015, doi:10.1093/bioinformatics/btv455
    """
    is_sample = (pl.col("role").cast(pl.String) == "sample") & pl.col("log2_signal").is_not_null()
    if "is_significant" in wells.columns:
        counted = (
            wells.filter(is_sample)
            .group_by("plate")
            .agg(n_samples=pl.len(), n_hits=pl.col("is_significant").fill_null(value=False).sum())
        )
    else:
        counted = _counted_below(wells, spreads=spreads)
    return (
        counted.with_columns(pl.col("n_samples", "n_hits").cast(pl.Int32), share=pl.col("n_hits") / pl.col("n_samples"))
        .filter(pl.col("share") > share)
        .select("plate", "n_samples", "n_hits", "share")
        .sort("plate")
    )


def _counted_below(wells: pl.DataFrame, *, spreads: float) -> pl.DataFrame:
    """Samples, and samples far below, per plate."""
    role = wells["role"].cast(pl.String).to_numpy()
    log2_signal = wells["log2_signal"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    names: list[str] = []
    n_samples: list[int] = []
    n_hits: list[int] = []
    for cube in plate_cubes(wells):
        values, sample = cube.fill(log2_signal), cube.mark(role == ROLES[0])
        names += cube.plates
        n_samples += counts(values, sample).tolist()
        n_hits += _far_below(values, sample, spreads=spreads).sum(axis=(1, 2)).tolist()
    return pl.DataFrame({"plate": names, "n_samples": n_samples, "n_hits": n_hits}).filter(pl.col("n_samples") > 0)


def _far_below(values: FloatArray, sample: BoolArray, *, spreads: float) -> BoolArray:
    """Samples far below the center of those that are not: only plates that still change go into the next round."""
    hits = np.zeros_like(sample)
    changing = np.arange(len(values))
    for _ in range(CLIPPING_ROUNDS):
        of_plates, samples = values[changing], sample[changing]
        rest = samples & ~hits[changing]
        limit = median(of_plates, rest) - spreads * mad(of_plates, rest)
        now = samples & (of_plates < limit[:, None, None])
        changed = (now != hits[changing]).any(axis=(1, 2))
        hits[changing] = now
        changing = changing[changed]
        if len(changing) == 0:
            break
    return hits


def caution_many_hits(plates: pl.DataFrame, *, share: float = 0.2) -> None:
    """Warn when `plates_with_many_hits` found any plate.

    Parameters
    ----------
    plates : what `plates_with_many_hits` returned
    share : the share that it was asked for

    Warns
    -----
    Caution
        There is such a plate; the plates are named.
    """
    if plates.height == 0:
        return
    worst_share = largest(plates["share"])
    warnings.warn(
        Caution(
            "many hits",
            where=f"{'plate' if plates.height == 1 else 'plates'} {listed(plates['plate'], last='and')}",
            found=f"up to {worst_share:.0%} of the samples",
            expected=f"at most {share:.0%}",
            next_step="Median, loess and B-score normalization take hits for background there: "
            "normalize these plates by scattered negative controls.",
        ),
        stacklevel=2,
    )
