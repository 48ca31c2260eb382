"""Tables of the further studies: repetition, normalization, families, patterns, sizes of what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from benchmarks.calling.cells import Design
from benchmarks.calling.gate_tables import table
from benchmarks.calling.lookup import ALL, Found, design_of, label
from benchmarks.calling.methods import with_rates
from benchmarks.calling.studies import REPLICATES, SIZES, STUDIES

__all__ = ["SMALL"]

_CALLS = ("recall", "false_share", "average_precision")


def _repeated(found: Found) -> str:
    """Overlap of the calls of two screens of one truth."""
    designs = STUDIES["repeated"].designs
    rows = [
        [label(method), *(found.told(design, method, "jaccard", digits=2) for design in designs)]
        for method in ALL
        if any(found.of(design, method) for design in designs)
    ]
    return table([f"{found.screens(designs)} screens each", *(f"{design[2]:g} log2" for design in designs)], rows)


def _normalizations(found: Found) -> str:
    """One row a design and normalization; the preset's own from the first screens of the sizes."""
    study = STUDIES["normalizations"]
    own = {design[3]: None for design in study.designs} | {"study": None}
    settings = dict.fromkeys((design[1], design[2]) for design in study.designs)
    names = {"study": "loess 0.7 (the preset)"}
    rows = [
        [
            f"{size:g} log2, R = {replicates}",
            names.get(normalization, normalization),
            *(found.several(design, method, _CALLS, most=study.most) for method in study.methods),
        ]
        for replicates, size in settings
        for normalization in own
        if any(
            found.of(design := design_of(replicates=replicates, size=size, normalization=normalization), method)
            for method in study.methods
        )
    ]
    return table([f"{study.most} screens each", "normalization", *(label(method) for method in study.methods)], rows)


def _varied(found: Found, rows: list[tuple[str, str, Design]], *, most: int | None) -> str:
    """One row a variant of the model."""
    lines = [
        [setting, variant, *found.several(design, "heb", ("called", *_CALLS, "loyalty"), most=most).split(" / ")]
        for setting, variant, design in rows
        if found.of(design, "heb")
    ]
    head = ["setting", "given", "called", "recall", "false share", "average precision", "loyalty"]
    return table(head, lines) if lines else ""


def _families(found: Found) -> str:
    """Seed families withheld, true and shuffled."""
    settings = ((1, 0.75), (2, 0.5))
    rows = [
        (f"{size:g} log2, R = {count}", word, design_of(replicates=count, size=size, variant=variant))
        for count, size in settings
        for word, variant in (("none", "no families"), ("true", ""), ("shuffled", "shuffled families"))
    ]
    return _varied(found, rows, most=STUDIES["families"].most)


def _patterns(found: Found) -> str:
    """Sets of drugs in sets of lines alone, and every set of contexts."""
    rows = [
        (f"`{scenario}`, R = {count}", word, design_of(scenario, replicates=count, variant=variant))
        for scenario in ("main", "randpat", "null")
        for count in REPLICATES
        for word, variant in (("every set", ""), ("products", "product patterns"))
    ]
    return _varied(found, rows, most=STUDIES["patterns"].most)


def _curse(found: Found) -> str:
    """How large the found interactions are said to be."""
    rows = []
    for size in SIZES[1:]:
        for replicates in REPLICATES:
            design = design_of(replicates=replicates, size=size)
            for method in filter(with_rates, ALL):
                sums = np.array([record["sizes"] for record in found.of(design, method)])
                if not len(sums) or not sums[:, 0].sum():
                    continue
                n, true, raw, drawn, raw_square, drawn_square = sums.sum(axis=0)
                ratios = [f"{value / true:.2f}" for value in (raw, drawn)]
                errors = [f"{np.sqrt(value / n):.3f}" for value in (raw_square, drawn_square)]
                rows.append([f"{size:g}", str(replicates), label(method), f"{n:,.0f}", *ratios, *errors])
    head = ["size", "replicates", "test", "contexts", "measured / true", "drawn in / true"]
    return table([*head, "RMSE measured", "RMSE drawn in"], rows)


#: Mark → table.
SMALL: Mapping[str, Callable[[Found], str]] = {
    "repeated": _repeated,
    "normalizations": _normalizations,
    "families": _families,
    "patterns": _patterns,
    "curse": _curse,
}
