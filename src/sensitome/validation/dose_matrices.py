"""Dose matrices of two drugs: Bliss, HSA, Loewe and ZIP with intervals over replicates."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.combination import Resamples, percentiles, resamples
from sensitome.core.dose_matrix import bliss_matrix, hsa_matrix, loewe_matrix, zip_matrix
from sensitome.core.moderated import fit_linear, moderated_t
from sensitome.core.multiple import adjust_p
from sensitome.core.t_tests import t_of
from sensitome.errors import Caution, Fault, LayoutError
from sensitome.validation.combinations import WORD
from sensitome.validation.settings import CombinationSettings
from sensitome.validation.tables import DoseScores, DoseSummary

__all__ = ["REFERENCES", "score_matrices"]

FloatArray = npt.NDArray[np.float64]

#: What additivity may mean.
REFERENCES = ("Bliss", "HSA", "Loewe", "ZIP")
#: Inhibition without drug above this, percent, is likely viability.
_VIABLE = 50.0


def score_matrices(
    matrix: pl.DataFrame, *, settings: CombinationSettings, name: str | Path = "dose matrix"
) -> dict[str, pl.DataFrame]:
    """Score dose matrices by Bliss, HSA, Loewe and ZIP, with intervals over replicates.

    Parameters
    ----------
    matrix : columns `block` (String), `dose_one`, `dose_two`, `response` (percent inhibition) and, where the matrix was
        measured more than once, `replicate`; names of the drugs as `drug_one`, `drug_two`, and `cell_line`, `unit_one`,
        `unit_two` where they are known
    settings : level, resamples, seed
    name : what messages call the table

    Returns
    -------
    ``dose_scores`` (every pair of doses) and ``dose_summary`` (the mean over pairs of both drugs); intervals and p are
    null with a single replicate

    Raises
    ------
    LayoutError
        A matrix without dose 0, with a dose pair missing or twice, with other doses in one replicate than in another,
        or with fewer than three doses of a drug: all faults at once.

    Warns
    -----
    Caution
        Responses are above 50 where no drug was given: they look like viability.

    Notes
    -----
    Scores of dose pairs: from the mean over replicates. Interval and p: each replicate is scored by itself, and the
    variance of a pair over replicates is drawn towards that of all pairs of the matrix (limma); q over these pairs. A
    second interval comes from resampled replicates; with three of them there are ten resamples and it is too short. Up
    to six replicates all resamples are gone through, else 200 are drawn: each needs a fit of every row and column.
    Summary: the mean score of each replicate is one reading of Student's t; q over matrices.

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027
    """
    absent = {"replicate": 1, "drug_one": "drug one", "drug_two": "drug two"}
    absent |= dict.fromkeys(("cell_line", "unit_one", "unit_two"), pl.lit(None, pl.String))
    table = matrix.with_columns(
        (value if isinstance(value, pl.Expr) else pl.lit(value)).alias(key)
        for key, value in absent.items()
        if key not in matrix.columns
    )
    _raise_unfit(table, str(name))
    _caution_viability(table, str(name))
    scores, summaries = [], []
    for block in table.sort("block", "replicate", "dose_one", "dose_two").partition_by("block", maintain_order=True):
        one, two = (
            np.sort(block[column].unique().to_numpy()).astype(np.float64) for column in ("dose_one", "dose_two")
        )
        cube = block["response"].to_numpy().reshape(-1, len(one), len(two))
        each = {name: np.stack([_score(name, one, two, response) for response in cube]) for name in REFERENCES}
        scores.append(_scored_matrix(str(block["block"][0]), one, two, cube, each, settings))
        summaries += _summarized(block.row(0, named=True), one, two, each, settings.level)
    return {
        "dose_scores": pl.concat(scores)
        .select(DoseScores.column_names())
        .sort("block", "reference", "dose_one", "dose_two"),
        "dose_summary": _with_q(pl.DataFrame(summaries, infer_schema_length=None))
        .select(DoseSummary.column_names())
        .sort("block", "reference"),
    }


def _with_q(summary: pl.DataFrame) -> pl.DataFrame:
    """Nulls for what is not known, and p adjusted over the matrices of each reference."""
    texts = ("cell_line", "unit_one", "unit_two")
    table = summary.with_columns(
        pl.col("ci_low", "ci_high", "p_value").cast(pl.Float64).fill_nan(None), pl.col(*texts).cast(pl.String)
    ).sort("reference", "block")
    parts = []
    for _, own in table.group_by("reference", maintain_order=True):
        q = adjust_p(own["p_value"].fill_null(np.nan).to_numpy())
        parts.append(own.with_columns(pl.Series("q_value", q).fill_nan(None)))
    return pl.concat(parts)


def _caution_viability(table: pl.DataFrame, name: str) -> None:
    """Caution where cells without drug are said to be inhibited."""
    blank = table.filter((pl.col("dose_one") == 0) & (pl.col("dose_two") == 0)).group_by("block")
    high = blank.agg(pl.col("response").mean()).filter(pl.col("response") > _VIABLE).sort("block")
    if high.height:
        block, response = high.row(0)
        warnings.warn(
            Caution(
                "responses look like viability, not inhibition",
                where=name,
                found=f"{response:.3g} % at dose 0 of both drugs in block {block!r}"
                + (f" and {high.height - 1} more" if high.height > 1 else ""),
                expected="about 0 % inhibition without drug",
                next_step="If it is viability, name the column viability.",
            ),
            stacklevel=3,
        )


def _summarized(
    about: Mapping[str, object], one: FloatArray, two: FloatArray, each: Mapping[str, FloatArray], level: float
) -> list[dict[str, object]]:
    """Mean score of one matrix over pairs of both drugs, by reference, each replicate one reading."""
    rows = []
    for reference, scores in each.items():
        inner = scores[:, one > 0][:, :, two > 0]
        test = student_one_sample(inner.mean(axis=(1, 2)), level=level)
        best = np.unravel_index(int(np.argmax(inner.mean(axis=0))), inner.shape[1:])
        rows.append(
            {
                "block": str(about["block"]),
                "reference": reference,
                **{name: about[name] for name in ("cell_line", "drug_one", "drug_two", "unit_one", "unit_two")},
                **test,
                "n": len(scores),
                "peak": float(inner.mean(axis=0)[best]),
                "peak_dose_one": float(one[one > 0][best[0]]),
                "peak_dose_two": float(two[two > 0][best[1]]),
                "direction": _in_words(test["effect"], reference),
            }
        )
    return rows


def student_one_sample(values: FloatArray, *, level: float) -> dict[str, float]:
    """Mean of a few readings with the interval and two-sided p of Student's t; NaN with one.

    >>> student_one_sample(np.array([1.0, 2.0, 3.0]), level=0.95)["p_value"].round(4)
    np.float64(0.0742)
    """
    from scipy import special

    n, mean = len(values), float(values.mean())
    error = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    reach = special.stdtrit(n - 1, 0.5 + level / 2) * error if n > 1 else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.stdtr(n - 1, -np.abs(mean / error)) if n > 1 else np.nan
    return {"effect": mean, "ci_low": mean - reach, "ci_high": mean + reach, "p_value": p}


def _in_words(score: float, reference: str) -> str:
    """The mean score in words."""
    than = "the best drug alone" if reference == "HSA" else f"{reference} expects"
    if abs(score) < WORD:
        return f"as much inhibition as {than}"
    return f"{abs(score):.1f} points {'more' if score > 0 else 'less'} inhibition than {than}"


def _raise_unfit(table: pl.DataFrame, name: str) -> None:
    """Raise for matrices that are not complete."""
    faults = []
    for (block, replicate), own in table.sort("block", "replicate").group_by("block", "replicate", maintain_order=True):
        where = f"block {block!r}, replicate {replicate}"
        for column in ("dose_one", "dose_two"):
            doses = own[column].unique()
            if doses.min() != 0:
                faults.append(Fault(f"dose 0 of {column} in {where}", name, column=column, value=doses.min()))
            if len(doses) < 3:
                faults.append(Fault(f"at least 3 doses of {column} in {where}", name, column=column, value=len(doses)))
        pairs = own.select("dose_one", "dose_two").n_unique()
        whole = own["dose_one"].n_unique() * own["dose_two"].n_unique()
        if own.height != whole or pairs != whole or own["response"].null_count():
            faults.append(Fault(f"one response for each of {whole} dose pairs in {where}", name, value=own.height))
    faults += _other_doses(table, name)
    if faults:
        raise LayoutError("dose matrices cannot be scored", faults=faults)


def _other_doses(table: pl.DataFrame, name: str) -> list[Fault]:
    """Faults for replicates that have not the doses of the first."""
    doses = table.group_by("block", "replicate").agg(pl.col("dose_one", "dose_two").unique().sort())
    faults = []
    for (block,), own in doses.sort("block", "replicate").group_by("block", maintain_order=True):
        first = own.row(0, named=True)
        for row in own.iter_rows(named=True):
            for column in ("dose_one", "dose_two"):
                if row[column] != first[column]:
                    rule = f"the same doses of {column} in every replicate of block {block!r}"
                    found = ", ".join(f"{dose:g}" for dose in row[column])
                    faults.append(Fault(rule, name, column=column, value=f"{found} in replicate {row['replicate']}"))
    return faults


def _scored_matrix(
    block: str,
    one: FloatArray,
    two: FloatArray,
    cube: FloatArray,
    each: Mapping[str, FloatArray],
    settings: CombinationSettings,
) -> pl.DataFrame:
    """Scores of one matrix from the mean over replicates, tested over replicates and over resampled means."""
    n = len(cube)
    over = resamples(n, rng=np.random.default_rng(settings.seed), draws=min(settings.draws, 200))
    mean = cube.mean(axis=0)
    resampled = np.einsum("br,rij->bij", over.share, cube) if n > 1 else np.empty((0, *mean.shape))
    grid_one, grid_two = (axis.ravel() for axis in np.meshgrid(one, two, indexing="ij"))
    frames = []
    for reference in REFERENCES:
        score = _score(reference, one, two, mean)
        draws = np.stack([_score(reference, one, two, r) for r in resampled]) if n > 1 else None
        both = ((one > 0)[:, None] & (two > 0)[None, :]).ravel()
        tested = _tested(score.ravel(), each[reference].reshape(n, -1), both, settings.level)
        resampling = _intervals(draws, over, settings.level, score.shape)
        names = ("ci_low", "ci_high", "p_value", "q_value", "boot_low", "boot_high", "boot_p")
        frames.append(
            pl.DataFrame({"dose_one": grid_one, "dose_two": grid_two, "effect": score.ravel()}).with_columns(
                pl.lit(block).alias("block"),
                pl.lit(reference).alias("reference"),
                *(pl.Series(k, v).fill_nan(None) for k, v in zip(names, (*tested, *resampling), strict=True)),
                pl.lit(n, pl.Int32).alias("n"),
                pl.Series("response", mean.ravel()),
            )
        )
    return pl.concat(frames)


def _tested(
    score: FloatArray, each: FloatArray, both: npt.NDArray[np.bool_], level: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Interval, p and q of every pair of doses; where one drug is absent the score is 0 by its definition.

    Parameters
    ----------
    score : (pairs,), of the mean over replicates
    each : (replicates, pairs), of every replicate by itself
    both : (pairs,), whether both drugs are given
    """
    low, high, p, q = (np.full(len(score), np.nan) for _ in range(4))
    if len(each) > 1:
        low[~both], high[~both] = 0.0, 0.0
        test = moderated_t(fit_linear(each[:, both].T, np.ones((len(each), 1))), level=level)
        reach = (test.ci_high - test.effect)[:, 0]
        own = t_of(score[both], test.standard_error[:, 0], test.df, level=level)
        low[both], high[both], p[both] = score[both] - reach, score[both] + reach, own.p_value
        q[both] = adjust_p(own.p_value)
    return low, high, p, q


def _score(reference: str, one: FloatArray, two: FloatArray, response: FloatArray) -> FloatArray:
    if reference == "Bliss":
        return bliss_matrix(response)
    if reference == "HSA":
        return hsa_matrix(response)
    return loewe_matrix(one, two, response) if reference == "Loewe" else zip_matrix(one, two, response)


def _intervals(
    draws: FloatArray | None, over: Resamples, level: float, shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Percentile intervals and p of every cell, flat; NaN without replicates."""
    if draws is None:
        nothing = np.full(int(np.prod(shape)), np.nan)
        return nothing, nothing, nothing
    boot = percentiles(draws.reshape(len(draws), -1).T, over, level)
    return boot.ci_low, boot.ci_high, boot.p_value
