"""Reagents against the control in each arm, and the interaction with the drug, tested with an honest n."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.t_tests import equivalence, student_t
from sensitome.errors import Caution
from sensitome.validation.bars import bars_of, with_comparator
from sensitome.validation.block_tests import FamilyTest, block_families
from sensitome.validation.cells import CONTROL, line_cells, wells_by_cell
from sensitome.validation.comparators import match_controls, served_controls
from sensitome.validation.settings import ValidationSettings
from sensitome.validation.tables import Validation

__all__ = ["BIOLOGICAL", "PSEUDOREPLICATED", "stars_of", "test_validation"]

FloatArray = npt.NDArray[np.float64]

PSEUDOREPLICATED = "wells: technical replicates counted as n"
BIOLOGICAL = "biological replicates"
_FAMILY = ("cell_line", "contrast")


def test_validation(wells: pl.DataFrame, *, settings: ValidationSettings, vehicle: str) -> pl.DataFrame:
    """Test every reagent in every arm.

    Parameters
    ----------
    wells : from `normalize_validation`
    settings : the comparator, the test, the variance, the adjustment; `settings.NORMANN2021` or `settings.RECOMMENDED`
    vehicle : the arm without drug

    Returns
    -------
    Table `validation`, sorted by its key. ``test="student-wells"`` has the contrast "reagent" alone; its p is that of
    the viabilities of the wells. ``test="blocks"`` also has the interaction of every drug arm.

    Warns
    -----
    Caution
        Technical replicates are counted as n; cells of the design are missing, and a mixed model is fitted; or as
        `match_controls`.

    Notes
    -----
    ``blocks``: technical replicates are averaged, biological replicates are blocks of their arm, and the variance of
    each reagent, freed of the blocks and of the control, is drawn towards that of all (limma). The difference of two
    reagents has variance (σ̃² + σ̃₀²)/n, with Satterthwaite's degrees of freedom, at most those of the analysis of
    variance. The interaction is the same analysis of the differences to the vehicle arm. What is not complete goes
    through a mixed model (REML) of its wells.

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027; Dunnett 1955, doi:10.1080/01621459.1955.10501294; Lazic et al. 2018,
    doi:10.1371/journal.pbio.2005282 (on counting technical replicates)
    """
    wells = match_controls(wells, settings=settings)
    if settings.test == "student-wells":
        rows = _student_rows(wells, settings)
        warnings.warn(
            Caution(
                "technical replicates are counted as n",
                where="the validation tests",
                found="Student's t on wells, as in the paper",
                next_step='False positives are more frequent than p says; see validation.test = "blocks".',
            ),
            stacklevel=2,
        )
    else:
        rows = _block_rows(wells, settings, vehicle)
    about = bars_of(wells, by_well=settings.test == "student-wells", level=settings.level)
    table = rows.join(about, on=["cell_line", "reagent", "kind", "treatment"], how="left", maintain_order="left")
    return _finish(table, settings)


# pytest collects what is called test_*; this is a verb.
vars(test_validation)["__test__"] = False


def stars_of(p: FloatArray) -> list[str]:
    """Stars at .05, .01 and .001; empty for NaN.

    >>> stars_of(np.array([0.04, 0.0005, 0.2, np.nan]))
    ['*', '***', '', '']
    """
    return ["" if np.isnan(value) else "*" * int(np.sum(value < np.array([0.05, 0.01, 0.001]))) for value in p]


def _student_rows(wells: pl.DataFrame, settings: ValidationSettings) -> pl.DataFrame:
    """Student's t on wells, each reagent × arm against the control wells of its arm."""
    samples, values = wells_by_cell(wells.filter(pl.col("role") == "sample"))
    samples = with_comparator(samples, wells)
    # The comparator stands in the place of the kind: the same wells may serve several.
    control_wells = served_controls(wells).with_columns(pl.lit(CONTROL).alias("reagent"), kind="comparator")
    controls, comparators = wells_by_cell(control_wells)
    shared = ["cell_line", "treatment", "comparator"]
    place = controls.with_row_index("at").rename({"kind": "comparator"}).select(*shared, "at")
    at = samples.join(place, on=shared, how="left", maintain_order="left")["at"].to_numpy()
    against = comparators[at]
    test = student_t(values, against, level=settings.level)
    n = np.isfinite(values).sum(axis=1)
    ratio = _log_ratio(values, against)
    # The p is that of the viabilities; the interval of the ratio is by the delta method with the same degrees.
    reach = np.abs(test.ci_high - test.effect) / test.standard_error * ratio[1]
    tost = equivalence(ratio[0], ratio[1], test.df, margin=settings.margin)
    return samples.with_columns(
        pl.lit("reagent").alias("contrast"),
        *_columns(
            effect=ratio[0],
            ci_low=ratio[0] - reach,
            ci_high=ratio[0] + reach,
            p_value=test.p_value,
            p_dunnett=np.full(len(n), np.nan),
            standard_error=ratio[1],
            df=test.df,
            points=100 * test.effect,
            points_low=100 * test.ci_low,
            points_high=100 * test.ci_high,
            p_equivalence=tost.p_value,
        ),
        pl.Series("n", n, dtype=pl.Int32),
        pl.lit(PSEUDOREPLICATED).alias("unit"),
        pl.lit("Student's t on wells").alias("test"),
    )


