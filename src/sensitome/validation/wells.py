"""Wells of a validation assay: which arm, which biological and which technical replicate each of them is."""

from __future__ import annotations

import polars as pl

from sensitome.errors import Caution, Fault, LayoutError, listed, suggestion
from sensitome.frames import to_polars
from sensitome.validation.comparators import control_class_of

__all__ = ["KEYS", "average_wells", "validation_wells"]

#: What a bar of the figure is about.
KEYS = ("cell_line", "reagent", "kind", "treatment")

_COLUMNS = ("plate", "well", "row", "column", *KEYS, "role", "control_class", "replicate", "technical", "signal")
#: A validation plate holds several arms: the layout of the wells then says which.
_OF_THE_WELL = ("cell_line", "treatment", "replicate")


def validation_wells(wells: pl.DataFrame, *, vehicle: str, control: str | None = None) -> pl.DataFrame:
    """Say of every well its arm and its replicates, and check that the assay can answer.

    Parameters
    ----------
    wells : table `wells` before any normalization, from any reader. Where the layout gives wells an arm, a line or a
        biological replicate of their own (columns ``treatment``, ``cell_line``, ``replicate`` of the library, which
        are ``treatment_in_library`` … in the well table), that holds. A column ``technical`` numbers the technical
        replicates; without it they are numbered by plate, row and column. A column ``control_class`` names the kind
        of reagents that a negative control belongs to; without it that is the control's own kind. Excluded and empty
        wells and wells without a reagent are left out.
    vehicle : the arm without drug
    control : reagent that is the comparator; by default all negative controls together

    Returns
    -------
    plate, well, row, column, cell_line, reagent, kind, treatment, role, control_class, replicate, technical, signal;
    sorted by plate, row and column; `role` is text, and ``negative`` only for the comparator; `control_class` is null
    for wells that are no negative control, and for controls of no class

    Raises
    ------
    LayoutError
        The vehicle or the control is not there; an arm has reagents and no control; a replicate is not a whole number;
        technical replicates of one biological replicate hold different reagents. All faults at once.

    Warns
    -----
    Caution
        There is one biological replicate only.
    """
    named = _own_values(to_polars(wells))
    usable = named.filter(
        pl.col("reagent").is_not_null() & ~pl.col("role").cast(pl.String).is_in(["excluded", "empty"])
    ).with_columns(control_class_of(named.columns), pl.col("kind").fill_null("reagent"), pl.col("role").cast(pl.String))
    faults = [*_whole(usable, "replicate"), *_whole(usable, "technical")]
    _raise(faults)
    usable = _comparator(usable, control)
    faults = [*_vehicle_there(usable, vehicle), *_control_in_each_arm(usable)]
    if "technical" in usable.columns:
        faults += _same_layout(usable)
    _raise(faults)
    belongs = pl.when(pl.col("role") == "negative").then("control_class").alias("control_class")
    numbered = _number_technical(usable).with_columns(belongs)
    if numbered["replicate"].n_unique() == 1:
        import warnings

        warnings.warn(
            Caution(
                "the validation assay has one biological replicate",
                found="replicate 1 only" if numbered["replicate"][0] == 1 else f"replicate {numbered['replicate'][0]}",
                expected="at least 3",
                next_step="Effects are shown without interval and p; repeat the experiment on other days.",
            ),
            stacklevel=2,
        )
    return numbered.select(_COLUMNS).sort("plate", "row", "column")


def average_wells(wells: pl.DataFrame) -> pl.DataFrame:
    """Average technical replicates: one row per reagent × arm × biological replicate.

    Parameters
    ----------
    wells : from `normalize_validation`

    Returns
    -------
    Table `validation_replicates`, sorted by its key; the mean of log2 viability is that of the wells, so that it is not
    the logarithm of the mean viability
    """
    return (
        wells.sort("plate", "row", "column")
        .group_by(*KEYS, "replicate")
        .agg(
            pl.col("role", "control_class").first(),
            pl.col("viability").mean(),
            pl.col("log2_viability").mean(),
            pl.col("viability").count().cast(pl.Int32).alias("n_wells"),
        )
        .sort(*KEYS, "replicate")
    )


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise LayoutError("the validation assay cannot be evaluated as it is laid out", faults=faults)


