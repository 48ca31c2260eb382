"""Table 1 of the paper: responding features of each group of lines, in words."""

from __future__ import annotations

import polars as pl

__all__ = ["p_in_words", "responding", "table_of_groups"]


def p_in_words(p_value: float) -> str:
    """P-value as the paper prints it.

    >>> [p_in_words(p) for p in (0.0204, 0.0461, 0.0049, 0.00096)]
    ['0.02', '0.05', '5E-3', '1E-3']
    """
    if round(p_value, 2) >= 0.01:
        return f"{p_value:.2f}"
    digit, _, power = f"{p_value:.0E}".partition("E")
    return f"{digit}E{int(power)}"


def responding(response: pl.DataFrame, *, alpha: float = 0.05, by: str = "p_value") -> pl.DataFrame:
    """Features that answer, by group, in alphabetical order.

    Parameters
    ----------
    response : from `sensitome.expression.response.measure_response`
    alpha : p-values below it count
    by : ``p_value`` (nominal, as the paper) or ``q_value``

    Returns
    -------
    ``group``, ``cell_lines``, ``feature``, ``p_value``, ``q_value``, ``arm``, ``change`` and ``is_repeated``: whether
    the feature answers in another group as well
    """
    chosen = response.filter(pl.col(by) < alpha)
    groups = {name: i for i, name in enumerate(response["group"].unique(maintain_order=True))}
    return (
        chosen.with_columns(
            (pl.len().over("feature") > 1).alias("is_repeated"),
            pl.col("group").replace_strict(groups, return_dtype=pl.Int32, default=None).alias("_order"),
        )
        .sort("_order", pl.col("feature").str.to_lowercase(), "feature")
        .select("group", "cell_lines", "feature", "p_value", "q_value", "arm", "change", "is_repeated")
    )


def table_of_groups(response: pl.DataFrame, *, alpha: float = 0.05, by: str = "p_value") -> pl.DataFrame:
    """Lay the responding features out as Table 1 of Normann et al. 2021.

    Parameters
    ----------
    response, alpha, by : as of `responding`

    Returns
    -------
    One row per group, also where nothing answers: ``group``, ``cell_lines``, ``n``, ``features`` ("hsa-let-7b*
    (p = 0.02), …", repeated ones between two pairs of asterisks, which is bold in Markdown)
    """
    words = responding(response, alpha=alpha, by=by).with_columns(
        pl.format("{} (p = {})", "feature", pl.col(by).map_elements(p_in_words, return_dtype=pl.String)).alias("_word")
    )
    # An asterisk in a name ("let-7b*") must not end the bold.
    escaped = pl.col("_word").str.replace_all("*", r"\*", literal=True)
    words = words.with_columns(
        pl.when("is_repeated").then(pl.format("**{}**", escaped)).otherwise(escaped).alias("_word")
    )
    listed = words.group_by("group").agg(
        pl.len().cast(pl.Int32).alias("n"), pl.col("_word").str.join(", ").alias("features")
    )
    groups = response.select("group", "cell_lines").unique(maintain_order=True)
    return groups.join(listed, on="group", how="left", maintain_order="left").with_columns(
        pl.col("n").fill_null(0), pl.col("features").fill_null("")
    )