def _log_ratio(values: FloatArray, against: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log2 of the ratio of the means, and its standard error."""
    squares = np.zeros(len(values))
    means = []
    for group in (values, against):
        n = np.isfinite(group).sum(axis=1)
        mean = np.nansum(group, axis=1) / np.maximum(n, 1)
        spread = np.nansum((group - mean[:, None]) ** 2, axis=1) / np.maximum(n - 1, 1) / np.maximum(n, 1)
        squares += np.where(n > 1, spread / mean**2, np.nan)
        means.append(np.where(mean > 0, mean, np.nan))
    return np.log2(means[0] / means[1]), np.sqrt(squares) / np.log(2)


def _block_rows(wells: pl.DataFrame, settings: ValidationSettings, vehicle: str) -> pl.DataFrame:
    """Contrasts of every cell line."""
    parts = []
    for line in wells["cell_line"].unique().sort().to_list():
        groups = line_cells(wells.filter(pl.col("cell_line") == line))
        families = block_families(groups, settings=settings, vehicle=vehicle)
        reagents = [reagent for cells in groups for reagent in cells.reagents]
        _caution_missing(families, line)
        parts += [
            _family_rows(family, reagents, settings).with_columns(pl.lit(line).alias("cell_line"))
            for family in families
        ]
    return with_comparator(pl.concat(parts), wells)


def _caution_missing(families: Sequence[FamilyTest], line: str) -> None:
    incomplete = [family for family in families if family.contrast == "reagent" and family.mixed.any()]
    if incomplete:
        count = sum(int(family.mixed.sum()) for family in incomplete)
        warnings.warn(
            Caution(
                "wells or replicates are missing",
                where=f"the validation assay of {line!r}",
                found=f"{count} reagents × arms without the same wells in every replicate",
                next_step="They are tested by a mixed model (REML) instead of complete blocks.",
            ),
            stacklevel=4,
        )


def _family_rows(family: FamilyTest, reagents: Sequence[tuple[str, str]], settings: ValidationSettings) -> pl.DataFrame:
    """Rows of one arm × contrast."""
    test = family.test
    tost = equivalence(test.effect, test.standard_error, test.df, margin=settings.margin)
    words = np.where(family.mixed, "mixed model (REML) of wells", f"complete blocks, {settings.variance} variance")
    words = np.where(np.isnan(test.p_value), "not tested: too few replicates", words)
    return pl.DataFrame(
        {
            "reagent": [name for name, _ in reagents],
            "kind": [kind for _, kind in reagents],
        }
    ).with_columns(
        pl.lit(family.arm).alias("treatment"),
        pl.lit(family.contrast).alias("contrast"),
        *_columns(
            effect=test.effect,
            ci_low=test.ci_low,
            ci_high=test.ci_high,
            p_value=test.p_value,
            p_dunnett=family.p_dunnett,
            standard_error=test.standard_error,
            df=test.df,
            points=100 * family.points[0],
            points_low=100 * family.points[1],
            points_high=100 * family.points[2],
            p_equivalence=tost.p_value,
        ),
        pl.Series("n", family.n, dtype=pl.Int32),
        pl.lit(BIOLOGICAL).alias("unit"),
        pl.Series("test", words.tolist(), dtype=pl.String),
    )


def _columns(**values: FloatArray) -> list[pl.Series]:
    """Number columns, null for NaN."""
    return [pl.Series(name, column).fill_nan(None) for name, column in values.items()]


def _finish(table: pl.DataFrame, settings: ValidationSettings) -> pl.DataFrame:
    """Percents, adjusted p, stars; columns and rows in order."""
    parts = []
    for _, family in table.sort("contrast", "cell_line", "treatment", "reagent", "kind").group_by(
        _FAMILY, maintain_order=True
    ):
        p = family["p_value"].fill_null(np.nan).to_numpy()
        q = pl.Series("q_value", adjust_p(p, method=settings.adjust)).fill_nan(None)
        parts.append(family.with_columns(q))
    done = pl.concat(parts).with_columns(
        (100 * 2.0 ** pl.col("effect")).alias("percent"),
        (100 * 2.0 ** pl.col("ci_low")).alias("percent_low"),
        (100 * 2.0 ** pl.col("ci_high")).alias("percent_high"),
        pl.col("n_replicates", "n_wells", "n").fill_null(0).cast(pl.Int32),
        pl.col("contrast").cast(pl.Enum(["reagent", "interaction"])),
    )
    judged = done[settings.stars].fill_null(np.nan).to_numpy()
    columns = Validation.column_names()
    return (
        done.with_columns(pl.Series("stars", stars_of(judged)))
        .select(columns)
        .sort("cell_line", "reagent", "kind", "treatment", "contrast")
    )
