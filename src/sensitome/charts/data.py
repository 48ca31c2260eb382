"""From tables to what figures draw: rounded rows, treatment groups, arms in reading order, words of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "METHODS",
    "arms_in_order",
    "csv_text",
    "drug_arms",
    "groups",
    "inline",
    "middle_and_reach",
    "named",
    "plural",
    "pretty",
    "reading_order",
    "score_unit",
    "setting",
    "signed",
    "told_apart",
]

Tables = Mapping[str, pl.DataFrame]
Manifest = Mapping[str, Any]

#: Normalization methods in words that fit after "normalized by".
METHODS = {
    "none": "nothing",
    "median": "the plate median of the samples",
    "mean": "the plate mean of the samples",
    "shorth": "the plate midpoint of the shorth of the samples",
    "negatives": "the plate median of the negative controls",
    "poc": "percent of control",
    "npi": "normalized percent inhibition",
    "z": "plate z scores",
    "robust-z": "robust plate z scores (median and MAD)",
    "bscore-cellhts2": "B-score (median polish, as cellHTS2)",
    "bscore-rnaither": "B-score (median polish, as RNAither)",
    "bscore-synlet": "B-score (median polish, as synlet)",
    "bscore-hitseekr": "B-score (median polish, as HiTSeekR)",
    "bscore-platetools": "B-score (median polish, as platetools)",
    "stats-loess": "loess (local quadratic surface of each plate)",
    "cellhts2-loess-2007": "loess (as cellHTS2 of 2007)",
    "cellhts2-locfit": "loess (local fit as cellHTS2, locfit)",
    "sights-loess": "loess of rows and columns (as SIGHTS)",
    "blup": "a mixed-model surface of rows and columns (BLUP)",
}


def setting(manifest: Manifest, section: str, name: str, *, default: Any = None) -> Any:
    """Value of a setting of the study, or the default where the manifest does not tell.

    >>> setting({"study": {"hits": {"k": 3.0}}}, "hits", "k")
    3.0
    """
    value = ((manifest.get("study") or {}).get(section) or {}).get(name)
    return default if value is None else value


def csv_text(frame: pl.DataFrame, *, digits: int = 4) -> str:
    """Rows of a table as CSV, floats rounded; null is empty."""
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    rounded = frame.with_columns(pl.col(floats).fill_nan(None).round(digits) + 0.0) if floats else frame
    return rounded.write_csv()


def inline(frame: pl.DataFrame, *, digits: int = 4) -> alt.InlineData:
    """Rows of a table as chart data: one CSV text.

    Altair copies and checks rows one by one, which takes seconds for ten thousand points; a text it takes as it is.
    """
    import altair as alt

    return alt.InlineData(values=csv_text(frame, digits=digits), format=alt.CsvDataFormat(type="csv"))


#: Words that figures of quality are known by.
_SIGNS = {
    "z_prime": "Z′",
    "ssmd": "SSMD",
    "ccc": "CCC",
    "cv": "CV",
    "sd": "SD",
    "pearson": "Pearson",
    "spearman": "Spearman",
}


def pretty(figure: str) -> str:
    """Name of a quality figure for people.

    >>> pretty("z_prime_robust"), pretty("cv_negative")
    ('Z′ robust', 'CV negative')
    """
    words = figure.replace("z_prime", "Z′").split("_")
    return " ".join(_SIGNS.get(word, word) for word in words)


def signed(value: float, *, digits: int = 2) -> str:
    """A number with a real minus sign, and none before zero.

    >>> signed(-0.791), signed(-0.001)
    ('−0.79', '0.00')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def middle_and_reach(values: pl.Series) -> tuple[float, float]:
    """Middle and half width of a color scale: around 0 where the values lie around 0, else around their median.

    >>> middle_and_reach(pl.Series([-1.0, 0.0, 0.1, 1.0])), middle_and_reach(pl.Series([0.5, 1.0, 1.0, 1.5]))
    ((0.0, 1.0), (1.0, 0.5))
    """
    known = values.drop_nulls().to_numpy()
    if not len(known):
        return 0.0, 1.0
    median = float(np.median(known))
    reach = float(np.quantile(np.abs(known - median), 0.998))
    if abs(median) < 0.5 * reach:
        median, reach = 0.0, float(np.quantile(np.abs(known), 0.998))
    return round(median, 3), round(reach, 3) or 1.0