def _own_values(wells: pl.DataFrame) -> pl.DataFrame:
    """Arm, line and replicate of the well where the layout gives them, else those of its plate."""
    own = [name for name in _OF_THE_WELL if f"{name}_in_library" in wells.columns]
    return wells.with_columns(
        pl.coalesce(f"{name}_in_library", pl.col(name).cast(pl.String)).alias(name) for name in own
    ).drop([f"{name}_in_library" for name in own])


def _whole(wells: pl.DataFrame, name: str) -> list[Fault]:
    """Faults for replicates that are no whole numbers from 1."""
    if name not in wells.columns:
        return []
    text = pl.col(name).cast(pl.String)
    bad = wells.filter(~text.str.contains(r"^[1-9]\d{0,3}$") & pl.col(name).is_not_null())
    return [
        Fault(f"a whole number from 1 in well {well} of plate {plate!r}", column=name, value=value)
        for plate, well, value in bad.sort("plate", "well").select("plate", "well", text).iter_rows()
    ]


def _comparator(wells: pl.DataFrame, control: str | None) -> pl.DataFrame:
    """Keep the role "negative" for the comparator alone."""
    if control is None:
        return wells
    known = wells["reagent"].unique().sort().to_list()
    if control not in known:
        raise LayoutError(
            "the control is not among the reagents",
            where="validation.control",
            found=repr(control),
            expected=listed(known),
            next_step=suggestion(control, known),
        )
    other = pl.when(pl.col("role") == "negative").then(pl.lit("untreated")).otherwise("role")
    return wells.with_columns(
        pl.when(pl.col("reagent") == control).then(pl.lit("negative")).otherwise(other).alias("role")
    )


def _vehicle_there(wells: pl.DataFrame, vehicle: str) -> list[Fault]:
    arms = wells["treatment"].unique().sort().to_list()
    if vehicle in arms:
        return []
    rule = f"the arm without drug among {listed(arms, last='and')}"
    return [Fault(rule, column="treatments.vehicle", value=vehicle, next_step=suggestion(vehicle, arms))]


def _control_in_each_arm(wells: pl.DataFrame) -> list[Fault]:
    """Faults for arms that have reagents and no negative control."""
    arms = wells.group_by("cell_line", "treatment", "replicate").agg(
        (pl.col("role") == "negative").sum().alias("controls"), (pl.col("role") == "sample").sum().alias("samples")
    )
    bad = arms.filter((pl.col("controls") == 0) & (pl.col("samples") > 0)).sort("cell_line", "treatment", "replicate")
    step = "Put the scrambled control under each treatment, or mark it as negative in the layout."
    return [
        Fault(
            f"negative control wells in cell line {line!r}, arm {arm!r}, replicate {replicate}", value=0, next_step=step
        )
        for line, arm, replicate in bad.select("cell_line", "treatment", "replicate").iter_rows()
    ]


def _same_layout(wells: pl.DataFrame) -> list[Fault]:
    """Faults for technical replicates that do not hold what the others of their biological replicate hold."""
    group = ["cell_line", "treatment", "replicate"]
    held = wells.filter(pl.col("role") == "sample").group_by(*group, "technical").agg(pl.col("reagent").unique().sort())
    faults = []
    for keys, own in held.sort(*group, "technical").group_by(group, maintain_order=True):
        every = sorted({name for names in own["reagent"] for name in names})
        for technical, names in own.select("technical", "reagent").iter_rows():
            missing = [name for name in every if name not in names]
            if missing:
                where = f"cell line {keys[0]!r}, arm {keys[1]!r}, replicate {keys[2]}"
                faults.append(
                    Fault(
                        f"the same reagents in each technical replicate of {where}",
                        column="technical",
                        value=f"{technical} without {listed(missing, last='and', most=3)}",
                        next_step="Give wells that were laid out but not measured a row without a reading.",
                    )
                )
    return faults


def _number_technical(wells: pl.DataFrame) -> pl.DataFrame:
    """Number technical replicates where the table does not, and cast both kinds of replicate."""
    numbered = wells.sort("plate", "row", "column")
    if "technical" not in numbered.columns:
        same = [*KEYS, "role", "replicate"]
        numbered = numbered.with_columns((pl.int_range(pl.len()).over(same) + 1).alias("technical"))
    return numbered.with_columns(pl.col("replicate", "technical").cast(pl.String).cast(pl.Int16))
