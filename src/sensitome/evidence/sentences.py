"""The conclusion on a candidate in plain sentences, and its weakest link."""

from __future__ import annotations

from collections.abc import Sequence

from sensitome.evidence.contexts import CORROBORATING, Context
from sensitome.evidence.sources import EXPERIMENTS
from sensitome.evidence.words import interval, joined, number

__all__ = ["conclusion_in_words", "weakest_link", "where_in_words"]

_AGAINST = ("contradicts", "additive", "mixed")
#: Verdict → what the candidate does in a line and arm.
_DOES = {
    "strong": "{name} sensitizes {line} to {arm}, with strong support",
    "confirmed": "{name} sensitizes {line} to {arm}, confirmed by the validation assay",
    "effect confirmed": "{name} leaves fewer cells of {line} with {arm}, and may sensitize them",
    "suggestive": "{name} may sensitize {line} to {arm}",
    "mixed": "{name} is in dispute for {line} with {arm}",
    "unclear": "{name} is undecided for {line} with {arm}",
    "additive": "{name} leaves fewer cells of {line} with {arm} as without it, and does not sensitize them",
    "contradicted": "{name} does not sensitize {line} to {arm} by what was measured",
    "not measured": "{name} was not measured in {line} with {arm}",
}
#: A weakness: whether it is there, and in words.
_Weakness = tuple[bool, str]


def conclusion_in_words(name: str, best: Context | None, *, alike: int, of: int, weakest: str) -> str:
    """What the evidence says of one candidate.

    Parameters
    ----------
    name : of the candidate
    best : where it stands best; None = nothing was measured
    alike, of : lines and arms with the same verdict, and in all
    weakest : from `weakest_link`
    """
    if best is None:
        return f"{name} was not measured."
    does = _DOES[best.verdict].format(name=name, line=best.cell_line, arm=best.treatment)
    many = f" ({alike} of {of} lines and arms)" if of > 1 else ""
    told = [_screen(best), _validation(best), *(_corroborating(best, one) for one in CORROBORATING)]
    words = joined([text for text in told if text])
    because = f": {words}" if words else ""
    missing = [EXPERIMENTS[one].title for one, says in best.experiments.items() if says == "missing" and _judged(one)]
    lacking = f" Not measured: {joined(missing)}." if missing else ""
    return f"{does}{many}{because}.{lacking} Weakest link: {weakest}."


def _judged(experiment: str) -> bool:
    return EXPERIMENTS[experiment].role != "context"


def _screen(best: Context) -> str:
    """What the screen says, in a clause."""
    rule, test = best.sources["screen"]["says"], best.sources["sensitization"]["says"]
    if best.experiments["screen"] == "missing":
        return ""
    called = [name for name, says in (("rule", rule), ("test of the interaction", test)) if says == "supports"]
    if not called:
        stable = best.sources["stability"]["says"] == "supports"
        quiet = "most defensible settings call it in the screen" if stable else "the screen does not call it"
        return quiet if test != "contradicts" else "the test of the screen shows no sensitization"
    words = f"the {' and the '.join(called)} of the screen {'call' if len(called) > 1 else 'calls'} it"
    return words if test != "contradicts" else f"{words}, but the test of the interaction speaks against it"


def _validation(best: Context) -> str:
    """What the validation assay says, in a clause."""
    says = best.experiments["validation"]
    if says == "missing":
        return ""
    words = {
        "supports": "the validation assay finds more killing than reagent and drug explain",
        "effect only": "the validation assay finds fewer cells with the drug, but not that the drug changes the effect",
        "additive": "the validation assay finds fewer cells with the drug, an effect that the drug does not change",
        "contradicts": "the validation assay shows no such effect",
        "mixed": "the validation assay disagrees with itself",
        "unclear": "the validation assay is undecided",
    }[says]
    return f"{words} ({_beyond(best)})"


