"""How far a survival result can be trusted: all defensible choices, checks of one feature, cohorts together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.cohort.curves import feature_row
from sensitome.cohort.cuts import CUTS, Cut, split
from sensitome.cohort.endpoint_data import EndpointData, endpoint_data
from sensitome.cohort.subset import condition
from sensitome.cohort.survival import compare_survival
from sensitome.core.meta_analysis import pool
from sensitome.core.multiple import adjust_p
from sensitome.core.survival.best_cut import best_cut
from sensitome.core.survival.competing import fine_gray, gray_test
from sensitome.core.survival.cox import cox, proportional_hazards
from sensitome.core.survival.kaplan_meier import kaplan_meier, mean_difference
from sensitome.errors import Caution, SensitomeError, TableError
from sensitome.expression_matrix import Expression

__all__ = ["multiverse", "pool_cohorts", "scrutinize", "scrutinize_each"]

FloatArray = npt.NDArray[np.float64]

_FIGURE = {
    "figure": pl.String,
    "effect": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "statistic": pl.Float64,
    "p_value": pl.Float64,
    "detail": pl.String,
}
_Z = 1.959963984540054


def multiverse(
    expression: Expression,
    clinical: pl.DataFrame,
    *,
    features: Sequence[str],
    endpoints: Sequence[str],
    cuts: Sequence[Cut] = CUTS,
    subsets: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Test features under every cut rule, endpoint and subset of patients.

    Parameters
    ----------
    expression : samples × features
    clinical : ``sample``, the columns of the endpoints, and those that subsets name
    features, endpoints : names
    cuts : rules by which patients are parted
    subsets : name → expression over clinical columns; None = all patients

    Returns
    -------
    One row per ``mirna, endpoint, subset, cut`` (cut ``continuous`` = Cox's regression per standard deviation):
    ``effect, ci_low, ci_high`` (log hazard ratio), ``p_value, n, n_event, n_high, n_low, note``. A subset in
    which nothing can be tested has a row with a note
    """
    rows = [feature_row(expression, feature) for feature in features]
    chosen = expression.take(features=rows)
    parts = []
    for name, words in (subsets or {"all": ""}).items():
        part = clinical.filter(condition(words, columns=clinical.columns)) if words.strip() else clinical
        for endpoint in endpoints:
            found = _universe(chosen, part, endpoint, cuts)
            parts.append(found.with_columns(subset=pl.lit(name), endpoint=pl.lit(endpoint)))
    columns = ["mirna", "endpoint", "subset", "cut", "effect", "ci_low", "ci_high", "p_value"]
    return pl.concat(parts, how="diagonal_relaxed").select(*columns, "n", "n_event", "n_high", "n_low", "note")


