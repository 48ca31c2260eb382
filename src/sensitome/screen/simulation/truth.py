"""The truth of a simulated screen: what each reagent does alone, and what it does with each drug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import SettingsError, listed
from sensitome.screen.simulation.settings import Arm, Design, Effects, Pattern, ReagentKind, SimulationSettings

__all__ = ["Truth", "default_patterns", "observed_effect", "simulate_truth", "truth_table"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Truth:
    """What is true, as arrays over reagents, lines and arms.

    Parameters
    ----------
    total : (reagents, lines, arms) log2 effect with the drug's own, before floor and compression
    main : (reagents, lines) log2 effect without drug, as a reader would see it without noise
    delta : (reagents, lines, arms − 1) log2 interaction with each drug, as a reader would see it without noise
    active : the same shape; a true sensitizing interaction
    sensitizer : (reagents,)
    antagonist : (reagents,)
    """

    total: FloatArray
    main: FloatArray
    delta: FloatArray
    active: BoolArray
    sensitizer: BoolArray
    antagonist: BoolArray


def observed_effect(effect: FloatArray | float, *, floor: float) -> FloatArray:
    """Effect (log2) that is left when a share `floor` of the signal stays: log2(f + (1 − f) 2^effect)."""
    return np.asarray(np.log2(floor + (1.0 - floor) * np.exp2(effect)), dtype=np.float64)


def log2_viability(design: Design) -> FloatArray:
    """Log2 viability (lines, arms) under each drug alone."""
    rows = [[arm.viability[min(i, len(arm.viability) - 1)] for arm in design.arms] for i in range(len(design.lines))]
    return np.asarray(np.log2(np.array(rows)), dtype=np.float64)


def simulate_truth(
    settings: SimulationSettings,
    reagents: pl.DataFrame,
    *,
    expressed: pl.DataFrame,
    streams: Sequence[np.random.Generator],
) -> Truth:
    """Draw what each reagent does.

    total = b (main) + log2 viability + interaction + background, where b is the arm's factor on general effects.

    Parameters
    ----------
    settings : design and effects
    reagents : kind, target and family of each
    expressed : target, cell_line, expressed
    streams : three sources of chance: general effects, background, sensitizers
    """
    design, effects = settings.design, settings.effects
    lines, arms = len(design.lines), len(design.arms)
    main = _general_effects(design, effects, reagents, rng=streams[0])
    background = _background(design, effects, reagents, rng=streams[1])
    rng = streams[2]
    groups = _sensitizer_groups(effects, design.kinds, reagents, everywhere=_expressed_everywhere(expressed), rng=rng)
    active, size = np.zeros((2, reagents.height, lines, arms - 1))
    slopes = _per(effects.line_slopes, lines)
    for members in groups:
        active[members] = _draw_pattern(design, effects, rng=rng)
        size[members] = _sizes(effects, (len(members), lines, arms - 1), rng=rng)
        if rng.random() < effects.vehicle_share:
            main[members] -= rng.uniform(*effects.vehicle_effect) * slopes
    sensitizer = np.asarray(active.any(axis=(1, 2)))
    interaction = -size * active
    antagonist = _add_antagonists(interaction, design, effects, free=~sensitizer, rng=rng)
    total = np.repeat(main[:, :, None], arms, axis=2) * _per(effects.arm_slopes, arms)
    total[:, :, 1:] += interaction + background
    alone = log2_viability(design)
    total += alone
    seen = observed_effect(total, floor=effects.floor) - observed_effect(alone, floor=effects.floor)
    delta = seen[:, :, 1:] - seen[:, :, :1]
    return Truth(total, seen[:, :, 0], delta, active.astype(np.bool_), sensitizer, antagonist)


def _per(values: Sequence[float], count: int) -> FloatArray:
    """Take one value each; the last one goes for the rest."""
    return np.array([values[min(i, len(values) - 1)] for i in range(count)])


def _general_effects(
    design: Design, effects: Effects, reagents: pl.DataFrame, *, rng: np.random.Generator
) -> FloatArray:
    """Effect without drug (reagents, lines), before the floor: of family, reagent, and reagent in one line."""
    parts = []
    for kind in design.kinds:
        family = reagents.filter(pl.col("kind") == kind.name)["family"].to_numpy()
        mean = kind.tail_mean * effects.tail_scale
        families = family.max() + 1
        shape = (kind.count, len(design.lines))
        own = _with_tail(kind.count, sd=kind.reagent_sd, share=kind.reagent_tail, mean=mean, rng=rng)
        own += _with_tail(families, sd=kind.family_sd, share=kind.family_tail, mean=mean, rng=rng)[family]
        parts.append(own[:, None] + _with_tail(shape, sd=kind.line_sd, share=kind.line_tail, mean=mean, rng=rng))
    return np.concatenate(parts) * _per(effects.line_slopes, len(design.lines))


def _with_tail(
    shape: int | tuple[int, ...], *, sd: float, share: float, mean: float, rng: np.random.Generator
) -> FloatArray:
    """Draw normal effects, of which a share is exponentially more toxic."""
    toxic = rng.random(shape) < share
    return np.asarray(sd * rng.standard_normal(shape) - toxic * mean * rng.standard_exponential(shape))


def _background(design: Design, effects: Effects, reagents: pl.DataFrame, *, rng: np.random.Generator) -> FloatArray:
    """Small interactions (reagents, lines, drug arms); a combination shares part of its stronger drug's."""
    sd = {kind.name: kind.background_sd * effects.background_scale for kind in design.kinds}
    scale = np.array([sd[kind] for kind in reagents["kind"].to_list()])[:, None, None]
    drawn = scale * rng.standard_normal((reagents.height, len(design.lines), len(design.arms) - 1))
    share = effects.background_shared
    background = drawn.copy()
    for position, arm in enumerate(design.arms[1:]):
        stronger = _single_drugs(arm, design)
        if stronger:
            partner = [other.name for other in design.arms[1:]].index(stronger[-1].name)
            background[:, :, position] = share * drawn[:, :, partner] + np.sqrt(1 - share**2) * drawn[:, :, position]
    return background


