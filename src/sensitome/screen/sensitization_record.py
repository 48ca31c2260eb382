"""What a test of sensitization is: a record of what it computes, needs, answers and promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sensitome.core.sensitization.contrasts import ContextTest
from sensitome.screen.sensitization_runs import Material

__all__ = ["KERNELS", "Decision", "SensitizationMethod"]

#: Where the kernels are tested.
KERNELS = "tests/core/sensitization"
#: What a method calls by: q of its p-values; the mean rate of the list; the rate of each context; a score beyond k.
Decision = Literal["q_value", "mean_rate", "local_rate", "score", "ssmd"]


@dataclass(frozen=True)
class SensitizationMethod:
    """A test of sensitization.

    Parameters
    ----------
    name : as settings and command know it
    title : what it is, in a few words
    formula : what it computes; δ = drug − vehicle, x = log2 effect, R = replicates
    statistic : what it ranks by; negative = sensitization
    needs : what the design must have, in words
    replicates : fewest replicates, in the vehicle and in some drug arm of one line
    reagents : fewest reagents with both arms in a context
    needs_groups : whether reagents must be joined by gene or miRNA
    decision : what it calls by
    promise : what its list promises, and what simulated screens of the design of Normann et al. 2021 say of that
    reference : where it was published
    proof : where it is checked against a peer, a formula or simulated truth
    run : the kernel on checked material
    """

    name: str
    title: str
    formula: str
    statistic: str
    needs: str
    replicates: int
    reagents: int
    needs_groups: bool
    decision: Decision
    promise: str
    reference: str
    proof: str
    run: Callable[[Material], ContextTest]
