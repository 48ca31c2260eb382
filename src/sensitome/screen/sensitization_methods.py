"""The named tests of sensitization as records: what each computes, needs, answers and promises, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping

from sensitome.errors import MethodError, listed, suggestion
from sensitome.screen import sensitization_runs as runs
from sensitome.screen.sensitization_p_values import with_p_values
from sensitome.screen.sensitization_record import KERNELS, Decision, SensitizationMethod

__all__ = ["SENSITIZATION_METHODS", "Decision", "SensitizationMethod", "interval_level", "sensitization_method"]

_NO_RATE = "no error rate: noise has heavier tails than the normal, so that a third to half of the calls are false"


def _records() -> tuple[SensitizationMethod, ...]:
    """All records, the recommended one first."""
    return (*_with_priors(), *with_p_values(), *_with_scores())


def _with_priors() -> tuple[SensitizationMethod, ...]:
    """Methods that learn from the screen how large effects are."""
    return (
        SensitizationMethod(
            name="heb",
            title="hierarchical empirical Bayes over lines and arms",
            formula="arms of a reagent ~ general effect + pattern of interactions + bad wells + noise, mixed by EM",
            statistic="local false sensitizer rate − 1",
            needs="a drug arm; one replicate is enough, two are far better",
            replicates=1,
            reagents=2,
            needs_groups=False,
            decision="local_rate",
            promise="local rates hold with two replicates; with one the surest calls are wrong twice as often as said",
            reference="Efron 2008, doi:10.1214/07-STS236; Urbut et al. 2019, doi:10.1038/s41588-018-0268-8",
            proof="tests/core/heb",
            run=runs.run_heb,
        ),
        SensitizationMethod(
            name="mash",
            title="contexts of a reagent together, with the vehicle in common",
            formula="δ ~ Σ π N(0, ω² U), δ̂ ~ N(δ, V), V = σ²/R (I + 11ᵀ) within a line",
            statistic="P(δ > margin) − P(δ < −margin)",
            needs="two replicates, or two contexts; with one replicate effects that one bad well could imitate are not "
            "called",
            replicates=1,
            reagents=50,
            needs_groups=False,
            decision="mean_rate",
            promise="mean posterior probability of a false call; realized 0.16–0.28 at nominal 0.10",
            reference="Urbut et al. 2019, doi:10.1038/s41588-018-0268-8",
            proof=f"{KERNELS}/test_shared_contexts.py: closed form of one component, planted patterns",
            run=runs.run_mash,
        ),
        SensitizationMethod(
            name="ash",
            title="adaptive shrinkage of the interactions",
            formula="δ ~ Σ π_k N(0, σ_k²), δ̂ ~ N(δ, s²), s from the moderated t",
            statistic="local false sign rate − 1",
            needs="two replicates for a variance; with one, the spread of all interactions stands in for it",
            replicates=1,
            reagents=50,
            needs_groups=False,
            decision="mean_rate",
            promise="mean false sign rate of the list (s-value); with one replicate bad wells make half of it false",
            reference="Stephens 2017, doi:10.1093/biostatistics/kxw041",
            proof=f"{KERNELS}/test_shrinkage.py: closed form of one component, coverage on drawn effects",
            run=runs.run_ash,
        ),
    )


def _with_scores() -> tuple[SensitizationMethod, ...]:
    """Methods that cut a score."""
    return (
        SensitizationMethod(
            name="robust-z",
            title="robust z of the interaction",
            formula="(δ − median δ) / (1.4826 MAD δ) per line and arm",
            statistic="z",
            needs="a library of at least 20 reagents; one replicate is enough",
            replicates=1,
            reagents=20,
            needs_groups=False,
            decision="score",
            promise=_NO_RATE,
            reference="Birmingham et al. 2009, doi:10.1038/nmeth.1351",
            proof=f"{KERNELS}/test_location.py: by hand",
            run=runs.run_robust_z,
        ),
        SensitizationMethod(
            name="regression",
            title="residual of the drug arm on the vehicle",
            formula="drug − robust natural spline of the vehicle, over the MAD of the nearest tenth",
            statistic="z",
            needs="a library of at least 20 reagents; one replicate is enough",
            replicates=1,
            reagents=20,
            needs_groups=False,
            decision="score",
            promise=f"{_NO_RATE}; where few reagents act alone the curve is flat, and it tests the effect with drug",
            reference="Beaton & Tukey 1974, doi:10.1080/00401706.1974.10489171",
            proof=f"{KERNELS}/test_regression.py: exact curves with outliers, local spread",
            run=runs.run_regression,
        ),
        SensitizationMethod(
            name="ratio",
            title="treatment over control (synlet)",
            formula="median of 2^x(drug) / median of 2^x(vehicle), (ratio − median) / MAD",
            statistic="(ratio − median) / MAD",
            needs="a library of at least 20 reagents; one replicate is enough",
            replicates=1,
            reagents=20,
            needs_groups=False,
            decision="score",
            promise="no error rate: with one replicate nearly half of the calls are false, with three one in seven",
            reference="Shao et al. 2016, doi:10.18129/B9.bioc.synlet",
            proof=f"{KERNELS}/test_location.py: by hand",
            run=runs.run_ratio,
        ),
        SensitizationMethod(
            name="ssmd",
            title="strictly standardized mean difference with a moderated variance",
            formula="δ̄ / (√2 s̃)",
            statistic="SSMD",
            needs="two replicates or more",
            replicates=2,
            reagents=2,
            needs_groups=False,
            decision="ssmd",
            promise="a size in units of noise, not a test: with two replicates a third of the calls at −2 are false",
            reference="Zhang 2007, doi:10.1016/j.ygeno.2007.01.005",
            proof=f"{KERNELS}/test_replicated.py: by hand from the moderated t",
            run=runs.run_ssmd,
        ),
    )


#: Every named test of sensitization.
SENSITIZATION_METHODS: Mapping[str, SensitizationMethod] = {method.name: method for method in _records()}


#: Tests whose intervals have the coverage that is asked for.
_WITH_LEVEL = frozenset({"moderated-t", "student-t", "paired-t", "pi-score"})


def interval_level(name: str, *, level: float) -> float:
    """Coverage of the intervals of a test: what is asked for where it is a t test, else 0.95.

    >>> interval_level("moderated-t", level=0.8), interval_level("heb", level=0.8)
    (0.8, 0.95)
    """
    return level if name in _WITH_LEVEL else 0.95


def sensitization_method(name: str) -> SensitizationMethod:
    """Look up the record of a method.

    Raises
    ------
    MethodError
        There is no such method.
    """
    if name not in SENSITIZATION_METHODS:
        raise MethodError(
            "unknown test of sensitization",
            found=repr(name),
            expected=listed(SENSITIZATION_METHODS, most=40),
            next_step=suggestion(name, SENSITIZATION_METHODS),
        )
    return SENSITIZATION_METHODS[name]
