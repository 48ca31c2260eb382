"""From the table of a fit to a prior that can be kept, and from a kept prior to one that the model can use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from sensitome.core.heb.classes import ANTAGONIST_SIZES, SIZES, Kind
from sensitome.core.heb.prior import Learned, Prior, general_levels
from sensitome.errors import Fault, SettingsError, listed
from sensitome.io.prior_file import General, Interaction, PriorFile
from sensitome.screen.sensitization_fit import level_of_general

__all__ = ["keep_prior", "use_prior"]

_KINDS = {"null_weight": "null", "sensitizer_weight": "sensitizer", "antagonist_weight": "antagonist"}
_NUMBERS = {"null": Kind.NULL, "sensitizer": Kind.SENSITIZER, "antagonist": Kind.ANTAGONIST}


def keep_prior(fit: pl.DataFrame) -> PriorFile | None:
    """What a further study can reuse of a fit.

    Parameters
    ----------
    fit : table `sensitization_fit`

    Returns
    -------
    The content of a prior file; None where nothing was learned, or there is no drug arm
    """
    slopes = fit.filter(pl.col("quantity") == "slope")
    lines = slopes["cell_line"].unique(maintain_order=True).to_list()
    arms = slopes["treatment"].unique(maintain_order=True).to_list()
    if len(arms) < 2:
        return None
    places = {f"{line}: {drug}": (line, drug) for line in lines for drug in arms[1:]}
    classes = fit.filter(pl.col("quantity").is_in(list(_KINDS))).select("quantity", "pattern", "level", "value")
    general = fit.filter(pl.col("quantity") == "general_weight").select("level", "value")
    single = dict(fit.filter(pl.col("quantity").is_in(["reagents", "wrong_wells"])).select("quantity", "value").rows())
    return PriorFile(
        format="sensitome sensitization prior 1",
        lines=tuple(lines),
        vehicle=arms[0],
        drugs=tuple(arms[1:]),
        reagents=int(single["reagents"]),
        wrong_wells=single["wrong_wells"],
        general=tuple(General(level=level, weight=weight) for level, weight in general.iter_rows()),
        interaction=tuple(
            Interaction.model_validate(
                {
                    "kind": _KINDS[quantity],
                    "contexts": tuple(places[name] for name in pattern.split("; ") if name),
                    "size": float(level or 0),
                    "weight": weight,
                }
            )
            for quantity, pattern, level, weight in classes.iter_rows()
        ),
    )


def use_prior(kept: PriorFile, *, lines: Sequence[str], arms: Sequence[str], weight: float, where: str = "") -> Prior:
    """Lay a kept prior out for the lines and arms of a screen.

    Parameters
    ----------
    kept : what an earlier screen taught
    lines, arms : of this screen, the vehicle first; the order may differ
    weight : how much it counts: 0 = nothing, 1 = alone
    where : what messages call it

    Raises
    ------
    SettingsError
        Lines, vehicle or drugs are not the same, or the model had other classes; all at once.
    """
    faults = [
        Fault(f"{name} {listed(own, last='and')}, those of this screen", column=name, value=", ".join(before))
        for name, before, own in (
            ("lines", kept.lines, lines),
            ("vehicle", [kept.vehicle], arms[:1]),
            ("drugs", kept.drugs, arms[1:]),
        )
        if set(before) != set(own)
    ]
    levels = [level_of_general(*level) for level in general_levels()]
    if [part.level for part in kept.general] != levels:
        faults.append(Fault("the classes of general effects and noise of this version of the model", column="general"))
    sizes = {("null", 0.0)} | {("sensitizer", s) for s in SIZES} | {("antagonist", s) for s in ANTAGONIST_SIZES}
    if not {(part.kind, part.size) for part in kept.interaction} <= sizes:
        faults.append(Fault("the sizes of interactions of this version of the model", column="interaction"))
    if faults:
        raise SettingsError(
            "the prior does not fit this screen",
            where=where,
            faults=faults,
            next_step="Take [sensitization] prior away, or name one of a screen with these lines and arms.",
        )
    row = {line: i for i, line in enumerate(lines)}
    column = {drug: j for j, drug in enumerate(arms[1:])}
    pattern = np.zeros((len(kept.interaction), len(lines), len(column)), dtype=np.bool_)
    for number, part in enumerate(kept.interaction):
        for line, drug in part.contexts:
            pattern[number, row[line], column[drug]] = True
    learned = Learned(
        kind=np.array([_NUMBERS[part.kind] for part in kept.interaction], dtype=np.intp),
        size=np.array([part.size for part in kept.interaction]),
        pattern=pattern,
        interaction=np.array([part.weight for part in kept.interaction]),
        general=np.array([part.weight for part in kept.general]),
        wrong_rate=kept.wrong_wells,
    )
    return Prior(learned, weight)
