"""Tables of the comparison of tests, as the documentation has them.

`python -m benchmarks.calling.pages` prints them; with `--write docs/benchmarks-calling.md` it puts them between the
marks of that page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.calling.gate_tables import between_marks, table
from benchmarks.calling.lookup import ALL, Found, design_of, label
from benchmarks.calling.methods import RULE
from benchmarks.calling.records import Records, read
from benchmarks.calling.small_tables import SMALL
from benchmarks.calling.studies import REPLICATES, SIZES, STUDIES
from benchmarks.calling.work import results

__all__ = ["tables"]

_CALLS = ("recall", "false_share", "average_precision")


def tables(records: Records) -> dict[str, str]:
    """Every part of the page by its mark, in Markdown."""
    found = Found(records)
    large: dict[str, Callable[[Found], str]] = {
        **{f"sizes {replicates}": lambda found, count=replicates: _sizes(found, count) for replicates in REPLICATES},
        "errors": _errors,
        **{f"menu {replicates}": lambda found, count=replicates: _menu(found, count) for replicates in REPLICATES},
        "reagents": _reagents,
        "nothing": _nothing,
        "stress": _stress,
        "time": _time,
    }
    return {name: make(found) or "*Not measured yet.*" for name, make in (large | dict(SMALL)).items()}


def _sizes(found: Found, replicates: int) -> str:
    """One row a method, one column a size."""
    designs = [design_of(replicates=replicates, size=size) for size in SIZES]
    rows = [
        [label(method), *(found.several(design, method, _CALLS) for design in designs)]
        for method in ALL
        if any(found.of(design, method) for design in designs)
    ]
    return table([f"{found.screens(designs)} screens each", *(f"{size:g} log2" for size in SIZES)], rows)


def _errors(found: Found) -> str:
    """How far the means of the sizes may be off."""
    designs = [design_of(replicates=replicates, size=size) for replicates in REPLICATES for size in SIZES]
    recall, precision = (found.largest_error(designs, name) for name in ("recall", "average_precision"))
    usual = [design for design in designs if design[2] >= 0.5]
    false = found.largest_error(usual, "false_share")
    return (
        f"Monte-Carlo standard errors: of recall at most {recall:.3f}, of average precision {precision:.3f}, of the "
        f"false share from 0.5 log2 on {false:.3f} (methods that call nothing in most screens have the largest)."
    )


def _menu(found: Found, replicates: int) -> str:
    """One row a method, at 0.75 log2, with errors."""
    design = design_of(replicates=replicates)
    rows = [
        [
            label(method),
            found.told(design, method, "called", digits=1),
            *(found.told(design, method, name) for name in (*_CALLS, "reagents_recall", "reagents_false_share")),
            found.told(design, method, "seconds").split(" ")[0],
        ]
        for method in ALL
        if found.of(design, method)
    ]
    head = ["called", "recall", "false share", "average precision", "reagents: recall", "reagents: false share"]
    return table([f"{found.screens([design])} screens", *head, "seconds"], rows)


def _reagents(found: Found) -> str:
    """Reagents and candidates, with and without an effect of their own."""
    rows = [
        [
            f"{size:g}",
            str(replicates),
            label(method),
            found.told(design, method, "reagents_called", digits=0).split(" ")[0],
            found.several(design, method, ("reagents_recall", "reagents_false_share")),
            found.told(design, method, "candidates_called", digits=0).split(" ")[0],
            found.several(design, method, ("candidates_recall", "candidates_false_share")),
            found.share(design, method, "quiet"),
            found.share(design, method, "toxic"),
        ]
        for size in (0.5, 0.75, 1.0)
        for replicates in REPLICATES
        for method in (RULE, "moderated-t", "mash", "heb")
        if found.of(design := design_of(replicates=replicates, size=size), method)
    ]
    head = ["size", "replicates", "test", "reagents", "recall / false", "candidates", "recall / false"]
    return table([*head, "context recall, quiet alone", "… toxic alone"], rows)


def _nothing(found: Found) -> str:
    """False calls where nothing is true."""
    designs = [design_of("null", replicates=replicates) for replicates in REPLICATES]
    rows = []
    for method in ALL:
        cells = [f"{found.told(d, method, 'called', digits=1)} {_any(found, d, method)}".strip() for d in designs]
        if any(found.of(design, method) for design in designs):
            rows.append([label(method), *cells])
    head = [f"{found.screens(designs)} screens each"]
    return table([*head, *(f"R = {replicates}: false calls (any)" for replicates in REPLICATES)], rows)


def _any(found: Found, design: tuple[str, int, float, str, str], method: str) -> str:
    mean, _ = found.mean(design, method, lambda record: float(record["called"] > 0))
    return "" if mean is None else f"({mean:.2f})"


def _stress(found: Found) -> str:
    """One row a scenario and number of replicates."""
    study = STUDIES["stress"]
    designs = [design_of(replicates=replicates) for replicates in REPLICATES]
    rows = [
        [
            f"`{design[0]}`",
            str(design[1]),
            *(found.several(design, method, _CALLS, most=study.most) for method in study.methods),
        ]
        for design in [*designs, *study.designs]
        if any(found.of(design, method) for method in study.methods)
    ]
    return table([f"{study.most} screens each", "replicates", *(label(method) for method in study.methods)], rows)


def _time(found: Found) -> str:
    """What the sizes and replicates take, in a sentence."""
    designs = [design_of(replicates=replicates, size=size) for replicates in REPLICATES for size in SIZES]
    each = {method: np.mean([found.mean(design, method, "seconds")[0] or 0.0 for design in designs]) for method in ALL}
    model = each.pop("heb")
    others, ready = sum(each.values()), np.mean([found.ready(design) for design in designs])
    told = [f"{ready:.2f} s to simulate, normalize and score", f"{others:.2f} s for the rule and all tests but `heb`"]
    told += [f"{model:.2f} s for `heb`"] if model else []
    minutes = 100 * len(designs) * (ready + others + model) / 60
    return (
        f"A screen takes, in seconds of one busy core, means over these sizes and replicates: {', '.join(told)}. "
        f"A hundred screens of all {len(designs)} are {minutes:.0f} minutes of one core: {minutes / 2:.0f} on two, "
        f"{minutes / 4:.0f} on four, {minutes / 8:.0f} on eight."
    )


if __name__ == "__main__":
    made = tables(read(results("calling")))
    if sys.argv[1:2] == ["--write"]:
        target = Path(sys.argv[2])
        target.write_text(between_marks(target.read_text(encoding="utf-8"), made), encoding="utf-8")
    else:
        print("\n\n".join(f"{name}\n\n{part}" for name, part in made.items()))
