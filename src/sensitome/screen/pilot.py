"""The noise of a screen that was measured, in the terms in which a further screen is simulated."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.core.interaction import NORMAL_MEDIAN
from sensitome.errors import ControlError, TableError, listed
from sensitome.frames import average, to_polars
from sensitome.screen.simulation.settings import Noise, SimulationSettings

__all__ = ["PilotNoise", "estimate_noise"]

FloatArray = npt.NDArray[np.float64]

#: Wells farther than this from their replicates, in SDs, went wrong.
WRONG = 4.0
_NEEDED = ["plate", "library_plate", "cell_line", "treatment", "replicate", "role", "reagent", "signal"]


@dataclass(frozen=True)
class PilotNoise:
    """Noise of a measured screen; None = the design cannot tell, and the simulation keeps its own value.

    Parameters
    ----------
    level : typical log2 signal
    well_sd : SD of a well after the plate's level (or its surface, once normalized) is taken away, log2
    transfection_sd : SD that all arms of a reagent share in one line and replicate, log2
    plate_sd : SD of plates of one line, arm and replicate, log2
    batch_sd : SD of replicates of one line, log2
    artifact_share : wells that went wrong
    missing_share : wells without a reading
    n_plates, n_wells : what it was estimated from
    source : ``replicates``, or ``negatives`` where each well was measured once
    """

    level: float
    well_sd: float
    transfection_sd: float | None
    plate_sd: float | None
    batch_sd: float | None
    artifact_share: float | None
    missing_share: float
    n_plates: int
    n_wells: int
    source: str

    def applied(self, settings: SimulationSettings) -> SimulationSettings:
        """Settings with this noise; place effects are off, because what they leave behind is in the well SD."""
        names = ("level", "well_sd", "transfection_sd", "plate_sd", "batch_sd", "artifact_share", "missing_share")
        values = {f"noise.{name}": value for name, value in asdict(self).items() if name in names and value is not None}
        return settings.changed({**values, "surface.scale": 0.0})


def estimate_noise(wells: pl.DataFrame) -> PilotNoise:
    """Estimate the noise of a screen from its wells.

    Parameters
    ----------
    wells : table `wells`; with the column ``normalized`` (log2) place effects are out already, else the median of each
        plate is taken away

    Returns
    -------
    PilotNoise

    Raises
    ------
    TableError
        A column is missing.
    ControlError
        Wells were measured once, and no plate has two negative controls.

    Notes
    -----
    Residuals of a reagent's wells from their mean, times √(n/(n − 1)); well SD = 1.4826 median|residual|, after what
    the arms of a reagent share in a replicate is taken out: its variance is the covariance of residuals of two arms,
    read off robustly as (v₊ − v₋)/4 from sums and differences. Wells beyond 4 SD went wrong; those that went wrong and
    are not seen are added by the form that the simulation gives them, which makes that share a rough one. Plates:
    medians within line, arm and replicate.

    References
    ----------
    Gnanadesikan & Kettenring 1972, doi:10.2307/2528963 (covariance from sums and differences)
    """
    table = to_polars(wells)
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise TableError(
            "table 'wells' lacks columns",
            found=f"columns {listed(table.columns, last='and')}",
            expected=listed(missing, last="and"),
        )
    role = pl.col("role").cast(pl.String)
    log2_signal = pl.when(pl.col("signal") > 0).then(pl.col("signal").log(2))
    used = table.with_columns(y=log2_signal).filter(role.is_in(["sample", "negative"]))
    center = pl.col("y").filter(role == "sample").median().over("plate")
    has_normalized = "normalized" in table.columns and table["normalized"].null_count() < table.height
    used = used.with_columns(x=pl.col("normalized") if has_normalized else pl.col("y") - center)
    samples = used.filter(role == "sample")
    plate_sd, batch_sd = _plate_spread(samples)
    total, shared, wrong = _replicate_spread(samples)
    source = "replicates"
    if not np.isfinite(total):
        total, shared, wrong, source = _control_spread(used.filter(role == "negative")), None, None, "negatives"
    own = total if shared is None else float(np.sqrt(max(total**2 - shared**2, 0.0)))
    return PilotNoise(
        level=float(np.median(samples["y"].drop_nulls().to_numpy())),
        well_sd=own,
        transfection_sd=shared,
        plate_sd=plate_sd,
        batch_sd=batch_sd,
        artifact_share=wrong,
        missing_share=float(samples["y"].null_count() / max(samples.height, 1)),
        n_plates=table["plate"].n_unique(),
        n_wells=samples.height,
        source=source,
    )


def _plate_spread(samples: pl.DataFrame) -> tuple[float | None, float | None]:
    """SD of plates within line, arm and replicate, and of replicates within a line."""
    group = ["cell_line", "treatment", "replicate"]
    plates = samples.group_by(*group, "plate").agg(pl.col("y").median())
    within = plates.group_by(group).agg(pl.col("y").var().alias("variance"), pl.len().alias("n"), pl.col("y").mean())
    plate_variance = _pooled(within)
    arms = within.with_columns(y=pl.col("y") - pl.col("y").mean().over("cell_line", "treatment"))
    batches = arms.group_by("cell_line", "replicate").agg(
        pl.col("y").mean(), (1.0 / pl.col("n")).sum().alias("inverse"), pl.len().alias("arms")
    )
    per_line = batches.group_by("cell_line").agg(pl.col("y").var().alias("variance"), pl.len().alias("n"))
    batch = _pooled(per_line)
    plate_sd = None if plate_variance is None else float(np.sqrt(plate_variance))
    if batch is None:
        return plate_sd, None
    from_plates = (plate_variance or 0.0) * average(batches["inverse"] / batches["arms"] ** 2)
    return plate_sd, float(np.sqrt(max(batch - from_plates, 0.0)))


def _pooled(groups: pl.DataFrame) -> float | None:
    """Variance within groups of `n` members with `variance` each; None without any degree of freedom."""
    df = groups["n"].to_numpy().astype(np.float64) - 1
    total = float(df.sum())
    return float((groups["variance"].fill_null(0.0).to_numpy() * df).sum() / total) if total > 0 else None


def _replicate_spread(samples: pl.DataFrame) -> tuple[float, float | None, float | None]:
    """SD of a reading about its replicates, the part that arms share, and the share of wells that went wrong."""
    key = ["reagent", "library_plate", *(["well"] if "well" in samples.columns else []), "cell_line", "treatment"]
    readings = samples.drop_nulls("x").select(*key, "replicate", "x")
    count = pl.len().over(key)
    residual = (pl.col("x") - pl.col("x").mean().over(key)) * (count / (count - 1)).sqrt()
    left = readings.filter(count > 1).with_columns(residual.alias("e"))
    if left.is_empty():
        return float("nan"), None, None
    values = left["e"].to_numpy()
    sd = _robust_sd(values)
    unit = [name for name in key if name != "treatment"] + ["replicate"]
    arms = sorted(left["treatment"].unique())
    wide = left.pivot(on="treatment", index=unit, values="e", aggregate_function="first")
    pairs = [(wide[a] + wide[b], wide[a] - wide[b]) for i, a in enumerate(arms) for b in arms[i + 1 :]]
    shared = None
    if pairs:
        plus, minus = (np.concatenate([pair[side].drop_nulls().to_numpy() for pair in pairs]) for side in (0, 1))
        shared = float(np.sqrt(max((_robust_sd(plus) ** 2 - _robust_sd(minus) ** 2) / 4, 0.0))) if plus.size else None
    # Two replicates show every well that went wrong twice.
    replicates = readings["replicate"].n_unique()
    beyond = float((np.abs(values) > WRONG * sd).mean()) / (2 if replicates == 2 else 1)
    return sd, shared, min(beyond / _seen(WRONG * sd * np.sqrt(replicates / (replicates - 1))), 1.0)


def _seen(limit: float) -> float:
    """Share of the wells gone wrong, as the simulation makes them, that lie farther out than a limit."""
    from scipy import special

    usual = Noise()
    low, high = ((sign * limit - usual.artifact_mean) / usual.artifact_sd for sign in (-1.0, 1.0))
    return float(special.ndtr(low) + special.ndtr(-high))


def _control_spread(negative: pl.DataFrame) -> float:
    """SD of negative controls within plates and classes."""
    known = negative.drop_nulls("x")
    names = [name for name in ("control_class", "kind") if name in known.columns]
    group = ["plate", *names]
    residual = known.with_columns(
        e=(pl.col("x") - pl.col("x").mean().over(group)) * (pl.len().over(group) / (pl.len().over(group) - 1)).sqrt()
    ).filter(pl.len().over(group) > 1)
    if residual.is_empty():
        raise ControlError(
            "the noise of a well cannot be told from this pilot",
            found="one replicate, and no plate with two negative controls",
            expected="replicates, or two negative controls of one class on a plate",
        )
    return _robust_sd(residual["e"].to_numpy())


def _robust_sd(values: FloatArray) -> float:
    """SD from the median of absolute values about 0."""
    return float(NORMAL_MEDIAN * robust.nan_median(np.abs(values), axis=0))
