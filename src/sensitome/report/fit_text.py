"""What the hierarchical model learned, and what null screens say of the calls, in words for the page."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural
from sensitome.frames import middle

__all__ = ["learned_words", "null_words"]

#: Patterns that are named at most, and by what factor they must stand above the typical one; the rest is counted.
MOST_PATTERNS, CLEARLY = 8, 1.5


def learned_words(fit: pl.DataFrame | None) -> dict[str, Any] | None:
    """What the model learned, for the sensitization section.

    Parameters
    ----------
    fit : table `sensitization_fit`

    Returns
    -------
    ``numbers``: (name, value, what it says); ``patterns``: (contexts, percent); ``further``, patterns not named;
    ``slopes``: (cell line, arms with their slopes); None where nothing was learned
    """
    if fit is None or fit.is_empty():
        return None
    one = dict(fit.filter((pl.col("pattern") == "") & (pl.col("level") == "")).select("quantity", "value").rows())
    background = fit.filter(pl.col("quantity") == "background_sd").select("level", "value")
    shares = fit.filter(pl.col("quantity") == "pattern_share").sort(
        "value", "pattern", descending=[True, False], maintain_order=True
    )
    # Beyond what every pattern is given beforehand.
    typical = middle(shares["value"])
    named = shares.filter(pl.col("value") > CLEARLY * typical).head(MOST_PATTERNS)
    return {
        "numbers": _numbers(one, background),
        "patterns": [(pattern, _percent(share)) for pattern, share in named.select("pattern", "value").iter_rows()],
        "further": shares.height - named.height,
        "further_share": _percent(float(shares["value"].to_numpy()[named.height :].sum())),
        "slopes": _slopes(fit),
    }


def _numbers(one: dict[str, float], background: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Name, value, and what it says; the background by class of reagents."""
    rows = [
        (
            "sensitizers",
            _percent(one["sensitizers"]),
            f"share of the {int(one['reagents']):,} reagents that sensitize anywhere, as the screen lets expect",
        ),
        ("nothing to find", _percent(one["p_nothing"]), "probability that no reagent sensitizes at all"),
        ("noise", f"{one['noise_sd']:.2f} log2", "SD of a single well"),
        (
            "background",
            "; ".join(f"{kind} {sd:.3f} log2" for kind, sd in background.iter_rows()),
            "SD of small interactions that nearly every reagent has; with one replicate a quarter of the noise",
        ),
        ("wrong wells", _percent(one["wrong_wells"]), "share of the wells that went wrong"),
    ]
    if one["family_loyalty"] > 0:
        rows.append(("loyalty φ", f"{one['family_loyalty']:.2f}", "how often a mimic does what its seed family does"))
    if one["prior_weight"] > 0:
        rows.append(("earlier screen", _percent(one["prior_weight"]), "how much it counts beside this one"))
    return rows


def _slopes(fit: pl.DataFrame) -> list[tuple[str, str]]:
    """Drug arms of each line with their slopes; that of the vehicle, which comes first, is 1."""
    rows = fit.filter(pl.col("quantity") == "slope")
    vehicle = rows["treatment"][0] if rows.height else ""
    drugs = rows.filter(pl.col("treatment") != vehicle)
    lines: dict[str, list[str]] = {}
    for line, arm, value in drugs.select("cell_line", "treatment", "value").iter_rows():
        lines.setdefault(line, []).append(f"{arm} {value:.2f}")
    return [(line, ", ".join(arms)) for line, arms in lines.items()]


def null_words(null: pl.DataFrame | None) -> list[str]:
    """What null screens say of the rule and of the test, a sentence each.

    Parameters
    ----------
    null : table `null_calls`
    """
    if null is None:
        return []
    words = []
    for row in null.iter_rows(named=True):
        who = "The paper's rule" if row["called_by"] == "rule" else f"The test ({row['called_by']})"
        if row["remark"]:
            words.append(
                f"{who} calls {plural(row['calls'], 'context')}; how many by chance is not known: {row['remark']}"
            )
            continue
        by_chance = f"{row['expected']:.1f}" + (f" ± {row['standard_error']:.1f}" if row["standard_error"] else "")
        words.append(
            f"{who} calls {plural(row['calls'], 'context')}; in {plural(row['rounds'], 'screen')} made of this one, in "
            f"which no drug changes anything, it calls {by_chance}."
        )
    return words


def _percent(share: float) -> str:
    """A share in percent, small ones with more digits.

    >>> _percent(0.0429), _percent(0.0068), _percent(0.0), _percent(2e-7)
    ('4.3 %', '0.68 %', '0 %', '< 0.01 %')
    """
    percent = 100 * share
    if percent == 0:
        return "0 %"
    if percent < 0.01:
        return "< 0.01 %"
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"
