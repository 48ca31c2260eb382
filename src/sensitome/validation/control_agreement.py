"""Whether the classes of negative controls of the validation assay say the same."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.t_tests import equivalence, t_of
from sensitome.errors import Caution
from sensitome.screen.drug_effects import MATTERS
from sensitome.validation.cells import line_cells
from sensitome.validation.power import residual_of
from sensitome.validation.tables import ValidationControls

__all__ = ["compare_controls"]

FloatArray = npt.NDArray[np.float64]

_NUMBERS = ["effect", "ci_low", "ci_high", "p_value", "q_value"]


def compare_controls(wells: pl.DataFrame, *, vehicle: str, level: float = 0.95) -> pl.DataFrame:
    """Compare the classes of negative controls with each other, without drug and under every drug.

    Parameters
    ----------
    wells : from `normalize_validation`
    vehicle : the arm without drug
    level : coverage of the intervals

    Returns
    -------
    Table `validation_controls`, sorted by its key; empty where a cell line has one class only. `agree`, as for the
    screen, is false where classes differ by more than 0.1 log2 with q < 0.05, true where they are shown to differ by
    less (two one-sided tests, each at 0.05), null where neither can be told

    Warns
    -----
    Caution
        Classes differ by more than 0.1 log2 with q < 0.05.

    Notes
    -----
    D = mean log2 viability of the first class − that of the second, on the plates that hold both, in each biological
    replicate; with a drug, D minus that without. With three replicates a t test over them hardly finds anything;
    therefore the variance is that of all reagents: var = s² (1/m₁ + 1/m₂)/n, twice that with a drug, where s² is the
    mean square of reagent × arm × replicate and mᵢ are the control reagents of a class.

    References
    ----------
    Schuirmann 1987, doi:10.1007/BF01068419 (two one-sided tests)
    """
    rows: list[dict[str, object]] = []
    for line in wells["cell_line"].unique().sort().to_list():
        own = wells.filter(pl.col("cell_line") == line)
        variance, df = residual_of(line_cells(own))
        rows += [
            {"cell_line": line, **row} for row in _of_line(own, vehicle=vehicle, noise=(variance, df), level=level)
        ]
    schema = {**dict.fromkeys(ValidationControls.column_names()[:4], pl.String), **dict.fromkeys(_NUMBERS, pl.Float64)}
    table = pl.DataFrame(rows, schema={**schema, "n": pl.Int32, "alike": pl.Boolean}).with_columns(
        pl.col(_NUMBERS).fill_nan(None)
    )
    q = adjust_p(table["p_value"].fill_null(np.nan).to_numpy())
    table = table.with_columns(pl.Series("q_value", q, dtype=pl.Float64).fill_nan(None))
    differ = (pl.col("q_value") < 0.05) & (pl.col("effect").abs() > MATTERS)
    table = table.with_columns(agree=pl.when(differ).then(pl.lit(value=False)).when("alike").then(pl.lit(value=True)))
    _warn_of_quarrels(table)
    return table.select(ValidationControls.column_names()).sort("cell_line", "treatment", "first", "second")


def _of_line(wells: pl.DataFrame, *, vehicle: str, noise: tuple[float, float], level: float) -> list[dict[str, object]]:
    """Comparisons of one cell line."""
    known = pl.col("control_class").is_not_null() & pl.col("log2_viability").is_not_null()
    control = wells.filter((pl.col("role") == "negative") & known)
    means = (
        control.sort("plate", "row", "column")
        .group_by("control_class", "treatment", "replicate", "plate", maintain_order=True)
        .agg(pl.col("log2_viability").mean().alias("level"))
    )
    members = dict(control.group_by("control_class").agg(pl.col("reagent").n_unique()).iter_rows())
    rows = []
    for first, second in itertools.combinations(sorted(members), 2):
        apart = _apart(means, first, second)
        share = noise[0] * (1 / members[first] + 1 / members[second])
        for arm in sorted({arm for arm, _ in apart}):
            own = {replicate: value for (name, replicate), value in apart.items() if name == arm}
            if arm != vehicle:
                own = {r: value - apart[vehicle, r] for r, value in own.items() if (vehicle, r) in apart}
            variance = share if arm == vehicle else 2 * share
            row = {"treatment": arm, "first": first, "second": second}
            rows.append(row | _estimate(list(own.values()), variance, noise[1], level))
    return rows


def _apart(means: pl.DataFrame, first: str, second: str) -> dict[tuple[str, int], float]:
    """(Arm, replicate) → first − second, mean over the plates that hold both."""
    place = ["treatment", "replicate", "plate"]
    one, two = (means.filter(pl.col("control_class") == name).drop("control_class") for name in (first, second))
    both = one.join(two.rename({"level": "other"}), on=place).sort(place)
    table = both.group_by("treatment", "replicate", maintain_order=True).agg((pl.col("level") - pl.col("other")).mean())
    return {(arm, replicate): value for arm, replicate, value in table.iter_rows()}


def _estimate(values: list[float], variance: float, df: float, level: float) -> dict[str, object]:
    """Mean of the replicates, tested with the variance of one of them, and whether it is shown to be next to none."""
    n = len(values)
    effect = np.array([np.mean(values) if n else np.nan])
    error = np.array([np.sqrt(variance / n) if n > 1 else np.nan])
    test = t_of(effect, error, np.array([df]), level=level)
    names = ("effect", "ci_low", "ci_high", "p_value")
    alike = equivalence(effect, error, np.array([df]), margin=MATTERS).p_value[0] < 0.05
    return {**{name: float(getattr(test, name)[0]) for name in names}, "n": n, "alike": bool(alike)}


def _warn_of_quarrels(table: pl.DataFrame) -> None:
    """Name the classes that do not agree."""
    quarrels = table.filter(~pl.col("agree"))
    if quarrels.is_empty():
        return
    found = "; ".join(
        f"{first} − {second} = {effect:+.2f} log2 with {arm} in {line}"
        for line, arm, first, second, effect in quarrels.select(
            "cell_line", "treatment", "first", "second", "effect"
        ).iter_rows()
    )
    warnings.warn(
        Caution(
            "classes of negative controls disagree in the validation assay",
            found=found,
            expected=f"differences within {MATTERS:g} log2",
            next_step="Compare each kind of reagent with the controls of its own class: "
            'validation.comparator = "controls".',
        ),
        stacklevel=3,
    )
