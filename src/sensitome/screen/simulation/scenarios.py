"""Named scenarios: the main one, and what breaks the assumptions of methods one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensitome.errors import MethodError, listed, suggestion
from sensitome.screen.simulation.settings import Design, ReagentKind, SimulationSettings

__all__ = ["SCENARIOS", "Scenario", "scenario"]


@dataclass(frozen=True)
class Scenario:
    """A named change of the simulated truth or noise.

    Parameters
    ----------
    name : as it is asked for
    meaning : what is special, in words
    changes : "section.field" → value, over the defaults
    """

    name: str
    meaning: str
    changes: dict[str, Any]


def _few(kind: ReagentKind, count: int) -> ReagentKind:
    """Fewer reagents of the same class."""
    return kind.model_copy(update={"count": count})


_MIMICS, _INHIBITORS = Design().kinds

#: Every scenario by its name.
SCENARIOS: dict[str, Scenario] = {
    entry.name: entry
    for entry in (
        Scenario("main", "40 sensitizers in biological patterns, ordinary noise", {}),
        Scenario(
            "small",
            "150 mimics and 70 inhibitors on plates of 96 wells, 8 sensitizers: to try things out in seconds",
            {
                "design.plate_wells": 96,
                "design.kinds": (_few(_MIMICS, 150), _few(_INHIBITORS, 70)),
                "effects.sensitizers": {"mimic": 6, "inhibitor": 2},
            },
        ),
        Scenario("null", "nothing to find", {"effects.sensitizers": {}}),
        Scenario("no_artifacts", "no place effects", {"surface.scale": 0.0}),
        Scenario("spatial2x", "place effects twice as strong", {"surface.scale": 2.0}),
        Scenario("out3", "3 % of the wells went wrong", {"noise.artifact_share": 0.03}),
        Scenario("no_outliers", "no well went wrong", {"noise.artifact_share": 0.0}),
        Scenario("t4noise", "wells vary as Student's t with 4 degrees of freedom", {"noise.well_df": 4.0}),
        Scenario("hetero", "reagents differ more in variance, as 4 / χ²(4)", {"noise.variance_df": 4.0}),
        Scenario("noisy", "well SD 0.22 log2", {"noise.well_sd": 0.22}),
        Scenario("high_hit_rate", "150 sensitizers", {"effects.sensitizers": {"mimic": 120, "inhibitor": 30}}),
        Scenario("antag40", "40 antagonists beside the sensitizers", {"effects.antagonists": 40}),
        Scenario("randpat", "sensitizers act in any set of lines and arms", {"effects.random_patterns": True}),
        Scenario("all_toxic", "every sensitizer also acts without drug", {"effects.vehicle_share": 1.0}),
        Scenario("none_toxic", "no sensitizer is given an effect without drug", {"effects.vehicle_share": 0.0}),
        Scenario("bg2x", "background interactions twice as large", {"effects.background_scale": 2.0}),
        Scenario("slopeup", "drugs amplify general toxicity", {"effects.arm_slopes": (1.0, 1.0, 1.10, 1.15)}),
        Scenario(
            "compression",
            "a tenth of the signal stays when all cells are dead, and drugs dampen general toxicity",
            {"effects.floor": 0.10, "effects.arm_slopes": (1.0, 0.95, 0.85, 0.75)},
        ),
        Scenario("heavytail", "toxic reagents 1.7 times as toxic", {"effects.tail_scale": 1.7}),
    )
}


def scenario(
    name: str = "main", *, replicates: int = 2, size: float = 0.75, base: SimulationSettings | None = None
) -> SimulationSettings:
    """Settings of a named scenario.

    Parameters
    ----------
    name : a key of `SCENARIOS`
    replicates : biological replicates
    size : size of a true interaction (log2)
    base : settings that the scenario changes; by default the design of Normann et al. 2021

    Raises
    ------
    MethodError
        There is no such scenario.
    """
    if name not in SCENARIOS:
        raise MethodError(
            "unknown scenario",
            found=repr(name),
            expected=listed(SCENARIOS, most=40),
            next_step=suggestion(name, SCENARIOS),
        )
    changes = {"design.replicates": replicates, "effects.size": size, **SCENARIOS[name].changes}
    return (base or SimulationSettings()).changed(changes)
