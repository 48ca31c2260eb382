"""The test of sensitization in words: what is called, how much of it may be false, the method with its numbers."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural
from sensitome.charts.sensitization_data import Evidence, evidence, sensitization_setting, tested
from sensitome.frames import largest

__all__ = ["class_words", "expected_false", "headline", "limits_in_words", "method_title", "sensitization_method_text"]


def method_title(sensitizers: pl.DataFrame) -> str:
    """What the test is, in a few words.

    >>> method_title(pl.DataFrame({"method": ["moderated-t"]}))
    'moderated t of the interaction (limma)'
    """
    from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS

    name = str(sensitizers["method"][0]) if sensitizers.height else ""
    return SENSITIZATION_METHODS[name].title if name in SENSITIZATION_METHODS else name


def headline(tables: Tables, manifest: Manifest) -> str:
    """The result of the test in one sentence; "" without the table."""
    sensitizers = tables.get("sensitizers")
    if sensitizers is None or sensitizers.is_empty():
        return ""
    called = sensitizers.filter("is_sensitizer")
    reagents = called.select("reagent", "kind").n_unique()
    if not reagents:
        return "The test of the interaction calls no reagent a sensitizer."
    has_several = sensitizers.select("cell_line", "treatment").n_unique() > 1
    where = f" in {plural(called.height, 'context')}" if has_several else ""
    text = f"The test of the interaction calls {plural(reagents, 'reagent')} {_sensitizer(reagents)}{where}"
    doubt = expected_false(sensitizers, evidence(sensitizers, manifest))
    return f"{text}{f', {doubt}' if doubt else ''}."


def _sensitizer(count: int) -> str:
    """Noun."""
    return "a sensitizer" if count == 1 else "sensitizers"


def expected_false(sensitizers: pl.DataFrame, found: Evidence) -> str:
    """How many of the calls are expected to be false, as far as the method says; to follow a comma.

    Local rates add up to it; a list with a false-discovery rate holds it as a share; scores say nothing.
    """
    called = sensitizers.filter("is_sensitizer")
    if found.decision in ("local_rate", "mean_rate") and called["local_rate"].null_count() < called.height:
        return f"of which {_about(float(called['local_rate'].sum()))} expected to be false by its own rates"
    if found.decision == "q_value" and found.limit is not None:
        return f"at a false-discovery rate of {100 * found.limit:g} %"
    return "without an error rate" if found.decision in ("score", "ssmd") else ""


def _about(count: float) -> str:
    """An expected number, with its verb.

    >>> _about(2.31), _about(0.04)
    ('about 2.3 are', 'fewer than 0.1 are')
    """
    return "fewer than 0.1 are" if count < 0.1 else f"about {count:.1f} are" if count < 10 else f"about {count:.0f} are"


def class_words(manifest: Manifest) -> dict[str, str]:
    """What each class means, with the limits of the run, the most interesting class first."""
    quiet, additive = (sensitization_setting(manifest, name) for name in ("quiet", "additive"))
    toxic = "shown to be toxic without drug" + (f" (below −{quiet:g} log2)" if quiet else "")
    small = "interaction shown to be small" + (f" (within ±{additive:g} log2)" if additive else "")
    return {
        "sensitizer": "called, and not shown to be toxic without drug",
        "toxic and sensitizing": f"called, and {toxic}",
        "antagonist": "called in the other direction: with the drug it does less than expected",
        "artifact": "not called, and some well went wrong: replicates disagree, or the model is sure of it",
        "toxic alone": f"{small}, and toxic without drug",
        "additive": f"{small}: with the drug it does what it does without",
        "undetermined": "none of this is shown, or it was not tested; this is not evidence of no effect",
    }


def limits_in_words(sensitizers: pl.DataFrame, found: Evidence) -> list[tuple[str, str]]:
    """What the test assumes and what this run cannot tell: heading and text."""
    most = int(largest(sensitizers["n"]))
    words = [
        (
            "No interaction means Bliss independence.",
            "δ is the effect with the drug minus the effect without, in log2; the drug's own effect is the same for "
            "all reagents of a plate and is taken off with it. 0 = the drug leaves as large a share of the cells "
            "with the reagent as without. Where hardly a cell is left already, a reagent cannot show more.",
        ),
        (
            "One vehicle serves all drugs.",
            "All interactions of a reagent in a cell line are measured from the same vehicle wells: an error there "
            "moves all of them together, and agreement between arms of one line is weaker evidence than between lines.",
        ),
    ]
    if found.decision in ("local_rate", "mean_rate"):
        words.insert(
            0,
            (
                "The rates are those of a model.",
                "It learns from all reagents of this screen how large interactions are, in which contexts they come "
                "together, how noisy wells are and how often they go wrong, and takes most reagents not to interact. "
                "Where that is wrong the rates are wrong too; on simulated screens, those from 0.1 to 0.5 promise too "
                "much.",
            ),
        )
    elif found.decision == "q_value":
        words.insert(
            0,
            (
                "The rate belongs to the list.",
                "A false-discovery rate says how much of the whole list may be false, not how sure a single call is: "
                "the last of the list are the least sure.",
            ),
        )
    has_several = sensitizers.select("cell_line", "treatment").n_unique() > 1
    return [*words, _replicates_in_words(most, has_several=has_several, is_model=found.decision == "local_rate")]


def _replicates_in_words(most: int, *, has_several: bool, is_model: bool) -> tuple[str, str]:
    """What so many replicates can and cannot tell."""
    if most <= 1:
        text = "Its noise is guessed from all reagents together. An effect that shows in a single context looks like a "
        text += "well that went wrong, and only a further replicate can tell"
        text += (
            ": calls rest on contexts that agree." if has_several else ", for there is no other context to agree with."
        )
        if is_model and not has_several:
            text += " In simulated screens of one line, one drug and one replicate, several times as many calls were "
            text += "false as the rates say: take the list as a choice of reagents to measure again."
        return "One replicate cannot tell a bad well from an effect.", text
    return (
        f"With {plural(most, 'replicate')} the noise of each reagent is mostly borrowed from the others.",
        "A reagent that varies more than its like gets intervals that are too narrow. A call is a reason to test the "
        "reagent again, not a result by itself.",
    )


def sensitization_method_text(tables: Tables, manifest: Manifest) -> str:
    """A paragraph for a Methods section; "" when the run has no test."""
    sensitizers = tables.get("sensitizers")
    if sensitizers is None or sensitizers.is_empty():
        return ""
    from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS

    record = SENSITIZATION_METHODS.get(str(sensitizers["method"][0]))
    text = (
        "Whether a drug changes the effect of a reagent was tested by the interaction δ, the log2 effect with the drug "
        f"minus that without (0 = Bliss independence){_reference(manifest)}, with the {method_title(sensitizers)}"
    )
    if record is not None:
        text += f" ({record.formula}; {record.reference})"
    text += f"{_checks(tables, manifest)}. {_decision(sensitizers, manifest)}"
    untested = sensitizers.filter(~tested()).height
    if untested:
        text += f" {plural(untested, 'context')} without a value or without an expressed target did not take part."
    counts = sensitizers["class"].cast(pl.String).value_counts().sort("count", "class", descending=[True, False])
    listed = [f"{count:,} {word}" for word, count in counts.iter_rows()]
    return f"{text} Classes of {plural(sensitizers.height, 'context')}: {named(listed)}."


def _reference(manifest: Manifest) -> str:
    """What effects are measured from."""
    words = {
        "library": ", both measured from the typical reagent of the plate",
        "negatives": ", both measured from negative controls of the same class",
    }
    return words.get(str(sensitization_setting(manifest, "reference")), "")


def _checks(tables: Tables, manifest: Manifest) -> str:
    """What is done about wells that go wrong, and about reagents with one seed."""
    if str(tables["sensitizers"]["method"][0]) != "heb":
        limit: Any = sensitization_setting(manifest, "discordant")
        return f"; wells that lie more than {limit:g} SD from their replicates were discounted" if limit else ""
    kinds = sensitization_setting(manifest, "seed_kinds")
    reagents = tables.get("reagents")
    if not kinds or reagents is None or "sequence" not in reagents.columns:
        return ""
    return f"; reagents of kind {named(list(kinds))} with one seed lend each other strength as far as they agree"


def _decision(sensitizers: pl.DataFrame, manifest: Manifest) -> str:
    """What is called, with the limit."""
    found = evidence(sensitizers, manifest)
    margin, level = (sensitization_setting(manifest, name) for name in ("margin", "level"))
    least = (
        f" A rate is the probability that δ is not below −{margin:g}." if margin and "rate" in found.decision else ""
    )
    cover = f" Intervals cover {100 * level:g} %." if level else ""
    if found.limit is None:
        return f"Contexts were called as the method does.{least}{cover}"
    words = {
        "local_rate": f"Contexts with a local false sensitizer rate of at most {found.limit:g} were called.",
        "mean_rate": f"The longest list with a mean rate of at most {found.limit:g} was called.",
        "q_value": f"Contexts with δ below 0 were called at a false-discovery rate of {100 * found.limit:g} % "
        "(Benjamini-Hochberg).",
        "score": f"Contexts whose score lies below −{abs(found.limit):g} were called; this has no error rate.",
        "ssmd": f"Contexts whose SSMD lies below −{abs(found.limit):g} were called; this has no error rate.",
    }
    return f"{words[found.decision]}{least}{cover}"
