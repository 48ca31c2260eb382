"""The named normalizations as records: what each is, needs, answers, and whose numbers it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sensitome.core import centering
from sensitome.core.polish import VARIANTS
from sensitome.screen.corrections import (
    Run,
    b_scored,
    blup,
    cellhts2_loess_2007,
    centered,
    locfit,
    r_scored,
    sights_loess,
    stats_loess,
    untouched,
)

__all__ = ["METHODS", "Method"]

Scale = Literal["log2", "raw"]


@dataclass(frozen=True)
class Method:
    """A normalization.

    Parameters
    ----------
    name : as settings and command know it
    title : what it is, in a few words
    formula : what it computes, x = reading, ŝ = fitted surface, S = the plate's statistic
    scales : on which readings it works
    unit : of the answer, by scale
    needs_in_words : what a plate must have
    peer : whose numbers it gives
    reference : where it was published
    oracle : where equality is tested, and how closely
    run : (readings, masks, settings) → `Corrected`
    options : settings that it reads
    pools_plates : whether it learns from all plates together
    """

    name: str
    title: str
    formula: str
    scales: tuple[Scale, ...]
    unit: Mapping[Scale, str]
    needs_in_words: str
    peer: str
    reference: str
    oracle: str
    run: Run
    options: tuple[str, ...] = ()
    pools_plates: bool = False


_SAMPLES = "at least one sample well with a reading"
_VARYING = "at least two sample wells with readings that differ"
_BOTH: tuple[Scale, ...] = ("log2", "raw")
_LEVEL: Mapping[Scale, str] = {"log2": "log2 units, 0 = typical of the plate", "raw": "ratio, 1 = typical of the plate"}
_CELLHTS2 = "Boutros, Brás & Huber 2006, doi:10.1186/gb-2006-7-7-r66"
_PLATE384 = "tests/oracle/plate384"


def _level_method(name: str, title: str, formula: str, peer: str, **more: Any) -> Method:
    """Record of a per-plate centering."""
    base = Method(
        name=name,
        title=title,
        formula=formula,
        scales=_BOTH,
        unit=_LEVEL,
        needs_in_words=_SAMPLES,
        peer=peer,
        reference=_CELLHTS2,
        oracle=f"{_PLATE384}, 1e-9",
        run=centered(name) if name in centering.METHODS else untouched,
        options=("statistics_from",),
    )
    return replace(base, **more)


def _b_score_method(name: str, title: str, formula: str, oracle: str) -> Method:
    """Record of a B-score."""
    form = next(form for form in VARIANTS.values() if form.name == name.removeprefix("bscore-"))
    divided = form.divisor != "none"
    return Method(
        name=name,
        title=title,
        formula=formula,
        scales=_BOTH,
        unit=dict.fromkeys(_BOTH, "scaled MADs") if divided else {"log2": "log2 units", "raw": "counts"},
        needs_in_words=_VARYING,
        peer=form.peer,
        reference="Malo et al. 2006, doi:10.1038/nbt1186; Brideau et al. 2003, doi:10.1177/1087057103258285",
        oracle=oracle,
        run=b_scored(form.name),
    )


_POLISH = "x − (overall + row + column), medians polished over rows, then columns"
_B_SCORES = "tests/oracle/b_scores, 1e-9"

#: Every named normalization.
METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        _level_method(
            "none",
            "no normalization",
            "x",
            "none",
            unit={"log2": "log2 counts", "raw": "counts"},
            options=(),
            oracle="identity",
        ),
        _level_method(
            "median", "plate median", "x − median(samples), or x / median(samples)", "cellHTS2 2.66 'median'"
        ),
        _level_method("mean", "plate mean", "x − mean(samples), or x / mean(samples)", "cellHTS2 2.66 'mean'"),
        _level_method(
            "shorth", "plate shorth", "x − shorth(samples), or x / shorth(samples)", "cellHTS2 2.66 'shorth'"
        ),
        _level_method(
            "negatives",
            "median of the negative controls",
            "x − median(negatives), or x / median(negatives)",
            "cellHTS2 2.66 'negatives'",
            needs_in_words="at least one negative control with a reading",
            options=(),
        ),
        _level_method(
            "poc",
            "percent of control",
            "100 x / mean(positives)",
            "cellHTS2 2.66 'POC'",
            scales=("raw",),
            unit={"raw": "percent of positives"},
            needs_in_words="at least one positive control with a reading",
            options=(),
        ),
        _level_method(
            "poc-negative",
            "ratio to the negative controls",
            "x / mean(negatives)",
            "HiTSeekR 'poc'",
            scales=("raw",),
            unit={"raw": "ratio to negatives"},
            needs_in_words="at least one negative control with a reading",
            reference="List et al. 2016, doi:10.1093/nar/gkw554",
            oracle="the MCF7 inhibitor screen, 1e-12",
            options=(),
        ),
        _level_method(
            "npi",
            "normalized percent inhibition",
            "(mean(positives) − x) / (mean(positives) − mean(negatives))",
            "cellHTS2 2.66 'NPI'",
            scales=("raw",),
            unit={"raw": "0 at positives, 1 at negatives"},
            needs_in_words="positive and negative controls that differ",
            options=(),
        ),
        _level_method(
            "inhibition",
            "normalized percent inhibition, HiTSeekR's direction",
            "(mean(negatives) − x) / (mean(negatives) − mean(positives))",
            "HiTSeekR 'npi'",
            scales=("raw",),
            unit={"raw": "0 at negatives, 1 at positives"},
            needs_in_words="positive and negative controls that differ",
            reference="List et al. 2016, doi:10.1093/nar/gkw554",
            oracle="the MCF7 inhibitor screen, 1e-12",
            options=(),
        ),
        _level_method(
            "z",
            "z-score a plate",
            "(x − mean(samples)) / SD(samples)",
            "HiTSeekR 'zscore' with statistics_from = all-wells",
            unit=dict.fromkeys(_BOTH, "SDs"),
            needs_in_words=_VARYING,
            oracle="the MCF7 inhibitor screen, 5e-14",
        ),
        _level_method(
            "robust-z",
            "robust z-score a plate",
            "(x − median(samples)) / (1.4826 median|s − median(samples)|)",
            "cellHTS2 2.66 'median' with varianceAdjust='byPlate'",
            unit=dict.fromkeys(_BOTH, "scaled MADs"),
            needs_in_words=_VARYING,
        ),
        _b_score_method("bscore-cellhts2", "B-score, cellHTS2", _POLISH, f"{_PLATE384}, 1e-9"),
        _b_score_method("bscore-cellhts1", "B-score, cellHTS", f"({_POLISH}) / MAD(all residuals)", _B_SCORES),
        _b_score_method("bscore-rnaither", "B-score, RNAither", f"({_POLISH}) / MAD(residuals)", _B_SCORES),
        _b_score_method(
            "bscore-rnaither-all-wells", "B-score, RNAither with controls", f"({_POLISH}) / MAD(residuals)", _B_SCORES
        ),
        _b_score_method("bscore-synlet", "B-score, synlet", f"({_POLISH}) / MAD(residuals); samples only", _B_SCORES),
        _b_score_method(
            "bscore-hitseekr",
            "B-score, HiTSeekR",
            f"({_POLISH}, controls included) / MAD(readings)",
            "the MCF7 inhibitor screen, 1e-12",
        ),
        _b_score_method("bscore-platetools", "B-score, platetools", f"{_POLISH}, controls included", _B_SCORES),
        _b_score_method(
            "bscore-platetools-mad",
            "B-score, platetools normalized",
            f"({_POLISH}, controls included) / MAD(residuals)",
            _B_SCORES,
        ),
        replace(
            _b_score_method(
                "spawn", "SPAWN", "trimmed means polished over rows and columns, residual / MAD(residuals)", _B_SCORES
            ),
            reference="Malo et al. 2010, doi:10.1177/1087057110377497",
        ),
        Method(
            "r-score",
            "R-score",
            "residual / scale of a robust regression of x − median(samples) on rows and columns",
            _BOTH,
            dict.fromkeys(_BOTH, "robust SDs of the residuals"),
            _VARYING,
            "sights 1.33 normRobZ/RScore with MASS::rlm",
            "Wu, Liu & Sui 2008, doi:10.1177/1087057107312628",
            "tests/core/test_r_score.py, 1e-8",
            r_scored,
        ),
        Method(
            "stats-loess",
            "two-dimensional loess surface",
            "x − ŝ(row, column), or x / ŝ: local polynomial with tricube weights, by least squares or bisquare",
            _BOTH,
            _LEVEL,
            "enough sample wells for a local fit",
            "R 4.2.2 stats::loess(surface = 'direct', normalize = scale_axes)",
            "Cleveland & Devlin 1988, doi:10.1080/01621459.1988.10478639",
            f"{_PLATE384} and tests/oracle/loess_cases, 1e-9",
            stats_loess,
            ("span", "degree", "family", "scale_axes", "statistics_from"),
        ),
        Method(
            "cellhts2-loess-2007",
            "loess of cellHTS2 2.11.5 and before",
            "x − ŝ(row, column), gaussian; wells outside the samples' rows and columns keep their raw level",
            ("log2",),
            {"log2": "log2 units; uncorrected wells in log2 counts"},
            "enough sample wells for a local fit",
            "cellHTS2 ≤ 2.11.5 normalizePlates(method = 'loess'), span 0.6",
            _CELLHTS2,
            f"{_PLATE384}, column loess_hist",
            cellhts2_loess_2007,
            ("span", "degree"),
        ),
        Method(
            "cellhts2-locfit",
            "robust local surface of cellHTS2",
            "x − ŝ(row, column): robust local polynomial with tricube weights of locfit; extrapolates",
            _BOTH,
            _LEVEL,
            "enough sample wells for a local fit",
            "cellHTS2 ≥ 2.11.6 normalizePlates(method = 'locfit'), locfit 1.5-9.7",
            "Loader 1999, doi:10.1007/b98858",
            f"{_PLATE384}, columns locfit_*",
            locfit,
            ("span", "bandwidth", "degree", "statistics_from"),
        ),
        Method(
            "sights-loess",
            "row and column loess",
            "x · mean(row fit)/row fit · mean(column fit)/column fit, then robust z (raw) or less the median (log2)",
            _BOTH,
            {"raw": "scaled MADs", "log2": "log2 units, 0 = typical of the plate"},
            _VARYING,
            "sights 1.33 normLoess",
            "Murie et al. 2015, doi:10.1177/1087057114564105",
            "tests/core/test_row_column_loess.py",
            sights_loess,
        ),
        Method(
            "blup",
            "best linear unbiased surface",
            "x − ŝ: random rows, columns, edge and smooth fields, variances pooled over all plates",
            _BOTH,
            _LEVEL,
            _VARYING,
            "none: ours",
            "Robinson 1991, doi:10.1214/ss/1177011926",
            "simulation with known truth (tests/core/test_blup.py)",
            blup,
            (),
            pools_plates=True,
        ),
    )
}