def scrutinize(
    expression: Expression,
    clinical: pl.DataFrame,
    *,
    feature: str,
    endpoint: str,
    until: float | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> pl.DataFrame:
    """Everything beyond the split and the continuous model, for one feature.

    Parameters
    ----------
    expression : samples × features
    clinical : ``sample`` and the columns of the endpoint
    feature, endpoint : names
    until : end of the window of the restricted means; None = the last time at which both halves still have patients
    permutations, seed : of the best cut

    Returns
    -------
    One row per ``figure``: ``proportional-hazards``, ``restricted-mean`` (high − low, in the unit of time), ``firth``,
    ``best-cut`` (p by permutation; ``detail`` has the cut and the corrected p of Lausen and others, never the bare one)
    and, where causes are known, ``gray`` and ``fine-gray`` (log subdistribution hazard ratio per standard deviation):
    ``effect, ci_low, ci_high, statistic, p_value, detail``

    Raises
    ------
    TableError
        The feature or the endpoint cannot be used, or the feature has one value only.
    """
    data = endpoint_data(expression.take(features=[feature_row(expression, feature)]), clinical, endpoint)
    there = ~np.isnan(data.values[0])
    x, time, event = data.values[0, there], data.time[there], data.event[there]
    if len(np.unique(x)) < 2 or not event.any():
        raise TableError(
            f"feature {feature!r} cannot be related to the endpoint {endpoint!r}",
            found=f"{len(np.unique(x))} different values and {int(event.sum())} events",
            expected="at least 2 values and an event",
        )
    scaled = ((x - x.mean()) / x.std(ddof=1))[None]
    high = split(x[None]).member[0] == 1
    rows = [
        _hazards_row(time, event, scaled),
        _mean_row(time, event, high, until),
        _firth_row(time, event, scaled),
        _cut_row(time, event, x, permutations, seed),
    ]
    if data.cause is not None:
        rows += _cause_rows(data, there, high, scaled)
    table = pl.DataFrame(rows, schema=_FIGURE, orient="row")
    return table.with_columns(pl.col(pl.Float64).fill_nan(None))


def scrutinize_each(
    expression: Expression,
    clinical: pl.DataFrame,
    *,
    features: Sequence[str],
    endpoints: Sequence[str],
    until: float | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> pl.DataFrame:
    """Everything that `scrutinize` says of several features and endpoints.

    Returns
    -------
    Its rows, with ``mirna`` and ``endpoint`` in front; a feature that cannot be related to an endpoint has none
    """
    parts = [pl.DataFrame(schema={"mirna": pl.String, "endpoint": pl.String, **_FIGURE})]
    for feature in features:
        for endpoint in endpoints:
            try:
                found = scrutinize(
                    expression,
                    clinical,
                    feature=feature,
                    endpoint=endpoint,
                    until=until,
                    permutations=permutations,
                    seed=seed,
                )
            except TableError:
                continue  # the tests of survival say why
            parts.append(found.select(pl.lit(feature).alias("mirna"), pl.lit(endpoint).alias("endpoint"), pl.all()))
    return pl.concat(parts)


def pool_cohorts(tests: Mapping[str, pl.DataFrame], *, model: str = "cox") -> pl.DataFrame:
    """Pool the log hazard ratios of several cohorts.

    Parameters
    ----------
    tests : name of the cohort → table of `compare_survival`
    model : which rows

    Returns
    -------
    One row per ``mirna, endpoint, source``: each cohort, ``fixed`` (one true effect) and ``random`` (effects vary
    between cohorts): ``effect, ci_low, ci_high, p_value, n_event, i2, heterogeneity_p``, and ``q_value`` over miRNAs
    and endpoints of the pooled rows. Made for a forest plot
    """
    keys = ["mirna", "endpoint"]
    own = [
        table.filter(pl.col("model") == model)
        .select(*keys, "effect", "ci_low", "ci_high", "se", "p_value", "n_event")
        .with_columns(source=pl.lit(name))
        for name, table in tests.items()
    ]
    single = pl.concat(own)
    order = single.select(keys).unique(maintain_order=True)
    sides = [order.join(part, on=keys, how="left", maintain_order="left") for part in own]
    effect, se = (
        np.stack([part[name].cast(pl.Float64).to_numpy() for part in sides], axis=1) for name in ("effect", "se")
    )
    pooled = pool(effect, se)
    events = np.stack([part["n_event"].fill_null(0).to_numpy() for part in sides], axis=1)
    parts = [single.drop("se")]
    for name, value, error, p in (
        ("fixed", pooled.fixed, pooled.fixed_se, pooled.fixed_p),
        ("random", pooled.random, pooled.random_se, pooled.random_p),
    ):
        columns = {"effect": value, "ci_low": value - _Z * error, "ci_high": value + _Z * error, "p_value": p}
        more = {"n_event": events.sum(axis=1).astype(np.int32), "i2": pooled.i2, "heterogeneity_p": pooled.q_p}
        parts.append(
            order.with_columns(
                *(pl.Series(n, v) for n, v in {**columns, **more, "q_value": adjust_p(p)}.items())
            ).with_columns(source=pl.lit(name))
        )
    table = pl.concat(parts, how="diagonal_relaxed").with_columns(pl.col(pl.Float64).fill_nan(None))
    place = {name: row for row, name in enumerate([*tests, "fixed", "random"])}
    ranked = table.with_columns(pl.col("source").replace_strict(place).alias("_place")).join(
        order.with_row_index("_order"), on=keys, how="left", maintain_order="left"
    )
    wanted = [*keys, "source", "effect", "ci_low", "ci_high", "p_value", "q_value", "n_event", "i2", "heterogeneity_p"]
    return ranked.sort("_order", "_place").select(wanted)


def _universe(chosen: Expression, clinical: pl.DataFrame, endpoint: str, cuts: Sequence[Cut]) -> pl.DataFrame:
    """Rows of one endpoint and subset."""
    parts = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # what they would say is in the notes of the rows
        try:
            for number, cut in enumerate(cuts):
                table = compare_survival(chosen, clinical, endpoints=[endpoint], cut=cut)
                if number == 0:
                    parts.append(table.filter(pl.col("model") == "cox").with_columns(cut=pl.lit("continuous")))
                parts.append(table.filter(pl.col("model") == "log-rank").with_columns(cut=pl.lit(cut)))
        except SensitomeError as error:
            return chosen.features.select(
                mirna=pl.col("feature").cast(pl.String), cut=pl.lit(None, dtype=pl.String), note=pl.lit(error.what)
            )
    return pl.concat(parts)


def _hazards_row(time: FloatArray, event: npt.NDArray[np.bool_], x: FloatArray) -> tuple[object, ...]:
    fit = cox(time, event, x)
    if not fit.converged:
        return ("proportional-hazards", None, None, None, None, None, "no estimate")
    test = proportional_hazards(time, event, x, coefficient=fit.coefficient)
    return (
        "proportional-hazards",
        None,
        None,
        None,
        float(test.statistic[0]),
        float(test.p[0]),
        "score test, time as 1 − S(t)",
    )


def _mean_row(
    time: FloatArray, event: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_], until: float | None
) -> tuple[object, ...]:
    if not high.any() or high.all():
        return ("restricted-mean", None, None, None, None, None, "one group is empty")
    end = float(min(time[high].max(), time[~high].max())) if until is None else until
    curves = [kaplan_meier(time[part], event[part]) for part in (high, ~high)]
    found = mean_difference(curves[0], curves[1], until=end)
    z = found.value / found.se if found.se > 0 else float("nan")
    return ("restricted-mean", found.value, found.low, found.high, z, found.p, f"until {end:g}")


def _firth_row(time: FloatArray, event: npt.NDArray[np.bool_], x: FloatArray) -> tuple[object, ...]:
    fit = cox(time, event, x, firth=True)
    value, se = float(fit.coefficient[0]), float(np.sqrt(fit.covariance[0, 0]))
    return (
        "firth",
        value,
        value - _Z * se,
        value + _Z * se,
        (value / se) ** 2,
        float(fit.p[0]),
        "per standard deviation",
    )


def _cut_row(
    time: FloatArray, event: npt.NDArray[np.bool_], x: FloatArray, permutations: int, seed: int
) -> tuple[object, ...]:
    try:
        found = best_cut(time, event, x, permutations=permutations, rng=np.random.default_rng(seed))
    except ValueError as error:
        return ("best-cut", None, None, None, None, None, str(error))
    p = found.p_permutation if permutations else found.p_lausen_94
    detail = (
        f"low ≤ {found.cut:g} ({found.n_low} of {len(x)}); corrected p: Lausen 1992 {found.p_lausen_92:.3g}, "
        f"Lausen 1994 {found.p_lausen_94:.3g}"
    )
    return ("best-cut", None, None, None, found.statistic, p, detail)


def _cause_rows(
    data: EndpointData, there: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_], scaled: FloatArray
) -> list[tuple[object, ...]]:
    if data.cause is None:
        return []
    time, cause = data.time[there], data.cause[there]
    test = gray_test(time, cause, high.astype(np.intp))
    fit = fine_gray(time, cause, scaled)
    value, se = float(fit.coefficient[0]), float(fit.robust_se[0])
    others = int((cause == 2).sum())
    return [
        ("gray", None, None, None, test.statistic, test.p, f"high against low; {others} events of other causes"),
        (
            "fine-gray",
            value,
            value - _Z * se,
            value + _Z * se,
            (value / se) ** 2,
            float(fit.p[0]),
            "per standard deviation",
        ),
    ]
