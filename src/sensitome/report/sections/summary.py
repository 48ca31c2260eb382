"""Title, the result in one sentence, and the numbers of the run."""

from __future__ import annotations

from typing import Any

from sensitome.charts.data import plural, setting
from sensitome.report.section import Manifest, Tables
from sensitome.report.sensitization_text import headline as test_headline

__all__ = ["build", "sentence"]

_SHOWN = (
    ("plates", "plate"),
    ("wells", "well"),
    ("reagents", "reagent"),
    ("hit_reagents", "hit"),
    ("candidates", "candidate"),
    ("sensitizing_reagents", "sensitizer"),
    ("cautions", "caution"),
)


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Headline of the page; numbers that the run does not have are left out."""
    headline = _headline(tables, manifest)
    has_several = "hits" in tables and tables["hits"].select("cell_line", "treatment").n_unique() > 1
    numbers = [
        (f"{headline[key]:,}", noun if headline[key] == 1 else f"{noun}s")
        for key, noun in _SHOWN
        if headline.get(key) is not None and (key != "candidates" or has_several)
    ]
    return {
        "sentence": " ".join(
            filter(None, (sentence(headline, tables, manifest), test_headline(tables, manifest), _confirmed(headline)))
        ),
        "numbers": numbers,
        "truth": _truth(headline),
        "has_cautions": bool(manifest.get("cautions")),
        "has_conclusion": "conclusions" in tables and not tables["conclusions"].is_empty(),
    }


def _headline(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Numbers of the manifest; what it lacks is counted from the tables."""
    counted: dict[str, Any] = {}
    if "plates" in tables:
        counted["plates"] = tables["plates"].height
    if "wells" in tables:
        counted["wells"] = tables["wells"].height
    if "hits" in tables:
        hits = tables["hits"]
        counted["reagents"] = hits.select("reagent", "kind").n_unique()
        counted["hits"] = int(hits["is_hit"].sum())
        counted["hit_reagents"] = hits.filter("is_hit").select("reagent", "kind").n_unique()
        counted["candidates"] = hits.filter("is_candidate").select("reagent", "kind").n_unique()
    if "sensitizers" in tables:
        called = tables["sensitizers"].filter("is_sensitizer")
        counted["sensitizing_reagents"] = called.select("reagent", "kind").n_unique()
    counted["cautions"] = len(manifest.get("cautions") or ())
    return counted | dict(manifest.get("headline") or {})


def sentence(headline: dict[str, Any], tables: Tables, manifest: Manifest) -> str:
    """The result in one sentence, with what was asked, not more."""
    if headline.get("hit_reagents") is None:
        return "This run has no table of hits yet: the page shows what was measured."
    contexts = tables["hits"].select("cell_line", "treatment").n_unique() if "hits" in tables else 0
    vehicle = setting(manifest, "treatments", "vehicle")
    effect = "lose viability with a drug and are quiet without" if vehicle else "lose viability"
    single = "loses viability with a drug and is quiet without" if vehicle else "loses viability"
    calls = plural(headline.get("hits", 0), "call")
    where = f" in at least one of {contexts} contexts (cell line × arm): {calls} in all" if contexts > 1 else ""
    count = headline["hit_reagents"]
    text = f"Of {plural(headline.get('reagents', 0), 'reagent')}, {count:,} {effect if count != 1 else single}{where}"
    if contexts > 1 and headline.get("candidates") is not None:
        text += f". {plural(headline['candidates'], 'reagent')} {'does' if headline['candidates'] == 1 else 'do'} so "
        text += "more than once and " + ("is a candidate" if headline["candidates"] == 1 else "are candidates")
    return text + "."


def _confirmed(headline: dict[str, Any]) -> str:
    """What all evidence says of the reagents that were measured again; "" without a validation."""
    if headline.get("judged") is None:
        return ""
    count = headline["confirmed"]
    verb = "is a confirmed sensitizer" if count == 1 else "are confirmed sensitizers"
    return f"Of {plural(headline['judged'], 'reagent')} that were measured again, {count:,} {verb} by all the evidence."


def _truth(headline: dict[str, Any]) -> dict[str, str] | None:
    """Recall and false discoveries of a simulated study, of the rule and, where there is one, of the test."""
    if headline.get("recall") is None and headline.get("false_discovery_proportion") is None:
        return None
    shares = {"recall": headline.get("recall"), "wrong": headline.get("false_discovery_proportion")}
    if "sensitizer_recall" in headline:
        shares["test_recall"] = headline["sensitizer_recall"]
        shares["test_wrong"] = headline.get("sensitizer_false_discovery_proportion")
    return {name: "not defined" if share is None else f"{100 * share:.0f} %" for name, share in shares.items()}