def _single_drugs(arm: Arm, design: Design) -> list[Arm]:
    """Arms with one of the drugs that `arm` combines, the weaker first; none when it does not combine any."""
    if len(arm.drugs) < 2:
        return []
    singles = [other for other in design.arms[1:] if len(other.drugs) == 1 and other.drugs[0] in arm.drugs]
    return sorted(singles, key=lambda other: -float(np.mean(other.viability)))


def default_patterns(design: Design) -> tuple[Pattern, ...]:
    """Where sensitizers act: mostly with the combination and the stronger of its drugs, mostly in all lines.

    Without a combination: in all arms, or in the arm of the stronger drug, or in one arm alone.

    >>> default_patterns(Design())[0].arms
    ('lapatinib', 'trastuzumab+lapatinib')
    """
    drugged = design.arms[1:]
    combinations = [arm for arm in drugged if len(_single_drugs(arm, design)) > 1]
    everything = tuple(arm.name for arm in drugged)
    if not combinations:
        strongest = min(drugged, key=lambda arm: float(np.mean(arm.viability)), default=None)
        lone = tuple(Pattern(arms=(name,), lines="one", weight=0.15 / len(everything)) for name in everything)
        first = (strongest.name,) if strongest else ()
        return (
            Pattern(arms=everything, weight=0.45),
            Pattern(arms=first, weight=0.20),
            Pattern(arms=first, lines="one", weight=0.20),
            *lone,
        )
    both = min(combinations, key=lambda arm: float(np.mean(arm.viability))).name
    singles = _single_drugs(next(arm for arm in combinations if arm.name == both), design)
    weak, strong = singles[0].name, singles[-1].name
    return (
        Pattern(arms=(strong, both), weight=0.30),
        Pattern(arms=(strong, both), lines="one", weight=0.25),
        Pattern(arms=everything, weight=0.10),
        Pattern(arms=(weak, both), lines="one", weight=0.10),
        Pattern(arms=(both,), lines="one", weight=0.10),
        Pattern(arms=(strong,), lines="one", weight=0.10),
        Pattern(arms=everything, lines="one", weight=0.05),
    )


def _draw_pattern(design: Design, effects: Effects, *, rng: np.random.Generator) -> BoolArray:
    """One set of lines and drug arms (lines, arms − 1), never empty."""
    shape = (len(design.lines), len(design.arms) - 1)
    if effects.random_patterns:
        chosen = rng.random(shape) < effects.random_share
        chosen.flat[rng.integers(chosen.size)] |= not chosen.any()
        return chosen
    patterns = effects.patterns or default_patterns(design)
    weights = np.array([pattern.weight for pattern in patterns])
    pattern = patterns[rng.choice(len(patterns), p=weights / weights.sum())]
    unknown = set(pattern.arms) - {arm.name for arm in design.arms[1:]}
    if unknown or not pattern.arms:
        raise SettingsError(
            "a pattern of sensitizers names an arm that the design does not have",
            found=listed(sorted(unknown), last="and"),
            expected=f"drug arms: {listed(arm.name for arm in design.arms[1:])}",
        )
    arms = np.array([arm.name in pattern.arms for arm in design.arms[1:]])
    first = rng.random() < effects.first_line_share or shape[0] == 1
    line = 0 if first else int(rng.integers(1, shape[0]))
    lines = np.ones(shape[0], dtype=np.bool_) if pattern.lines == "all" else np.arange(shape[0]) == line
    return np.asarray(lines[:, None] & arms)


