"""What a simulated screen is made of: its design, its truth and its noise, every number with its unit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sensitome.frozen_settings import FrozenSettings

__all__ = [
    "Arm",
    "Design",
    "Effects",
    "Noise",
    "Pattern",
    "ReagentKind",
    "SimulationSettings",
    "Surface",
]

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class Arm(FrozenSettings):
    """A treatment arm."""

    name: str
    """Its name in every table."""
    drugs: tuple[str, ...] = ()
    """The arms of the single drugs that it combines, or its own drug; none in the vehicle arm."""
    viability: tuple[Positive, ...] = (1.0,)
    """Living cells under the drug alone, as a fraction of vehicle, one a cell line; the last one goes for the rest."""


class ReagentKind(FrozenSettings):
    """A class of reagents of the library and how its members act without any drug."""

    name: str
    """mimic, inhibitor, or the lab's own word."""
    count: Annotated[int, Field(ge=1)]
    """Reagents in the library."""
    needs_target: bool = False
    """Acts only through a target that the cells express, so that its sensitizers are drawn among those."""
    family_sizes: dict[int, NotNegative] = Field(default_factory=lambda: {1: 1.0})
    """Relative frequency of seed families by their number of members."""
    family_sd: NotNegative = 0.0
    """SD of the general effect that seed mates share (log2)."""
    reagent_sd: NotNegative = 0.03
    """SD of the reagent's own general effect (log2)."""
    line_sd: NotNegative = 0.03
    """SD of the part of the general effect that one cell line has for itself (log2)."""
    family_tail: Share = 0.0
    """Share of seed families that are toxic as a whole."""
    reagent_tail: Share = 0.04
    """Share of reagents that are toxic by themselves."""
    line_tail: Share = 0.02
    """Share of reagents that are toxic in one cell line only."""
    tail_mean: NotNegative = 0.175
    """Mean toxicity of those, exponentially distributed (log2)."""
    background_sd: NotNegative = 0.02
    """SD of interactions too small to count as true ones (log2)."""


_MIMICS = ReagentKind(
    name="mimic",
    count=810,
    family_sizes={1: 0.83, 2: 0.057, 3: 0.038, 4: 0.02, 5: 0.016, 6: 0.02, 8: 0.019},
    family_sd=0.06,
    reagent_sd=0.06,
    line_sd=0.02,
    family_tail=0.10,
    reagent_tail=0.06,
    line_tail=0.04,
    tail_mean=0.35,
    background_sd=0.04,
)
_INHIBITORS = ReagentKind(name="inhibitor", count=816, needs_target=True)
_ARMS = (
    Arm(name="vehicle"),
    Arm(name="trastuzumab", drugs=("trastuzumab",), viability=(0.96, 0.97)),
    Arm(name="lapatinib", drugs=("lapatinib",), viability=(0.83, 0.72)),
    Arm(name="trastuzumab+lapatinib", drugs=("trastuzumab", "lapatinib"), viability=(0.67, 0.62)),
)


class Design(FrozenSettings):
    """Lines, arms, library and plates; the defaults are those of Normann et al. 2021."""

    lines: tuple[str, ...] = ("KPL4", "SUM190PT")
    """Cell lines."""
    arms: tuple[Arm, ...] = _ARMS
    """Treatment arms; the first is the vehicle."""
    kinds: tuple[ReagentKind, ...] = (_MIMICS, _INHIBITORS)
    """Classes of reagents; each fills library plates of its own."""
    replicates: Annotated[int, Field(ge=1, le=1000)] = 2
    """Biological replicates: each line in each replicate is a batch."""
    plate_wells: Literal[96, 384, 1536] = 384
    """Wells of a plate."""
    negatives: Count | None = None
    """Negative control wells a plate; by default 8, 36 or 144 by the size of the plate."""
    positives: Count | None = None
    """Cell-death control wells a plate; by default 4, 8 or 32."""
    untreated: Count | None = None
    """Wells with cells and no reagent a plate; by default 2, 8 or 32."""

    @model_validator(mode="after")
    def _named_once(self) -> Design:
        """Lines, arms and kinds are told apart by their names, and the first arm has no drug."""
        for what, names in (
            ("cell lines", self.lines),
            ("arms", tuple(arm.name for arm in self.arms)),
            ("kinds", tuple(kind.name for kind in self.kinds)),
        ):
            if not names or len(set(names)) < len(names):
                message = f"at least one of {what}, each named once (found {', '.join(names) or 'none'})"
                raise ValueError(message)
        if self.arms[0].drugs:
            message = f"a first arm without drugs, the vehicle (found {self.arms[0].name})"
            raise ValueError(message)
        return self


class Pattern(FrozenSettings):
    """Arms in which a sensitizer acts, and whether in all lines or in one."""

    arms: tuple[str, ...]
    """Names of drug arms."""
    lines: Literal["all", "one"] = "all"
    """All cell lines, or one that is drawn."""
    weight: NotNegative = 1.0
    """Relative frequency."""


