"""Sources from the laboratory: the screen, the validation assay and the proteins, each of one line and arm."""

from __future__ import annotations

import polars as pl

from sensitome.evidence.sources import ESTIMATE, KEYS, Asked, Judgment, Row, Source, Tables
from sensitome.evidence.words import chance, estimate, interval, number, percent

__all__ = ["LAB_SOURCES", "adopt_kinds"]

#: Kind of a reagent where a table does not say.
ANY_KIND = "reagent"
_SENSITIZES = ("sensitizer", "toxic and sensitizing")
_SHOWN_NOT = ("antagonist", "toxic alone", "additive")


def adopt_kinds(table: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Give reagents without a kind that of the known reagent of the same name, where there is only one.

    Parameters
    ----------
    table : with `reagent` and perhaps `kind`
    known : `reagent`, `kind`, unique

    Returns
    -------
    The table with `kind` as text
    """
    if "kind" not in table.columns:
        table = table.with_columns(pl.lit(ANY_KIND).alias("kind"))
    single = known.filter(pl.len().over("reagent") == 1).select("reagent", pl.col("kind").alias("_kind"))
    joined = table.with_columns(pl.col("kind").cast(pl.String)).join(
        single, on="reagent", how="left", maintain_order="left"
    )
    unsaid = (pl.col("kind").fill_null("").is_in(["", ANY_KIND])) & pl.col("_kind").is_not_null()
    return joined.with_columns(pl.when(unsaid).then("_kind").otherwise("kind").alias("kind")).drop("_kind")


def _own(tables: Tables, name: str, asked: Asked) -> pl.DataFrame | None:
    """Rows of a table that are about candidates; None without the table."""
    table = tables.get(name)
    if table is None or table.is_empty():
        return None
    items = asked.candidates.select("reagent", "kind")
    named = table.filter(pl.col("reagent").is_not_null())
    return adopt_kinds(named, items).join(items, on=["reagent", "kind"], how="semi").with_columns(_as_text(named))


def _as_text(table: pl.DataFrame) -> list[pl.Expr]:
    """Keys as text, whatever the table has them as."""
    return [pl.col(name).cast(pl.String) for name in KEYS[2:] if name in table.columns]


def _first(table: pl.DataFrame, *by: str, further: tuple[str, ...] = ()) -> pl.DataFrame:
    """One row a key, the smallest of a column first; of the columns those of an estimate and the further ones."""
    ordered = table.sort(*KEYS, *by, nulls_last=True, maintain_order=True).unique(
        KEYS, keep="first", maintain_order=True
    )
    names = [*KEYS, *ESTIMATE, *further]
    return ordered.select(name for name in names if name in ordered.columns)


def _screen(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    own = _own(tables, "hits", asked)
    if own is None:
        return None
    # Of several wells the one that is called, then the strongest.
    own = own.with_columns(
        pl.col("score").alias("effect"), (~pl.col("is_hit")).alias("_rest"), -pl.col("z").abs().alias("_z")
    )
    return _first(own, "_rest", "_z", further=("z", "vehicle_z", "is_hit", "reason"))


def _judge_screen(row: Row, asked: Asked) -> Judgment:
    z = f"z {number(row['z'], digits=1)}" if isinstance(row["z"], float) else "no z"
    if row["is_hit"]:
        return "supports", f"called by the rule ({z})"
    return "unclear", f"not called by the rule ({z}: {row['reason']})"


def _stability(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    """Share of the settings that call each context; contexts that no setting calls are not in the table."""
    own, hits = _own(tables, "stability", asked), _own(tables, "hits", asked)
    settings = tables["stability"]["n_settings"].max() if own is not None else None
    if own is None:
        return None
    found = own.select(*KEYS, pl.col("share").alias("effect"), pl.col("n_settings").alias("n"))
    found = found.sort(*KEYS, "effect", descending=[False] * 4 + [True]).unique(KEYS, keep="first", maintain_order=True)
    if hits is None:
        return found
    every = hits.select(KEYS).unique().join(found, on=KEYS, how="left")
    return every.with_columns(pl.col("effect").fill_null(0.0), pl.col("n").fill_null(pl.lit(settings)))


def _judge_stability(row: Row, asked: Asked) -> Judgment:
    says = "supports" if row["effect"] >= asked.settings.stable else "unclear"
    return says, f"called under {percent(row['effect'])} of {row['n']:,} defensible settings"


def _sensitization(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    own = _own(tables, "sensitizers", asked)
    if own is None:
        return None
    own = own.filter(pl.col("effect").is_not_null()).with_columns(pl.col("class").cast(pl.String))
    rate = "local_rate" if own["local_rate"].is_not_null().any() else "q_value"
    return _first(own, rate, "effect", further=("local_rate", "class", "is_sensitizer", "is_expressed"))


def _judge_sensitization(row: Row, asked: Asked) -> Judgment:
    if row.get("is_expressed") is False:
        return "unclear", "not tested: its target is not expressed in this line"
    rate = row.get("local_rate")
    shown = {**row, "q_value": None, "p_value": None} if isinstance(rate, float) else row
    doubt = f", local rate {rate:.2g}" if isinstance(rate, float) and rate >= 1e-4 else ""
    doubt = ", local rate < 0.0001" if isinstance(rate, float) and rate < 1e-4 else doubt
    words = f"{row['class']} by the test, interaction {estimate(shown, unit='log2')}{doubt}"
    if row["is_sensitizer"] or row["class"] in _SENSITIZES:
        return "supports", words
    return ("contradicts" if row["class"] in _SHOWN_NOT else "unclear"), words


def _validated(tables: Tables, asked: Asked, contrast: str) -> pl.DataFrame | None:
    """Rows of one contrast of the validation assay; where there are several tests, those that count replicates."""
    own = _own(tables, "validation", asked)
    if own is None:
        return None
    own = own.filter((pl.col("contrast").cast(pl.String) == contrast) & pl.col("effect").is_not_null())
    honest = (~pl.col("unit").str.starts_with("wells")).cast(pl.Int8)
    own = own.with_columns(-honest.alias("_wells"))
    return _first(own, "_wells", further=("percent", "unit")) if own.height else None


def _validation(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    return _validated(tables, asked, "reagent")


def _interaction(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    return _validated(tables, asked, "interaction")


def _log2_side(row: Row, asked: Asked) -> str:
    """What a log2 loss with an interval says: it is there, it is shown to be too small to matter, or neither."""
    value, low, margin = row.get(asked.settings.by), row.get("ci_low"), asked.settings.margin
    is_sure = isinstance(value, float) and value <= asked.settings.alpha
    if (isinstance(low, float) and low > -margin) or (is_sure and row["effect"] > 0):
        return "contradicts"
    return "supports" if is_sure and row["effect"] < 0 else "unclear"


def _judge_validation(row: Row, asked: Asked) -> Judgment:
    share = row.get("percent")
    of = f"{number(share, digits=0)} % of the control" if isinstance(share, float) else "against the control"
    counted = " wells" if str(row.get("unit", "")).startswith("wells") else ""
    words = f"{of} in this arm, {estimate(row, unit='log2')}{counted}"
    if row["treatment"] == asked.vehicle:
        return "context", f"without drug {of}, {estimate(row, unit='log2')}{counted}"
    return _log2_side(row, asked), words


def _judge_interaction(row: Row, asked: Asked) -> Judgment:
    return _log2_side(row, asked), f"beyond what reagent and drug do alone {estimate(row, unit='log2')}"


def _combination(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    own = _own(tables, "combinations", asked)
    if own is None:
        return None
    reference, scale = (pl.col(name).cast(pl.String) for name in ("reference", "scale"))
    # What is beyond a drug arm as a whole: beyond each of its drugs would count their own interaction as well.
    pair = pl.col("combination") == pl.format("{} + {}", "reagent", "treatment")
    own = own.filter((reference == "Bliss") & (scale == "viability") & pair & pl.col("effect").is_not_null())
    return _first(own, further=("direction", "expected", "observed")) if own.height else None


def _judge_combination(row: Row, asked: Asked) -> Judgment:
    value = row.get(asked.settings.by)
    around = interval(row.get("ci_low"), row.get("ci_high"), digits=1)
    words = f"{row['direction']} ({around}){chance(row)}, n {row['n']}"
    if not isinstance(value, float) or value > asked.settings.alpha:
        return "unclear", words
    return ("supports" if row["effect"] > 0 else "contradicts"), words


def _protein(tables: Tables, asked: Asked) -> pl.DataFrame | None:
    """Signed readings, and how many reagents of the same arm and line read as high."""
    every, own = tables.get("protein_readings"), _own(tables, "protein_readings", asked)
    if every is None or own is None:
        return None
    arm = ["cell_line", "treatment"]
    rank = pl.col("reading").rank("max", descending=True).over(arm) / pl.len().over(arm)
    ranked = every.filter(pl.col("reading").is_not_null()).with_columns(rank.alias("p_value"))
    ranked = adopt_kinds(ranked, asked.candidates.select("reagent", "kind")).select(*KEYS, "p_value")
    own = own.filter(pl.col("reading").is_not_null()).with_columns(
        pl.col("reading").alias("effect"), (pl.col("n_proliferation") + pl.col("n_apoptosis")).alias("n")
    )
    own = own.join(ranked.unique(KEYS, keep="first"), on=KEYS, how="left")
    toward, away = _called(tables, own, asked)
    own = own.join(toward, on=KEYS, how="left").join(away, on=KEYS, how="left")
    own = own.with_columns(pl.col("toward", "away").fill_null(""))
    return _first(own, further=("hits", "toward", "away", "summary"))


def _called(tables: Tables, readings: pl.DataFrame, asked: Asked) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Called proteins that speak against the tumor cell, and those that speak for it, by the lists of the study."""
    lists = asked.protein_lists
    calls = (
        readings.select(*KEYS, pl.col("hits").str.split("; ").alias("call"))
        .explode("call")
        .filter(pl.col("call").fill_null("") != "")
        .with_columns(
            pl.col("call").str.extract(r"^(.*) (?:up|down)$", 1).alias("protein"),
            pl.col("call").str.ends_with(" up").alias("is_up"),
        )
    )
    grows, dies = (pl.col("protein").is_in(list(names)) for names in lists)
    toward = (grows & ~pl.col("is_up")) | (dies & pl.col("is_up"))
    away = (grows & pl.col("is_up")) | (dies & ~pl.col("is_up"))
    found = []
    for name, side in (("toward", toward), ("away", away)):
        found.append(calls.filter(side).group_by(KEYS).agg(pl.col("call").sort().str.join(", ").alias(name)))
    return found[0], found[1]


def _judge_protein(row: Row, asked: Asked) -> Judgment:
    rank = row.get("p_value")
    rare = f"; {percent(rank)} of the reagents in this arm read as high" if isinstance(rank, float) else ""
    words = f"{row['summary']} ({row['n']} proteins{rare})"
    if row["treatment"] == asked.vehicle:
        return "context", words
    toward, away = bool(row["toward"]), bool(row["away"])
    if toward == away:
        return "unclear", words
    return ("supports" if toward else "contradicts"), words


#: Sources of one line and arm, in the order in which they are told.
LAB_SOURCES: tuple[Source, ...] = (
    Source(
        "screen",
        "rule of the screen",
        "screen",
        "as in scores",
        "replicates",
        _screen,
        _judge_screen,
        {
            "z": ("number", "distance from the center of its group with the drug, SD"),
            "vehicle_z": ("number", "the same without drug, SD"),
            "is_hit": ("yes-no", "called by the rule"),
            "reason": ("text", "why, or which step leaves it out"),
        },
    ),
    Source(
        "stability",
        "stability of the call",
        "screen",
        "fraction",
        "settings tried",
        _stability,
        _judge_stability,
    ),
    Source(
        "sensitization",
        "test of the interaction",
        "screen",
        "log2",
        "replicates",
        _sensitization,
        _judge_sensitization,
        {
            "local_rate": ("number", "probability that calling it a sensitizer is false"),
            "class": ("text", "what the test says it is"),
            "is_sensitizer": ("yes-no", "called by the test"),
            "is_expressed": ("yes-no", "target expressed in that line; null where nobody asks"),
        },
    ),
    Source(
        "validation",
        "effect in the validation",
        "validation",
        "log2",
        "biological replicates, or wells (see unit)",
        _validation,
        _judge_validation,
        {"percent": ("number", "percent of the control in the same arm"), "unit": ("text", "what n counts")},
    ),
    Source(
        "interaction",
        "interaction in the validation",
        "validation",
        "log2",
        "biological replicates",
        _interaction,
        _judge_interaction,
        {"percent": ("number", "percent of what Bliss independence expects"), "unit": ("text", "what n counts")},
    ),
    Source(
        "combination",
        "excess over Bliss in the validation",
        "validation",
        "percentage points of viability; positive = more killing",
        "biological replicates",
        _combination,
        _judge_combination,
        {
            "direction": ("text", "the excess in words"),
            "expected": ("number", "viability that Bliss expects, percent of the control"),
            "observed": ("number", "viability observed, percent of the control"),
        },
    ),
    Source(
        "protein",
        "proteins",
        "proteins",
        "SD; positive = against the tumor cell",
        "proteins with a value",
        _protein,
        _judge_protein,
        {
            "hits": ("text", "called proteins"),
            "toward": ("text", "called proteins that speak against the tumor cell"),
            "away": ("text", "called proteins that speak for it"),
            "summary": ("text", "the reading in words"),
        },
    ),
)
