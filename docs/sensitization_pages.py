"""Pages and figures of the tests of sensitization, made from their records."""

from __future__ import annotations

from collections.abc import Callable

from words import code, notes, prose, table

from sensitome.core.heb.model import fit_sensitization
from sensitome.core.sensitization import location, rank_products, replicated
from sensitome.core.sensitization.pi_score import pi_score
from sensitome.core.sensitization.regression import regression_residual
from sensitome.core.sensitization.shared_contexts import mash
from sensitome.core.sensitization.shrinkage import ash
from sensitome.io.study_file import preset
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.sensitization import test_sensitization
from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS, Decision, SensitizationMethod
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import simulate_screen
from sensitome.settings import Treatments

__all__ = ["PATTERNS", "SCATTER", "figures", "methods_table", "pages", "titles"]

SCATTER = "figures/sensitization_scatter.svg"
PATTERNS = "figures/pattern_matrix.svg"

#: Functions whose notes say how a test computes.
_KERNELS: dict[str, Callable[..., object]] = {
    "heb": fit_sensitization,
    "mash": mash,
    "ash": ash,
    "moderated-t": replicated.moderated_interaction,
    "student-t": replicated.student_interaction,
    "paired-t": replicated.paired_interaction,
    "pi-score": pi_score,
    "drugz": location.drugz,
    "rank-product": rank_products.rank_product,
    "rsa": rank_products.rsa,
    "replicate-contrast": replicated.replicate_contrast,
    "robust-z": location.robust_z_of_interaction,
    "regression": regression_residual,
    "ratio": location.effect_ratio,
    "ssmd": replicated.ssmd_of_interaction,
}

#: What a test calls by → rule in words, setting that holds the limit.
_DECISIONS: dict[Decision, tuple[str, str]] = {
    "q_value": ("adjusted p (`q_value`) at most", "fdr"),
    "mean_rate": ("mean local rate of the list that ends with it (`q_value`) at most", "fdr"),
    "local_rate": ("local rate (`local_rate`) at most", "local_rate"),
    "score": ("statistic below minus", "k"),
    "ssmd": ("statistic below minus", "ssmd"),
}


def titles() -> dict[str, str]:
    """Path of each test's page → its title."""
    return {f"sensitization/{name}.md": name for name in SENSITIZATION_METHODS}


def pages() -> dict[str, str]:
    """Page of each test by its path."""
    return {f"sensitization/{name}.md": _page(method) for name, method in SENSITIZATION_METHODS.items()}


def methods_table() -> str:
    """Every test in one line."""
    rows = [
        (f"[{code(method.name)}]({method.name}.md)", prose(method.title), prose(method.needs), prose(method.promise))
        for method in SENSITIZATION_METHODS.values()
    ]
    return table(("test", "what it is", "needs", "what its list promises"), rows)


def _page(method: SensitizationMethod) -> str:
    """Everything that the record says, and the notes of the kernel."""
    words, setting = _DECISIONS[method.decision]
    facts = [
        ("Needs", prose(method.needs)),
        ("Fewest replicates", str(method.replicates)),
        ("Fewest reagents", str(method.reagents)),
        ("Ranks by", prose(method.statistic) + "; negative = sensitization"),
        ("Calls", f"{prose(words)} [{code(setting)}](../settings.md#sensitization)"),
        ("Promises", prose(method.promise)),
        ("Reference", prose(method.reference)),
        ("Checked in", prose(method.proof)),
    ]
    parts = [
        f"# {method.name}",
        f"**{prose(method.title[0].upper() + method.title[1:])}.**",
        f"```text\n{method.formula}\n```",
        table(("", ""), facts),
        f'```toml title="study.toml"\n[sensitization]\nmethod = "{method.name}"\n```',
    ]
    if method.name == "heb":
        parts.append("The [page for statisticians](../model.md) states the model, what was measured, and its limits.")
    found = notes(_KERNELS[method.name], "Notes", "References")
    if found:
        parts.append(f"## How it computes\n\n{found}")
    return "\n\n".join(parts) + "\n"


def figures() -> dict[str, bytes]:
    """Effect with the drug against effect without, and who sensitizes where, on a small simulated screen, as SVG."""
    from sensitome.charts.export import render
    from sensitome.charts.pattern_matrix import pattern_matrix
    from sensitome.charts.sensitization_scatter import sensitization_scatter

    screen, answers = simulate_screen(scenario("small"), seed=4), preset("normann2021")
    scores = score(normalize(screen.wells, settings=answers.normalize), settings=answers.score)
    treatments = Treatments(vehicle="vehicle")
    sensitizers = test_sensitization(scores, treatments=treatments, settings=answers.sensitization)
    manifest = {"study": {"treatments": treatments.model_dump(), "sensitization": answers.sensitization.model_dump()}}
    drawn = {
        name: draw({"sensitizers": sensitizers}, manifest)
        for name, draw in ((SCATTER, sensitization_scatter), (PATTERNS, pattern_matrix))
    }
    return {name: render(chart) for name, chart in drawn.items() if chart is not None}