def _sizes(effects: Effects, shape: tuple[int, int, int], *, rng: np.random.Generator) -> FloatArray:
    """Sizes of interactions (reagents, lines, drug arms) in log2 units."""
    own = rng.uniform(1 - effects.reagent_spread, 1 + effects.reagent_spread, size=(shape[0], 1, 1))
    return np.asarray(
        effects.size * own * rng.uniform(1 - effects.context_spread, 1 + effects.context_spread, size=shape)
    )


def _expressed_everywhere(expressed: pl.DataFrame) -> pl.Series:
    """Names of the targets that every line expresses."""
    return (
        expressed.group_by("target", maintain_order=True).agg(pl.col("expressed").all()).filter("expressed")["target"]
    )


def _sensitizer_groups(
    effects: Effects,
    kinds: Sequence[ReagentKind],
    reagents: pl.DataFrame,
    *,
    everywhere: pl.Series,
    rng: np.random.Generator,
) -> list[IntArray]:
    """Sensitizers as groups of row numbers; the members of a group are seed mates and share pattern and toxicity."""
    groups: list[IntArray] = []
    numbered = reagents.with_row_index("index")
    for kind in kinds:
        wanted = effects.sensitizers.get(kind.name, 0)
        own = numbered.filter(pl.col("kind") == kind.name)
        own = own.filter(pl.col("target").is_in(everywhere.implode())) if kind.needs_target else own
        families = [np.array(members, dtype=np.intp) for members in _members(own)]
        if wanted > own.height:
            raise SettingsError(
                f"too many sensitizers of kind {kind.name!r}",
                found=wanted,
                expected=f"at most {own.height} (those in the library whose target is expressed)",
            )
        mates = [families[i][:3] for i in rng.permutation(len(families)) if len(families[i]) > 1]
        alone = [families[i] for i in rng.permutation(len(families)) if len(families[i]) == 1]
        taken = _take(mates, at_least=round(wanted * effects.in_families), at_most=wanted)
        left = wanted - sum(len(group) for group in taken)
        groups += taken + alone[:left]
    return groups


def _members(reagents: pl.DataFrame) -> list[list[int]]:
    members = reagents.group_by("family", maintain_order=True).agg("index")
    return [list(row) for row in members["index"].to_list()]


def _take(groups: Sequence[IntArray], *, at_least: int, at_most: int) -> list[IntArray]:
    """Take groups from the front until there are enough members."""
    taken: list[IntArray] = []
    for group in groups:
        count = sum(len(other) for other in taken)
        if count >= at_least:
            break
        taken.append(group[: at_most - count])
    return taken


def _add_antagonists(
    interaction: FloatArray, design: Design, effects: Effects, *, free: BoolArray, rng: np.random.Generator
) -> BoolArray:
    """Add protective interactions to reagents that are free, in place, and say which."""
    chosen = rng.permutation(np.flatnonzero(free))[: effects.antagonists]
    for reagent in chosen:
        pattern = _draw_pattern(design, effects, rng=rng)
        interaction[reagent] += pattern * _sizes(effects, (1, *pattern.shape), rng=rng)[0]
    marked = np.zeros(len(free), dtype=np.bool_)
    marked[chosen] = True
    return marked


def truth_table(truth: Truth, reagents: pl.DataFrame, *, design: Design) -> pl.DataFrame:
    """Truth as a table: one row per reagent × kind × cell line × drug arm.

    Returns
    -------
    reagent, kind, seed_family, is_sensitizer, is_antagonist, cell_line, treatment, is_active, main_effect (log2,
    without drug), delta (log2 interaction, floor and compression included)
    """
    lines, arms = len(design.lines), len(design.arms) - 1
    each = lines * arms
    repeated = reagents.select("reagent", "kind", "seed_family").with_columns(
        is_sensitizer=pl.Series(truth.sensitizer), is_antagonist=pl.Series(truth.antagonist)
    )[np.repeat(np.arange(reagents.height), each)]
    return repeated.with_columns(
        pl.Series("cell_line", np.tile(np.repeat(np.array(design.lines), arms), reagents.height)),
        pl.Series("treatment", np.tile([arm.name for arm in design.arms[1:]], reagents.height * lines)),
        pl.Series("is_active", truth.active.ravel()),
        pl.Series("main_effect", np.repeat(truth.main, arms, axis=1).ravel()),
        pl.Series("delta", truth.delta.ravel()),
    )