class Effects(FrozenSettings):
    """What is true in the simulated screen."""

    size: NotNegative = 0.75
    """Size of a true interaction (log2 units, before floor and compression)."""
    reagent_spread: Share = 0.2
    """Each sensitizer's size is multiplied by a uniform number from 1 − this to 1 + this."""
    context_spread: Share = 0.15
    """So is its size in each line and arm."""
    sensitizers: dict[str, Count] = Field(default_factory=lambda: {"mimic": 32, "inhibitor": 8})
    """True sensitizers by kind."""
    in_families: Share = 0.5
    """Share of the sensitizers of a kind with seed families that come as two or three mates with one pattern."""
    antagonists: Count = 0
    """Reagents that protect from the drug: same patterns and sizes, opposite sign."""
    patterns: tuple[Pattern, ...] | None = None
    """Where sensitizers act; by default as in `default_patterns`."""
    random_patterns: bool = False
    """Instead of patterns: any set of lines and arms."""
    random_share: Share = 0.4
    """Chance of each line and arm to be in such a set."""
    first_line_share: Share = 0.6
    """Chance that a pattern in one line lies in the first of them."""
    vehicle_share: Share = 0.3
    """Share of sensitizers (whole families) that also act without drug."""
    vehicle_effect: tuple[NotNegative, NotNegative] = (0.3, 1.0)
    """Range of that toxicity (log2)."""
    line_slopes: tuple[NotNegative, ...] = (1.0, 0.75)
    """Factor on general effects, one a cell line; the last one goes for the rest."""
    arm_slopes: tuple[NotNegative, ...] = (1.0, 1.0, 0.97, 0.93)
    """Factor on general effects, one an arm; the last one goes for the rest."""
    tail_scale: NotNegative = 1.0
    """Factor on the toxicity of all toxic reagents."""
    background_scale: NotNegative = 1.0
    """Factor on the SD of background interactions."""
    background_shared: Share = 0.5
    """Correlation of a combination's background interaction with that of its stronger drug."""
    floor: Share = 0.02
    """Signal that stays when every cell is dead, as a fraction of the full signal."""
    expressed: Share = 0.45
    """Share of targets that untreated cells express."""
    expressed_kept: Share = 0.775
    """Chance that a line agrees with the common pattern of expression by more than chance."""
    positive_effect: float = -4.0
    """Effect of the cell-death control (log2)."""
    untreated_effect: float = 0.08
    """Gain of cells that were spared the transfection (log2)."""


class Surface(FrozenSettings):
    """Place effects of a plate (log2); each term is the sum of one part of the batch and one of the plate."""

    scale: NotNegative = 1.0
    """Factor on all of them."""
    batch_share: Share = 0.5
    """Share of the variance that all plates of a batch have in common."""
    edge_mean: float = 0.10
    """Mean loss at the edge (log2)."""
    edge_sd: NotNegative = 0.07
    """Its SD (log2)."""
    edge_reach: Positive = 0.8
    """Distance over which the loss falls to 1/e (wells of a 384-well plate)."""
    gradient_sd: NotNegative = 0.062
    """SD of the tilt along the rows and along the columns: half the difference from edge to edge (log2)."""
    bowl_sd: NotNegative = 0.085
    """SD of the difference between middle and edge (log2)."""
    row_stripe_sd: NotNegative = 0.03
    """SD of rows (log2)."""
    column_stripe_sd: NotNegative = 0.025
    """SD of columns (log2)."""
    bumps: Count = 2
    """Round bumps a plate."""
    bump_sd: NotNegative = 0.125
    """SD of their height (log2)."""
    bump_width: tuple[Positive, Positive] = (2.0, 4.5)
    """Range of their SD across (wells of a 384-well plate)."""


class Noise(FrozenSettings):
    """Everything by chance."""

    level: float = 18.0
    """Signal of untroubled cells (log2 counts)."""
    batch_sd: NotNegative = 0.30
    """SD of batches (log2)."""
    plate_sd: NotNegative = 0.25
    """SD of plates (log2)."""
    well_sd: NotNegative = 0.13
    """Typical SD of a well; 0.13 is a coefficient of variation of 9 % (log2)."""
    well_df: Annotated[float, Field(gt=2)] | None = None
    """Degrees of freedom of Student's t for the wells, at the same SD; none = normal."""
    variance_df: Positive | None = 8.0
    """Reagents differ in variance as df / χ²(df); none = they do not."""
    transfection_sd: NotNegative = 0.05
    """SD of a reagent's transfection, shared by all arms of a line and replicate (log2)."""
    artifact_share: Share = 0.01
    """Wells that went wrong."""
    artifact_mean: float = -0.3
    """Their mean (log2)."""
    artifact_sd: NotNegative = 0.8
    """Their SD (log2)."""
    missing_share: Share = 0.01
    """Wells without a reading."""
    lost_row_share: Share = 0.02
    """Plates that lose a whole row."""
    control_faults: bool = False
    """Whether wells also go wrong or stay without a reading outside the samples."""
    reader_background: NotNegative = 150.0
    """Reading of a well without cells (counts)."""
    reader_sd: NotNegative = 40.0
    """SD of the reader (counts)."""


class SimulationSettings(FrozenSettings):
    """A simulated screen; the defaults are the design of Normann et al. 2021 in two replicates."""

    design: Design = Field(default_factory=Design)
    effects: Effects = Field(default_factory=Effects)
    surface: Surface = Field(default_factory=Surface)
    noise: Noise = Field(default_factory=Noise)

    def changed(self, changes: dict[str, Any]) -> SimulationSettings:
        """Return the settings with some values changed and checked again.

        Parameters
        ----------
        changes : "section.field" → value

        >>> SimulationSettings().changed({"noise.well_sd": 0.22}).noise.well_sd
        0.22
        """
        tables = self.model_dump()
        for key, value in changes.items():
            section, _, field = key.partition(".")
            tables.setdefault(section, {})[field] = value
        return SimulationSettings.model_validate(tables)
