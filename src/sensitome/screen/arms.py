"""Which treatment arm is which."""

from __future__ import annotations

from collections.abc import Sequence

from sensitome.errors import Fault, LayoutError, listed, suggestion
from sensitome.settings import Treatments

__all__ = ["check_treatments"]


def check_treatments(treatments: Treatments, *, arms: Sequence[str]) -> None:
    """Make sure that every arm that the study speaks of is in the screen.

    Parameters
    ----------
    treatments : what the study says of its arms
    arms : treatments of the screen

    Raises
    ------
    LayoutError
        The vehicle, a combination or one of its parts is not among the treatments, all at once; or there are several
        treatments and no vehicle.
    """
    if treatments.vehicle is None and len(arms) > 1:
        raise LayoutError(
            "no vehicle arm is named",
            found=f"treatments {listed(arms, last='and')}",
            expected="the arm without drug",
            next_step='Write treatments.vehicle = "..." in study.toml.',
        )
    named = treatments.combinations
    spoken = [treatments.vehicle, *named, *(part for parts in named.values() for part in parts)]
    unknown = [arm for arm in dict.fromkeys(spoken) if arm is not None and arm not in arms]
    if len(unknown) == 1:
        raise LayoutError(
            "an arm that the study speaks of is not in the screen",
            where="treatments",
            found=repr(unknown[0]),
            expected=listed(arms),
            next_step=suggestion(unknown[0], arms),
        )
    if unknown:
        rule = f"an arm of the screen: {listed(arms)}"
        faults = [Fault(rule, column="treatments", value=arm, next_step=suggestion(arm, arms)) for arm in unknown]
        raise LayoutError("arms that the study speaks of are not in the screen", faults=faults)
