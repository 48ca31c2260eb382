"""Validation plates made comparable: each to the median of its negative control."""

from __future__ import annotations

import polars as pl

from sensitome.errors import ControlError, Fault
from sensitome.validation.settings import ValidationSettings

__all__ = ["normalize_validation"]


def normalize_validation(wells: pl.DataFrame, *, settings: ValidationSettings, vehicle: str) -> pl.DataFrame:
    """Divide every well by the median of the negative controls.

    Parameters
    ----------
    wells : from `validation_wells`
    settings : which controls are 100 % (`control_arm`), and where they lie (`scope`)
    vehicle : the arm without drug

    Returns
    -------
    The wells with `control_level` (counts), `viability` (1 = the control) and `log2_viability` (null where the signal
    is not positive)

    Raises
    ------
    ControlError
        A plate (or replicate) without such controls, or whose control median is zero or negative; all are named.

    Notes
    -----
    Dividing by a control's median puts its noise into every ratio of the plate; tests therefore compare reagents with
    controls of the same plate, where it drops out again.

    References
    ----------
    Normann et al. 2021, doi:10.1038/s41598-021-90385-2: "normalized to the median negative control for each plate"
    """
    same = ["cell_line", "plate"] if settings.scope == "plate" else ["cell_line", "replicate"]
    own_arm = settings.control_arm == "same-arm"
    keys = [*same, "treatment"] if own_arm else same
    controls = wells.filter(
        (pl.col("role") == "negative") & (own_arm or pl.col("treatment") == vehicle) & pl.col("signal").is_not_null()
    )
    levels = controls.group_by(keys).agg(pl.col("signal").median().alias("control_level"))
    joined = wells.join(levels, on=keys, how="left", maintain_order="left")
    _refuse(joined, keys, settings=settings, vehicle=vehicle)
    viability = pl.col("signal") / pl.col("control_level")
    return joined.with_columns(
        viability.alias("viability"),
        pl.when(viability > 0).then(viability.log(2)).alias("log2_viability"),
    )


def _refuse(wells: pl.DataFrame, keys: list[str], *, settings: ValidationSettings, vehicle: str) -> None:
    """Raise for groups without a positive control level."""
    bad = (
        wells.filter(pl.col("control_level").is_null() | (pl.col("control_level") <= 0))
        .select(*keys, "control_level")
        .unique()
        .sort(keys)
    )
    if bad.is_empty():
        return
    faults = []
    for row in bad.iter_rows(named=True):
        level = row["control_level"]
        arm = row.get("treatment", vehicle)
        where = f"plate {row['plate']!r}" if "plate" in row else f"replicate {row['replicate']} of {row['cell_line']!r}"
        rule = f"negative control wells under {arm!r} in {where}"
        if level is None:
            faults.append(Fault(f"{rule}, with a reading", value="none"))
        else:
            faults.append(Fault(f"a median above 0 of the {rule}", value=level))
    steps = {
        ("vehicle", "plate"): 'Set validation.scope = "replicate" or validation.control_arm = "same-arm" '
        "where each plate holds one arm.",
        ("same-arm", "plate"): 'Set validation.scope = "replicate" where controls lie on another plate.',
    }
    step = steps.get((settings.control_arm, settings.scope), "Check the layout and the readings of the controls.")
    raise ControlError("validation plates have no control to be divided by", faults=faults, next_step=step)
