"""Every quality figure as a record: what it means, from where on it warns or fails, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.errors import SettingsError, listed, suggestion

__all__ = ["FIGURES", "VERDICTS", "QualityFigure", "figures_with", "verdicts"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Verdicts from best to worst, as their numbers; "not applicable" says nothing either way.
VERDICTS = ("not applicable", "pass", "warn", "fail")

OWN = "a convention of this project"
ZHANG = "Zhang JH 1999, doi:10.1177/108705719900400206"
SSMD = "Zhang XD 2007, doi:10.1016/j.ygeno.2006.12.014"
WINDOW = "Iversen 2006, doi:10.1177/1087057105285610"
BIRMINGHAM = "Birmingham 2009, doi:10.1038/nmeth.1351"
MALO = "Malo 2006, doi:10.1038/nbt1186"
BH = "Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x"


@dataclass(frozen=True)
class QualityFigure:
    """One quality figure.

    Parameters
    ----------
    name : of the figure, and of its column in the plate table
    unit : of its value
    meaning : one line for the bench
    good : where good values lie
    warn, fail : limits; None where there is none
    reference : who defined the figure or its limit
    decides : whether it counts for the verdict on its plate; what a correction takes away does not
    """

    name: str
    unit: str
    meaning: str
    good: Literal["high", "low", "near zero"]
    warn: float | None
    fail: float | None
    reference: str
    decides: bool = True

    @property
    def warn_rule(self) -> str:
        """The warning limit in words; empty without one."""
        return self._rule("warn", self.warn)

    @property
    def fail_rule(self) -> str:
        """The failing limit in words; empty without one."""
        return self._rule("fail", self.fail)

    @property
    def threshold(self) -> str:
        """Both limits in words."""
        return ", ".join(filter(None, (self.warn_rule, self.fail_rule))) or "no limit, for information"

    def _rule(self, word: str, limit: float | None) -> str:
        if limit is None:
            return ""
        return f"{word} { ({'high': 'below ', 'low': 'above ', 'near zero': 'beyond ±'}[self.good]) }{limit:g}"


def _high(name: str, unit: str, meaning: str, limits: tuple[float | None, float | None], by: str) -> QualityFigure:
    return QualityFigure(name, unit, meaning, "high", *limits, by)


def _low(name: str, unit: str, meaning: str, limits: tuple[float | None, float | None], by: str) -> QualityFigure:
    return QualityFigure(name, unit, meaning, "low", *limits, by)


def _near(name: str, unit: str, meaning: str, limits: tuple[float | None, float | None], by: str) -> QualityFigure:
    return QualityFigure(name, unit, meaning, "near zero", *limits, by)


def _aside(figure: QualityFigure) -> QualityFigure:
    return replace(figure, decides=False)


_PLATE = (
    _high("z_prime", "", "room between the controls; 1 is perfect", (0.5, 0.0), ZHANG),
    _high(
        "z_prime_robust", "", "the same with medians and MADs: single bad wells do not move it", (0.5, 0.0), BIRMINGHAM
    ),
    _high("ssmd", "SD", "distance of the controls in SDs of their difference, log2", (3.0, 2.0), SSMD),
    _high("ssmd_robust", "SD", "the same with medians and MADs", (3.0, 2.0), SSMD),
    _high("dynamic_range", "fold", "ratio of the geometric means of negatives and positives", (2.0, None), OWN),
    _high("signal_window", "SD", "room between the controls' 3-SD bands, in SDs of the brighter", (2.0, 0.0), WINDOW),
    _low("cv_negative", "%", "variation of the negative controls", (20.0, 50.0), WINDOW),
    _aside(
        _low("cv_positive", "%", "variation of the positive controls, which are dim when they kill", (50.0, None), OWN)
    ),
    _high("spread", "log2", "scaled MAD of the samples; near 0 the reader gave one value for all", (0.02, 1e-6), OWN),
    _low("missing_share", "fraction", "wells of the library without a reading", (0.05, 0.2), OWN),
    _low("missing_lines", "count", "rows and columns of the library without any reading", (0.0, 2.0), OWN),
    _near("edge_index", "log2", "median of the outer wells minus median of the inner wells", (0.3, 0.8), MALO),
    _aside(_low("row_effect", "log2", "furthest row median from the plate's median", (0.5, None), MALO)),
    _aside(_low("column_effect", "log2", "furthest column median from the plate's median", (0.5, None), MALO)),
    _low("stripes", "count", "rows and columns that stand out, as a clogged dispenser makes them", (0.0, 6.0), OWN),
    _aside(
        _low(
            "moran", "", "likeness of neighbors (Moran's I): share of the variance that is position", (0.25, None), OWN
        )
    ),
    _aside(_high("correction_q", "q", "below the limit, position matters here: correct for it", (0.05, None), BH)),
    _high("remaining_q", "q", "below the limit, position still matters after normalization", (0.01, None), BH),
    _high("layout_margin", "SE", "controls part better as laid out than when turned or mirrored", (-2.0, -4.0), OWN),
    _aside(_high("own_pattern", "r", "likeness to the other plates of its library plate", (None, None), OWN)),
    _high("identity_q", "q", "below the limit, another library plate or a turned one fits better", (0.01, 1e-4), BH),
    _low(
        "twins", "count", "plates that it resembles more than replicates do: measured or copied twice", (0.0, 0.0), OWN
    ),
)

_GROUP = (
    _high(
        "replicate_pearson",
        "r",
        "lowest correlation between replicates; low also where no reagent acts",
        (0.5, None),
        BIRMINGHAM,
    ),
    _high("replicate_spearman", "r", "the same with ranks: single strong hits do not make it", (0.4, None), BIRMINGHAM),
    _high(
        "replicate_ccc", "", "the same with shift and scale counted (Lin)", (0.4, None), "Lin 1989, doi:10.2307/2532051"
    ),
    _low(
        "repeatability_sd",
        "as normalized",
        "spread of replicates around their own means",
        (None, None),
        "cellHTS2",
    ),
    _high("interaction_pearson", "r", "lowest correlation between replicates of drug minus vehicle", (0.1, None), OWN),
    _near(
        "drift",
        "log2",
        "change of the plate medians from first to last; library plates read in turn show here too",
        (1.0, 2.0),
        OWN,
    ),
    _high("drift_q", "q", "below the limit, the plate medians go up or down over time", (0.01, None), BH),
    _low("cv_of_class", "%", "variation of one class of controls, median over plates", (20.0, 50.0), WINDOW),
    _high(
        "library_correction_q",
        "q",
        "below the limit, position or reagents (they are aliased here) matter on this library plate",
        (0.05, None),
        BH,
    ),
)

_SCREEN = (
    _high("screen_z_prime", "", "Z′ of the normalized controls over all plates of a replicate", (0.5, 0.0), ZHANG),
    _high("screen_z_prime_robust", "", "the same with medians and MADs", (0.5, 0.0), BIRMINGHAM),
    _low("failing_share", "fraction", "plates that fail", (0.05, 0.2), OWN),
    _low("screen_missing_share", "fraction", "wells of the library without a reading, all plates", (0.02, 0.1), OWN),
    _low("correction_share", "fraction", "plates on which position matters before normalization", (None, None), BH),
    _high(
        "shared_position_p",
        "p",
        "below the limit, a position effect is shared by different library plates: not reagents",
        (0.05, None),
        OWN,
    ),
)

#: Every figure by its name, plates first. The limits are data: see `figures_with`.
FIGURES: Mapping[str, QualityFigure] = {figure.name: figure for figure in (*_PLATE, *_GROUP, *_SCREEN)}
#: Names of the figures that every plate has, in the order of the plate table.
PLATE_FIGURES: tuple[str, ...] = tuple(figure.name for figure in _PLATE)


def figures_with(thresholds: Mapping[str, float | None]) -> Mapping[str, QualityFigure]:
    """Return the figures with the lab's own limits.

    Parameters
    ----------
    thresholds : "z_prime.warn" → limit; None takes a limit away

    Raises
    ------
    SettingsError
        A key is not a figure's name, a dot and "warn" or "fail"; all such keys are named.
    """
    figures = dict(FIGURES)
    allowed = [f"{name}.{level}" for name in FIGURES for level in ("warn", "fail")]
    unknown = [key for key in thresholds if key not in allowed]
    if unknown:
        raise SettingsError(
            "unknown quality threshold",
            where="quality.thresholds",
            found=listed(unknown, last="and"),
            expected='the name of a figure, a dot and "warn" or "fail"',
            next_step=" ".join(filter(None, (suggestion(key, allowed) for key in unknown))),
        )
    for key, limit in thresholds.items():
        name, level = key.rsplit(".", 1)
        figure = figures[name]
        figures[name] = replace(figure, warn=limit) if level == "warn" else replace(figure, fail=limit)
    return figures


def verdicts(figure: QualityFigure, values: FloatArray) -> IntArray:
    """Hold values against the limits of their figure: (n,) numbers into `VERDICTS`; NaN is not applicable.

    >>> [VERDICTS[i] for i in verdicts(FIGURES["z_prime"], np.array([0.7, 0.2, -np.inf, np.nan]))]
    ['pass', 'warn', 'fail', 'not applicable']
    """
    toward_bad = {"high": -values, "low": values, "near zero": np.abs(values)}[figure.good]
    sign = -1.0 if figure.good == "high" else 1.0
    level = np.ones(len(values), dtype=np.intp)
    for step, limit in ((2, figure.warn), (3, figure.fail)):
        if limit is not None:
            level = np.where(toward_bad > sign * limit, np.maximum(level, step), level)
    return np.asarray(np.where(np.isnan(values), 0, level))


def worst(levels: Iterable[IntArray]) -> IntArray:
    """Return the worst of several verdicts, element by element; at least "pass"."""
    return np.asarray(np.maximum(np.max(np.stack(list(levels)), axis=0), 1))