def plural(count: int, noun: str) -> str:
    """A count and its noun.

    >>> plural(1, "hit"), plural(1626, "reagent")
    ('1 hit', '1,626 reagents')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def score_unit(manifest: Manifest) -> str:
    """What a score is, in a few words for an axis.

    >>> score_unit({"study": {"normalize": {"method": "stats-loess", "scale": "log2"}, "score": {}}})
    'log2, loess'
    """
    standardize = setting(manifest, "score", "standardize", default="none")
    if standardize == "zscore":
        return "scaled MADs"
    if standardize == "npi":
        return "control-scaled"
    method = str(setting(manifest, "normalize", "method", default=""))
    short = "loess" if "loess" in method or "locfit" in method else method.split("-")[0]
    own_units = {"bscore": "B-score", "z": "plate z", "robust": "robust plate z", "poc": "% of control", "npi": "NPI"}
    if short in own_units:
        return own_units[short]
    scale = "log2" if setting(manifest, "normalize", "scale", default="log2") == "log2" else "raw scale"
    return f"{scale}, {short}" if short and short != "none" else scale


def arms_in_order(tables: Tables, manifest: Manifest) -> list[str]:
    """Arms in reading order: without drug, single drugs, combinations; else as the plates were measured."""
    combinations = setting(manifest, "treatments", "combinations", default={})
    vehicle = setting(manifest, "treatments", "vehicle")
    order: dict[str, int] = {}
    for name in ("plates", "scores", "hits"):
        frame = tables.get(name)
        if frame is None or "treatment" not in frame.columns:
            continue
        sort = ["order"] if "order" in frame.columns else ["treatment"]
        for arm in frame.sort(sort)["treatment"].unique(maintain_order=True).to_list():
            order.setdefault(arm, len(order))
    return sorted(order, key=lambda arm: (arm != vehicle, len(combinations.get(arm, ())), order[arm], arm))


def reading_order(arms: Sequence[str], tables: Tables, manifest: Manifest) -> list[str]:
    """Some arms in the order of the study; those that it does not know come last, by how many drugs they name.

    >>> reading_order(["a+b", "b", "vehicle"], {}, {"study": {"treatments": {"vehicle": "vehicle"}}})
    ['vehicle', 'b', 'a+b']
    """
    known = {arm: place for place, arm in enumerate(arms_in_order(tables, manifest))}
    vehicle = setting(manifest, "treatments", "vehicle", default="vehicle")
    return sorted(arms, key=lambda arm: (arm != vehicle, known.get(arm, len(known)), arm.count("+"), arm))


def told_apart() -> pl.Expr:
    """Name of a reagent, with its kind where the table has several kinds of that name.

    >>> table = pl.DataFrame({"reagent": ["miR-1", "miR-1", "miR-2"], "kind": ["mimic", "inhibitor", "mimic"]})
    >>> table.select(told_apart())["reagent"].to_list()
    ['miR-1 (mimic)', 'miR-1 (inhibitor)', 'miR-2']
    """
    several = pl.col("kind").n_unique().over("reagent") > 1
    return pl.when(several).then(pl.format("{} ({})", "reagent", "kind")).otherwise("reagent").alias("reagent")


def drug_arms(tables: Tables, manifest: Manifest) -> list[str]:
    """Arms that the table of hits judges, in reading order."""
    judged = set(tables["hits"]["treatment"].to_list()) if "hits" in tables else set()
    return [arm for arm in arms_in_order(tables, manifest) if arm in judged]


def groups(hits: pl.DataFrame, manifest: Manifest) -> pl.DataFrame:
    """Center, spread and threshold of every treatment group, the arm without drug included.

    The vehicle's center and spread are read back from its scores and z: score = center + z × spread.

    Returns
    -------
    One row per `cell_line`, `treatment`, with `kind` where kinds are judged apart: `center`, `spread`, `threshold`
    """
    k = float(setting(manifest, "hits", "exclusion_k", default=3.0))
    keys = ["cell_line", "treatment"]
    drug = hits.select(*keys, "center", "spread", "threshold").drop_nulls().unique().sort([*keys, "center"])
    vehicle = str(setting(manifest, "treatments", "vehicle", default="vehicle"))
    own = hits.filter(pl.col("vehicle_z").is_not_null() & pl.col("vehicle_score").is_not_null())
    slope = pl.cov("vehicle_z", "vehicle_score") / pl.col("vehicle_z").var()
    quiet = (
        own.group_by("cell_line")
        .agg(
            slope.alias("spread"),
            (pl.col("vehicle_score").mean() - slope * pl.col("vehicle_z").mean()).alias("center"),
        )
        .with_columns(pl.lit(vehicle).alias("treatment"), (pl.col("center") - k * pl.col("spread")).alias("threshold"))
        .drop_nulls()
        .filter(pl.col("spread").is_finite())
        .select(*keys, "center", "spread", "threshold")
    )
    return pl.concat([drug, quiet], how="vertical_relaxed").sort([*keys, "center"])


def named(values: Sequence[str], *, last: str = "and") -> str:
    """Words as a list in prose.

    >>> named(["a", "b", "c"])
    'a, b and c'
    """
    if len(values) < 2:
        return "".join(values)
    return f"{', '.join(values[:-1])} {last} {values[-1]}"
