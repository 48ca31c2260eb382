"""The named tests of sensitization as records: what each computes, needs, answers and promises, and what proves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sensitome.core.sensitization.contrasts import ContextTest
from sensitome.errors import MethodError, listed, suggestion
from sensitome.screen import sensitization_runs as runs
from sensitome.screen.sensitization_runs import Material

__all__ = ["SENSITIZATION_METHODS", "Decision", "SensitizationMethod", "sensitization_method"]

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


_KERNELS = "tests/core/sensitization"
_NO_RATE = "no error rate: noise has heavier tails than the normal, so that a third to half of the calls are false"


def _records() -> tuple[SensitizationMethod, ...]:
    """All records, the recommended one first."""
    return (*_with_priors(), *_with_p_values(), *_with_scores())


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
            promise="the list holds few false calls; rates above 0.01 are optimistic, more so with one replicate",
            reference="Efron 2008, doi:10.1214/07-STS236; Urbut et al. 2019, doi:10.1038/s41588-018-0268-8",
            proof="tests/core/heb",
            run=runs.run_heb,
        ),
        SensitizationMethod(
            name="mash",
            title="contexts of a reagent together, with the vehicle in common",
            formula="δ ~ Σ π N(0, ω² U), δ̂ ~ N(δ, V), V = σ²/R (I + 11ᵀ) within a line",
            statistic="P(δ > margin) − P(δ < −margin)",
            needs="a drug arm; with one replicate, effects that one bad well could imitate are not called",
            replicates=1,
            reagents=50,
            needs_groups=False,
            decision="mean_rate",
            promise="mean posterior probability of a false call; realized 0.15–0.25 at nominal 0.10",
            reference="Urbut et al. 2019, doi:10.1038/s41588-018-0268-8",
            proof=f"{_KERNELS}/test_shared_contexts.py: closed form of one component, planted patterns",
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
            proof=f"{_KERNELS}/test_shrinkage.py: closed form of one component, coverage on drawn effects",
            run=runs.run_ash,
        ),
    )


def _with_p_values() -> tuple[SensitizationMethod, ...]:
    """Methods whose list holds a false-discovery rate by their p-values."""
    held = "false-discovery rate by Benjamini-Hochberg"
    return (
        SensitizationMethod(
            name="moderated-t",
            title="moderated t of the interaction (limma)",
            formula="δ̂ / (u s̃), s̃² = (d0 s0² + ν s²)/(d0 + ν), one fit x ~ line · (arm + replicate) a reagent",
            statistic="t",
            needs="two replicates or more",
            replicates=2,
            reagents=2,
            needs_groups=False,
            decision="q_value",
            promise=f"{held}; realized 0.05–0.06 at nominal 0.10",
            reference="Smyth 2004, doi:10.2202/1544-6115.1027",
            proof="tests/oracle/limma_screen, 1e-9",
            run=runs.run_moderated,
        ),
        SensitizationMethod(
            name="student-t",
            title="Student's t of drug against vehicle, each reagent by itself",
            formula="(x̄_drug − x̄_vehicle) / (s √(1/n + 1/m)), n + m − 2 degrees of freedom",
            statistic="t",
            needs="two replicates or more",
            replicates=2,
            reagents=1,
            needs_groups=False,
            decision="q_value",
            promise=f"{held}; finds next to nothing with two or three replicates",
            reference="Student 1908, doi:10.1093/biomet/6.1.1",
            proof="tests/oracle/t_test, 1e-10",
            run=runs.run_student,
        ),
        SensitizationMethod(
            name="paired-t",
            title="paired t over the replicates, each reagent by itself",
            formula="δ̄ / (s_δ / √R), R − 1 degrees of freedom",
            statistic="t",
            needs="two replicates or more",
            replicates=2,
            reagents=1,
            needs_groups=False,
            decision="q_value",
            promise=f"{held}; finds nothing with two replicates (one degree of freedom)",
            reference="Student 1908, doi:10.1093/biomet/6.1.1",
            proof="tests/oracle/blocked, 1e-10",
            run=runs.run_paired,
        ),
        SensitizationMethod(
            name="pi-score",
            title="RNAinteract's π-score with a moderated t",
            formula="π = x − reagent − arm by alternating medians, t over the replicates",
            statistic="t",
            needs="two replicates or more, and three arms or more to tell the drug from the vehicle",
            replicates=2,
            reagents=20,
            needs_groups=False,
            decision="q_value",
            promise=f"{held}; a reagent that acts in half of the arms moves its own median and is missed",
            reference="Horn et al. 2011, doi:10.1038/nmeth.1581",
            proof=f"{_KERNELS}/test_pi_score.py: additive tables and planted cells by hand",
            run=runs.run_pi,
        ),
        SensitizationMethod(
            name="drugz",
            title="sum of z over replicates, SD from reagents with a similar vehicle (drugZ)",
            formula="z = δ_r / sd(vehicle), Σ z / √R standardized over the reagents",
            statistic="normZ",
            needs="a library of at least 20 reagents; one replicate is enough",
            replicates=1,
            reagents=20,
            needs_groups=False,
            decision="q_value",
            promise="p of the normal distribution: realized false-discovery rate 0.2–0.45 at nominal 0.10",
            reference="Colic et al. 2019, doi:10.1186/s13073-019-0665-3",
            proof=f"{_KERNELS}/test_location.py: sliding SD against a plain loop, libraries of 3 to 2,000",
            run=runs.run_drugz,
        ),
        SensitizationMethod(
            name="rank-product",
            title="product of the ranks over replicates",
            formula="Π r / (n + 1); −log ~ Gamma(R, 1), or counted for at most 100 reagents",
            statistic="mean log relative rank, signed by the nearer end",
            needs="two replicates or more; lists need three",
            replicates=2,
            reagents=5,
            needs_groups=False,
            decision="q_value",
            promise=f"{held} where reagents scatter alike; finds little with two replicates of a large library",
            reference="Breitling et al. 2004, doi:10.1016/j.febslet.2004.07.055",
            proof=f"{_KERNELS}/test_rank_products.py: all products counted; uniform p without effects",
            run=runs.run_rank_product,
        ),
        SensitizationMethod(
            name="rsa",
            title="redundant activity of the reagents of one gene or miRNA (RSA)",
            formula="min over i of P(i or more of the group among the first r_i), against random groups",
            statistic="log10 of that minimum, signed by the end of the ranking",
            needs="reagents joined by target; one replicate is enough",
            replicates=1,
            reagents=5,
            needs_groups=True,
            decision="q_value",
            promise=f"{held} over groups: a reagent carries the answer of its group",
            reference="König et al. 2007, doi:10.1038/nmeth1089",
            proof=f"{_KERNELS}/test_rank_products.py: hypergeometric tails by hand; uniform p without effects",
            run=runs.run_rsa,
        ),
        SensitizationMethod(
            name="replicate-contrast",
            title="mean over replicates against contrasts between replicates",
            formula="p = (1 + #{|contrast| ≥ |δ̄|}) / (1 + contrasts), Helmert contrasts of all reagents",
            statistic="δ̄",
            needs="two replicates or more",
            replicates=2,
            reagents=20,
            needs_groups=False,
            decision="q_value",
            promise=f"{held}; bad wells are in the null as well, so that few are called",
            reference="Tusher et al. 2001, doi:10.1073/pnas.091062498",
            proof=f"{_KERNELS}/test_replicated.py: uniform p without effects",
            run=runs.run_replicate_contrast,
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
            proof=f"{_KERNELS}/test_location.py: by hand",
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
            proof=f"{_KERNELS}/test_regression.py: exact curves with outliers, local spread",
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
            promise=_NO_RATE,
            reference="Shao et al. 2016, doi:10.18129/B9.bioc.synlet",
            proof=f"{_KERNELS}/test_location.py: by hand",
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
            promise="a size in units of noise, not a test: about a third of the calls at −2 are false",
            reference="Zhang 2007, doi:10.1016/j.ygeno.2007.01.005",
            proof=f"{_KERNELS}/test_replicated.py: by hand from the moderated t",
            run=runs.run_ssmd,
        ),
    )


#: Every named test of sensitization.
SENSITIZATION_METHODS: Mapping[str, SensitizationMethod] = {method.name: method for method in _records()}


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
