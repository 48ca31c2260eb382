"""The paper's call beside ours for every reagent, and why they differ where they do."""

from __future__ import annotations

import polars as pl

from sensitome.frames import to_polars

__all__ = ["compare_calls", "concordance"]

_KEY = ("reagent", "kind", "position", "cell_line", "treatment")


def compare_calls(sensitizers: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """Put the threshold rule and the test of sensitization side by side.

    Parameters
    ----------
    sensitizers : table `sensitizers`
    hits : table `hits` of the same scores

    Returns
    -------
    One row per reagent × kind × cell line × drug arm of either table: is_hit, is_sensitizer, agreement ("both", "rule
    only", "test only", "neither"), z, vehicle_z, effect, ci_low, ci_high, class, and reason, a sentence

    Notes
    -----
    The rule asks whether a reagent acts *with* the drug, the test whether the drug *changes* how it acts. A reagent at
    −2.9 SD without and −3.1 SD with the drug is a hit of the rule; nothing has changed.
    """
    ours = to_polars(sensitizers).select(
        *_KEY, "is_sensitizer", "is_expressed", "effect", "ci_low", "ci_high", "n", "class"
    )
    theirs = to_polars(hits).select(*_KEY, "is_hit", "z", "vehicle_z", rule=pl.col("reason"))
    joined = ours.join(theirs, on=list(_KEY), how="full", coalesce=True)
    both, rule = pl.col("is_hit").fill_null(value=False), pl.col("is_sensitizer").fill_null(value=False)
    agreement = (
        pl.when(both & rule)
        .then(pl.lit("both"))
        .when(both)
        .then(pl.lit("rule only"))
        .when(rule)
        .then(pl.lit("test only"))
        .otherwise(pl.lit("neither"))
    )
    return (
        joined.with_columns(agreement=agreement)
        .with_columns(reason=_reason())
        .select(
            *_KEY,
            "is_hit",
            "is_sensitizer",
            "agreement",
            "z",
            "vehicle_z",
            "effect",
            "ci_low",
            "ci_high",
            "class",
            "reason",
        )
        .sort(*_KEY)
    )


def concordance(compared: pl.DataFrame) -> pl.DataFrame:
    """How often the rule and the test agree, by line and drug arm, and in all.

    Parameters
    ----------
    compared : from `compare_calls`

    Returns
    -------
    One row per cell line × treatment, then one of all ("all", "all"): both, rule_only, test_only, neither (counts of
    contexts), and kappa, Cohen's agreement beyond chance; null where one of them calls nothing or everything

    References
    ----------
    Cohen 1960, doi:10.1177/001316446002000104
    """
    everything = compared.with_columns(cell_line=pl.lit("all"), treatment=pl.lit("all"))
    names = {"both": "both", "rule only": "rule_only", "test only": "test_only", "neither": "neither"}
    counts = [(pl.col("agreement") == word).sum().cast(pl.Int32).alias(name) for word, name in names.items()]
    parts = [
        frame.group_by("cell_line", "treatment").agg(counts).sort("cell_line", "treatment")
        for frame in (compared, everything)
    ]
    a, b, c, d = (pl.col(name).cast(pl.Float64) for name in names.values())
    total = a + b + c + d
    chance = ((a + b) * (a + c) + (c + d) * (b + d)) / total**2
    kappa = pl.when(chance < 1).then(((a + d) / total - chance) / (1 - chance))
    usable = (a + b > 0) & (a + c > 0) & (b + d > 0) & (c + d > 0)
    return pl.concat(parts).with_columns(kappa=pl.when(usable).then(kappa))


def _reason() -> pl.Expr:
    """A sentence for every row."""
    interval = pl.format("{} log2 [{}, {}]", *(_number(name) for name in ("effect", "ci_low", "ci_high")))
    effect = pl.coalesce(interval, pl.format("{} log2", _number("effect")), pl.lit("of unknown size"))
    z = pl.format(
        "{} SD with the drug and {} SD without it",
        _number("z", 1),
        pl.coalesce(_number("vehicle_z", 1), pl.lit("an unknown number of")),
    )
    witness = pl.when(pl.col("n") > 1).then(pl.lit("the replicates disagree")).otherwise(pl.lit("it stands alone"))
    artifact = pl.format("The rule sees {}, but {}: some well went wrong.", z, witness)
    same = pl.format("The rule sees {}; with the drug it does what it does without, a change of {}.", z, effect)
    half_way = pl.format("The rule sees {}; the drug changes the effect by {}, which is not enough to call.", z, effect)
    opposite = pl.format("The rule sees {}, but the drug weakens the effect: {}.", z, effect)
    silent = pl.format("The rule sees {}; the target is not expressed in that line, so it was not tested.", z)
    no_test = pl.format("The rule sees {}; the interaction cannot be tested.", z)
    found = pl.format("The drug changes the effect by {}; the rule leaves it out: {}.", effect, pl.col("rule"))
    agreement, kind = pl.col("agreement"), pl.col("class")
    return (
        pl.when(agreement == "both")
        .then(pl.format("Both: {}, a change of {}.", z, effect))
        .when((agreement == "rule only") & pl.col("effect").is_null())
        .then(no_test)
        .when((agreement == "rule only") & ~pl.col("is_expressed").fill_null(value=True))
        .then(silent)
        .when((agreement == "rule only") & (kind == "artifact"))
        .then(artifact)
        .when((agreement == "rule only") & (kind == "antagonist"))
        .then(opposite)
        .when((agreement == "rule only") & kind.cast(pl.String).is_in(["additive", "toxic alone"]))
        .then(same)
        .when(agreement == "rule only")
        .then(half_way)
        .when((agreement == "test only") & pl.col("rule").is_null())
        .then(pl.format("The drug changes the effect by {}; the rule does not judge it.", effect))
        .when(agreement == "test only")
        .then(found)
        .otherwise(pl.lit("Neither calls it."))
    )


def _number(column: str, digits: int = 2) -> pl.Expr:
    """A number as text with its sign and all its digits; null stays null."""
    scaled = (pl.col(column) * 10**digits).round().cast(pl.Int64)
    sign = pl.when(scaled < 0).then(pl.lit("−")).otherwise(pl.lit("+"))
    whole, rest = scaled.abs() // 10**digits, scaled.abs() % 10**digits
    return pl.concat_str(sign, whole, pl.lit("."), rest.cast(pl.String).str.zfill(digits))
