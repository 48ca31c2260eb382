"""What the drugs do by themselves, from negative controls, with plates as the n.

A plate holds one arm, so that a drug's own effect is part of its plates and gone after normalization. It is read off
raw log2 signals: plates that carry the same library plate in the same line and replicate are compared with each other.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.t_tests import paired_t
from sensitome.errors import Caution, ControlError, listed
from sensitome.frames import to_polars
from sensitome.settings import Treatments

__all__ = ["control_agreement", "drug_effects"]

FloatArray = npt.NDArray[np.float64]

_ESTIMATE = ["effect", "ci_low", "ci_high", "p_value", "n"]
#: Classes that differ by less (log2) than this do not matter, however sure it is.
MATTERS = 0.1


def drug_effects(wells: pl.DataFrame, *, treatments: Treatments) -> pl.DataFrame:
    """Effect of every drug alone, and of every combination beyond its parts.

    Parameters
    ----------
    wells : columns cell_line, treatment, replicate, library_plate, plate, role, signal or log2_signal; and kind,
        control_class where the library has them
    treatments : vehicle and combinations

    Returns
    -------
    One row per cell line × treatment × term × control class, and class "all" for all controls together: term ``effect``
    (log2, drug − vehicle) or ``combination`` (combination − sum of its parts; negative = more than Bliss), ci_low,
    ci_high, p_value, q_value (BH over the table), n = sets of plates compared; null where there are fewer than two

    Raises
    ------
    ControlError
        A screen without negative controls, or without a vehicle among their plates.

    Notes
    -----
    y = mean log2 signal of the controls of a plate; d = y(drug) − y(vehicle) of the plates with the same library plate
    and replicate, or y(AB) − y(A) − y(B) + y(vehicle); paired t over the d. The n are plates: wells of one plate share
    its pipetting, so that a test over wells would find any plate different from any other.
    """
    plates = _plate_means(wells, vehicle=treatments.vehicle)
    rows = []
    for (line, name), own in sorted(plates.group_by("cell_line", "class"), key=lambda group: tuple(map(str, group[0]))):
        wide = own.pivot(on="treatment", index=["library_plate", "replicate"], values="y").sort(
            "library_plate", "replicate"
        )
        for arm, term, difference in _terms(wide, treatments):
            rows.append({"cell_line": line, "treatment": arm, "term": term, "class": name} | _estimate(difference))
    return _with_q(pl.DataFrame(rows, schema_overrides=dict.fromkeys(_ESTIMATE[:4], pl.Float64)))


def control_agreement(wells: pl.DataFrame, *, treatments: Treatments) -> pl.DataFrame:
    """Whether the classes of negative controls say the same of each drug.

    Parameters
    ----------
    wells, treatments : as in `drug_effects`

    Returns
    -------
    One row per cell line × treatment × pair of classes: first, second, effect = the drug's effect on the first minus
    that on the second (log2), ci_low, ci_high, p_value, q_value, n, agree: false where they differ by more than 0.1
    log2 with q < 0.05, true where they are shown to differ by less (two one-sided tests, each at 0.05), null where
    neither can be told. A Caution names the pairs that disagree.

    Raises
    ------
    ControlError
        As `drug_effects`.

    References
    ----------
    Schuirmann 1987, doi:10.1007/BF01068419 (two one-sided tests)
    """
    plates = _plate_means(wells, vehicle=treatments.vehicle).filter(pl.col("class") != "all")
    index = ["cell_line", "library_plate", "replicate"]
    vehicle = plates.filter(pl.col("treatment") == treatments.vehicle).select(*index, "class", base="y")
    change = (
        plates.filter(pl.col("treatment") != treatments.vehicle)
        .join(vehicle, on=[*index, "class"])
        .with_columns(d=pl.col("y") - pl.col("base"))
    )
    rows = []
    for (line, arm), own in sorted(
        change.group_by("cell_line", "treatment"), key=lambda group: tuple(map(str, group[0]))
    ):
        wide = own.pivot(on="class", index=["library_plate", "replicate"], values="d").sort(
            "library_plate", "replicate"
        )
        for first, second in itertools.combinations(sorted(set(wide.columns) - {"library_plate", "replicate"}), 2):
            pair = {"cell_line": line, "treatment": arm, "first": first, "second": second}
            rows.append(pair | _estimate((wide[first] - wide[second]).to_numpy()))
    keys = dict.fromkeys(["cell_line", "treatment", "first", "second"], pl.String)
    schema = {**keys, **dict.fromkeys(_ESTIMATE[:4], pl.Float64), "n": pl.Int32}
    table = _with_q(pl.DataFrame(rows, schema=schema))
    differ = (pl.col("q_value") < 0.05) & (pl.col("effect").abs() > MATTERS)
    alike = pl.Series(_shown_alike(table), dtype=pl.Boolean)
    table = table.with_columns(agree=pl.when(differ).then(pl.lit(value=False)).when(alike).then(pl.lit(value=True)))
    _warn_of_quarrels(table)
    return table


def _plate_means(wells: pl.DataFrame, *, vehicle: str | None) -> pl.DataFrame:
    """Mean log2 signal of the negative controls of every plate, by class and for all classes together."""
    wells = to_polars(wells)
    negative = wells.filter((pl.col("role").cast(pl.String) == "negative") & (pl.col("signal") > 0))
    names = [pl.col(name) for name in ("control_class", "kind") if name in wells.columns]
    arms = negative["treatment"].unique().sort().to_list()
    if negative.is_empty() or vehicle not in arms:
        raise ControlError(
            "effects of drugs alone need negative controls on plates of all arms",
            found=f"negative controls with treatments {listed(arms, last='and')}",
            expected=f"the vehicle {vehicle!r} and the drugs",
            next_step="Mark the negative controls in the library.",
        )
    named = negative.with_columns(
        pl.coalesce(*names, pl.lit("negative")).alias("class"), pl.col("signal").log(2).alias("y")
    )
    keys = ["cell_line", "treatment", "replicate", "library_plate"]
    both = pl.concat([named, named.with_columns(pl.lit("all").alias("class"))])
    return both.group_by(*keys, "class").agg(pl.col("y").sort().mean()).sort(*keys, "class")


def _terms(wide: pl.DataFrame, treatments: Treatments) -> list[tuple[str, str, FloatArray]]:
    """(arm, term, differences over sets of plates) of one line and class."""
    arms = set(wide.columns) - {"library_plate", "replicate"}
    vehicle = treatments.vehicle
    if vehicle not in arms:
        return []
    base = wide[vehicle].to_numpy()
    own = {arm: wide[arm].to_numpy() - base for arm in sorted(arms - {vehicle})}
    found = [(arm, "effect", difference) for arm, difference in own.items()]
    for arm, parts in sorted(treatments.combinations.items()):
        if {arm, *parts} <= own.keys():
            found.append((arm, "combination", own[arm] - sum(own[part] for part in parts)))
    return found


def _estimate(difference: FloatArray) -> dict[str, float | int]:
    """Mean of differences with its t interval."""
    values = difference[np.isfinite(difference)]
    test = paired_t(values[None], np.zeros((1, len(values))))
    parts = zip(_ESTIMATE, (test.effect, test.ci_low, test.ci_high, test.p_value), strict=False)
    return {name: float(part[0]) for name, part in parts} | {"n": len(values)}


def _shown_alike(table: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Differences that two one-sided t tests, each at 0.05, show to lie within ±`MATTERS`."""
    from scipy import special

    effect, high, n = (table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("effect", "ci_high", "n"))
    df = np.maximum(n - 1, 1)
    reach = (high - effect) * special.stdtrit(df, 0.95) / special.stdtrit(df, 0.975)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(effect) + reach < MATTERS)


def _with_q(table: pl.DataFrame) -> pl.DataFrame:
    """Nulls for what is not known, and q over the whole table."""
    table = table.with_columns(pl.col(_ESTIMATE[:4]).fill_nan(None), pl.col("n").cast(pl.Int32))
    q = adjust_p(table["p_value"].fill_null(np.nan).to_numpy())
    after = table.columns.index("p_value") + 1
    return table.insert_column(after, pl.Series("q_value", q, dtype=pl.Float64).fill_nan(None))


def _warn_of_quarrels(table: pl.DataFrame) -> None:
    """Name the pairs of classes that do not agree."""
    quarrels = table.filter(~pl.col("agree"))
    if quarrels.height:
        found = "; ".join(
            f"{first} − {second} = {effect:+.2f} log2 with {arm} in {line}"
            for line, arm, first, second, effect in quarrels.select(
                "cell_line", "treatment", "first", "second", "effect"
            ).iter_rows()
        )
        warnings.warn(
            Caution(
                "classes of negative controls disagree about a drug",
                found=found,
                expected=f"differences within {MATTERS:g} log2",
                next_step="Compare each kind of reagent with the controls of its own class.",
            ),
            stacklevel=3,
        )
