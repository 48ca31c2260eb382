"""What supports a sensitizer beyond its own test: further cell lines, and the opposite reagent of the same miRNA."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.sensitization.across_lines import one_sided, partial_conjunction
from sensitome.core.sensitization.contrasts import normal_reach, normal_two_sided
from sensitome.errors import Caution, MethodError, TableError, listed
from sensitome.frames import to_polars
from sensitome.screen.sensitization import test_sensitization
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.screen.tables import LineEvidence
from sensitome.settings import Treatments

__all__ = ["antisymmetry", "evidence_over_lines", "line_evidence"]

FloatArray = npt.NDArray[np.float64]


def evidence_over_lines(sensitizers: pl.DataFrame, *, alpha: float = 0.05) -> pl.DataFrame:
    """In how many cell lines a drug sensitizes with a reagent, at least.

    Parameters
    ----------
    sensitizers : table `sensitizers` of a method with p-values; further rows that are not expressed are left out
    alpha : level at which a number of lines counts as shown, for each reagent and drug by itself

    Returns
    -------
    One row per reagent × kind × treatment: n_lines tested, p_any, p_2, p_3 … (one-sided p against "fewer than so many
    lines are sensitized"), q_all (BH over the p of all tested lines), lines_shown, the largest number with p ≤ alpha

    Raises
    ------
    MethodError
        The method gives no p-values.

    References
    ----------
    Benjamini & Heller 2008, doi:10.1111/j.1541-0420.2007.00984.x
    """
    table = to_polars(sensitizers)
    if table["p_value"].null_count() == table.height:
        raise MethodError(
            "evidence over lines needs p-values",
            found=f"none from {listed(table['method'].unique().sort(), last='and')}",
            expected="a method that gives them, such as 'moderated-t'",
        )
    used = table.filter(pl.col("is_expressed").fill_null(value=True))
    lines = sorted(used["cell_line"].unique())
    p = one_sided(used["p_value"].fill_null(np.nan).to_numpy(), used["statistic"].fill_null(np.nan).to_numpy())
    key = ["reagent", "kind", "treatment"]
    wide = (
        used.select(*key, "cell_line")
        .with_columns(pl.Series("p", p))
        .pivot(on="cell_line", index=key, values="p")
        .sort(key)
    )
    ordered = partial_conjunction(wide.select(lines).cast(pl.Float64).fill_null(np.nan).to_numpy())
    tested = np.isfinite(ordered).sum(axis=1)
    names = ["p_any", *(f"p_{count}" for count in range(2, len(lines) + 1))]
    of_all = np.where(tested > 0, ordered[np.arange(len(ordered)), np.maximum(tested - 1, 0)], np.nan)
    with np.errstate(invalid="ignore"):
        shown = (ordered <= alpha).sum(axis=1)
    columns = [pl.Series(name, ordered[:, i]).fill_nan(None) for i, name in enumerate(names)]
    return wide.select(key).with_columns(
        pl.Series("n_lines", tested.astype(np.int32)),
        *columns,
        pl.Series("q_all", adjust_p(of_all)).fill_nan(None),
        pl.Series("lines_shown", shown.astype(np.int32)),
    )


def line_evidence(
    sensitizers: pl.DataFrame,
    scores: pl.DataFrame,
    *,
    treatments: Treatments,
    settings: SensitizationSettings | None = None,
) -> pl.DataFrame:
    """Table `line_evidence` of a run, whatever its test.

    Parameters
    ----------
    sensitizers : table `sensitizers` of the run
    scores : the scores that it was made from
    treatments, settings : as `sensitization.test_sensitization`

    Returns
    -------
    As `evidence_over_lines`, with the test that gives the p: that of the run, or, where it has none, the moderated t.
    Empty with one cell line, and where there are no replicates for the moderated t.
    """
    if sensitizers["cell_line"].n_unique() < 2:
        return LineEvidence.create_empty()
    table = sensitizers
    if table["p_value"].null_count() == table.height:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Caution)
                table = test_sensitization(scores, treatments=treatments, method="moderated-t", settings=settings)
        except MethodError:
            return LineEvidence.create_empty()
        asked = sensitizers.select("reagent", "kind", "cell_line", "treatment", "is_expressed")
        table = table.drop("is_expressed").join(
            asked, on=["reagent", "kind", "cell_line", "treatment"], how="left", maintain_order="left"
        )
    return evidence_over_lines(table).with_columns(method=pl.lit(table["method"][0]))


def antisymmetry(
    sensitizers: pl.DataFrame,
    *,
    targets: pl.DataFrame,
    mimic: str = "mimic",
    inhibitor: str = "inhibitor",
    level: float = 0.95,
) -> pl.DataFrame:
    """Whether mimic and inhibitor of one miRNA do the opposite.

    Parameters
    ----------
    sensitizers : table `sensitizers` of a method with intervals
    targets : columns reagent, kind, target: the miRNA that each reagent mimics or inhibits; a reagent without a row is
        its own
    mimic, inhibitor : the two kinds
    level : coverage of the intervals, of the table as of the answer

    Returns
    -------
    One row per target × mimic × inhibitor × cell line × treatment that has both: mimic_effect, inhibitor_effect (log2),
    effect = mimic − inhibitor, ci_low, ci_high, p_value, q_value (BH), n = the smaller n, and verdict:
    ``antisymmetric`` (both shown, opposite signs), ``same direction`` (both shown, same sign: hardly by the miRNA),
    ``one only``, ``neither``. An inhibitor of a miRNA that the cells lack can show nothing.

    Raises
    ------
    TableError
        `targets` lacks a column.
    """
    missing = [name for name in ("reagent", "kind", "target") if name not in targets.columns]
    if missing:
        raise TableError(
            "table 'targets' lacks columns",
            found=f"columns {listed(targets.columns, last='and')}",
            expected=listed(missing, last="and"),
        )
    named = (
        to_polars(sensitizers)
        .join(targets.select("reagent", "kind", "target").unique(), on=["reagent", "kind"], how="left")
        .with_columns(pl.coalesce("target", "reagent").alias("target"))
    )
    context, reach = ["target", "cell_line", "treatment"], normal_reach(level)
    sides = [
        named.filter(pl.col("kind") == kind).select(
            *context,
            pl.col("reagent").alias(word),
            pl.col("effect").alias(f"{word}_effect"),
            ((pl.col("ci_high") - pl.col("ci_low")) / 2 / reach).alias(f"{word}_error"),
            pl.when((pl.col("ci_high") < 0) | (pl.col("ci_low") > 0))
            .then(pl.col("effect").sign())
            .alias(f"{word}_sign"),
            pl.col("n").alias(f"{word}_n"),
        )
        for kind, word in ((mimic, "mimic"), (inhibitor, "inhibitor"))
    ]
    pairs = sides[0].join(sides[1], on=context).sort("target", "mimic", "inhibitor", "cell_line", "treatment")
    effect = pl.col("mimic_effect") - pl.col("inhibitor_effect")
    error = (pl.col("mimic_error") ** 2 + pl.col("inhibitor_error") ** 2).sqrt()
    table = pairs.with_columns(effect=effect, error=error).with_columns(
        ci_low=pl.col("effect") - reach * pl.col("error"),
        ci_high=pl.col("effect") + reach * pl.col("error"),
        z=pl.when(pl.col("error") > 0).then(pl.col("effect") / pl.col("error")),
        n=pl.min_horizontal("mimic_n", "inhibitor_n"),
        verdict=_verdict(),
    )
    p = normal_two_sided(table["z"].fill_null(np.nan).to_numpy())
    return table.with_columns(
        pl.Series("p_value", p, dtype=pl.Float64).fill_nan(None),
        pl.Series("q_value", adjust_p(p), dtype=pl.Float64).fill_nan(None),
    ).select(
        "target",
        "mimic",
        "inhibitor",
        "cell_line",
        "treatment",
        "mimic_effect",
        "inhibitor_effect",
        "effect",
        "ci_low",
        "ci_high",
        "p_value",
        "q_value",
        "n",
        "verdict",
    )


def _verdict() -> pl.Expr:
    """Signs of two effects that are shown, in a word."""
    product = pl.col("mimic_sign") * pl.col("inhibitor_sign")
    one = pl.col("mimic_sign").is_not_null() | pl.col("inhibitor_sign").is_not_null()
    return (
        pl.when(product < 0)
        .then(pl.lit("antisymmetric"))
        .when(product > 0)
        .then(pl.lit("same direction"))
        .when(one)
        .then(pl.lit("one only"))
        .otherwise(pl.lit("neither"))
    )