def _beyond(best: Context) -> str:
    """The estimate of the validation assay in short: the interaction, else the excess, else the effect."""
    for name, word, unit, digits in (
        ("interaction", "interaction", "log2", 2),
        ("combination", "excess over Bliss", "points", 1),
        ("validation", "effect", "log2", 2),
    ):
        row = best.sources[name]
        if row["says"] != "missing":
            around = interval(row["ci_low"], row["ci_high"], digits=digits)
            return f"{word} {number(row['effect'], digits=digits)} {unit}, {around}, n {row['n']}"
    return "no estimate"


def _corroborating(best: Context, experiment: str) -> str:
    """What proteins or patients say, in a clause."""
    says = best.experiments[experiment]
    if says == "missing":
        return ""
    verb = {"supports": "agree", "contradicts": "point the other way", "mixed": "disagree among themselves"}.get(says)
    if verb is None:
        return f"{experiment} do not take sides"
    taking = [
        row["source"]
        for row in best.sources.values()
        if row["experiment"] == experiment and row["says"] in ("supports", "contradicts")
    ]
    return f"{experiment} {verb}{f' ({joined(taking)})' if experiment == 'patients' else ''}"


def where_in_words(contexts: Sequence[Context], verdicts: Sequence[str]) -> str:
    """Every verdict with its lines and arms, the best first."""
    parts = []
    for verdict in verdicts:
        own = [f"{one.cell_line} {one.treatment}" for one in contexts if one.verdict == verdict]
        if own:
            parts.append(f"{verdict}: {', '.join(own)}")
    return "; ".join(parts)


def weakest_link(best: Context | None, contexts: Sequence[Context]) -> str:
    """What a reader should doubt first: the first weakness that is there, in the order of `docs/evidence.md`.

    Parameters
    ----------
    best : where the candidate stands best
    contexts : every line and arm of it
    """
    if best is None:
        return "nothing was measured"
    found = (*_of_deciding(best), *_of_reach(best, contexts), *_of_corroborating(best))
    last = "what patients say is prognostic: it does not show that they would respond to the drug"
    return next((words for holds, words in found if holds), last)


def _of_deciding(best: Context) -> tuple[_Weakness, ...]:
    """Weaknesses of the screen and of the validation assay, and contradictions of the others."""
    screen, validation = best.experiments["screen"], best.experiments["validation"]
    stability = best.sources["stability"]
    effect_only = "that the drug changes the effect is not shown; more biological replicates would tell"
    return (
        (validation in _AGAINST, _against(best, "validation")),
        (screen in _AGAINST, _against(best, "screen")),
        *((best.experiments[name] in _AGAINST, _against(best, name)) for name in CORROBORATING),
        (validation == "missing", "no validation assay here, and the screen chose the candidate"),
        (validation == "unclear", f"the validation assay cannot tell ({_beyond(best)})"),
        (validation == "effect only", effect_only),
        (screen in ("missing", "unclear"), "the screen does not call it here"),
        (stability["says"] == "unclear", f"the call of the screen depends on its settings ({stability['words']})"),
    )


def _against(best: Context, experiment: str) -> str:
    """The source that contradicts, in its own words."""
    rows = [row for row in best.sources.values() if row["experiment"] == experiment and row["says"] == "contradicts"]
    return f"the {EXPERIMENTS[experiment].title}: {rows[0]['words'] if rows else best.experiments[experiment]}"


def _of_reach(best: Context, contexts: Sequence[Context]) -> tuple[_Weakness, ...]:
    """Whether the verdict holds in one cell line only, where there are several."""
    lines = sorted({context.cell_line for context in contexts})
    alike = {context.cell_line for context in contexts if context.verdict == best.verdict}
    beside = joined([line for line in lines if line not in alike], last="or")
    return ((len(lines) > 1 and len(alike) == 1, f"it is {best.verdict} in {best.cell_line} only, not in {beside}"),)


def _of_corroborating(best: Context) -> tuple[_Weakness, ...]:
    """Whether proteins and patients are missing or do not take sides."""
    missing = ((best.experiments[name] == "missing", EXPERIMENTS[name].missing) for name in CORROBORATING)
    unclear = ((best.experiments[name] == "unclear", f"the {name} do not take sides") for name in CORROBORATING)
    return (*missing, *unclear)
