"""The tables of a run, each with its columns, units, meanings and allowed values, written down once.

The data dictionary of the documentation, the checks of readers and stages and the CSV headers are all made from here.
Keys come first. Missing values are null, never NaN. Effects are log2, treatment − control; negative = fewer living
cells.
"""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from sensitome.cohort.tables import COHORT_TABLES
from sensitome.enrichment.tables import Enrichment, EnrichmentEras
from sensitome.errors import Fault, TableError, listed, suggestion
from sensitome.evidence.tables import EVIDENCE_TABLES
from sensitome.expression.tables import Detection, Expressed, Expression, Response, ResponseDesign, ResponseGroups
from sensitome.io.tables import PlateFiles
from sensitome.mirna.tables import Genes, Names, TargetsMerged, TargetSources
from sensitome.protein.tables import PROTEIN_TABLES
from sensitome.schema_columns import count, key, number, text, yes_no
from sensitome.screen.tables import SCREEN_TABLES
from sensitome.validation.tables import VALIDATION_TABLES

__all__ = [
    "ROLES",
    "TABLES",
    "Concordance",
    "Funnel",
    "Hits",
    "PlateList",
    "Plates",
    "Quality",
    "Reagents",
    "Scores",
    "Sensitizers",
    "Stability",
    "StabilitySettings",
    "Wells",
    "check_table",
    "dictionary",
]

#: What a well is for. `excluded` wells were measured but are left out of every statistic.
ROLES = ("sample", "negative", "positive", "untreated", "empty", "excluded")

#: Words of `flags`, joined by ";": why a reading or a normalized value needs care.
FLAGS = {
    "no_reading": "the file has no number for this well",
    "excluded": "left out by the screen log or the layout",
    "not_positive": "zero or negative signal, which has no logarithm",
    "extrapolated": "outside the rows and columns of the wells that define the spatial fit",
    "uncorrected": "the method, as its peer does it, leaves this well at its raw level",
}


class PlateList(dy.Schema):
    """One row per measured plate: which file, and what was done to it."""

    plate = key("name of the measured plate")
    file = text("file with its readings, relative to the plate list", nullable=False)
    library_plate = text("library plate that was stamped onto it", nullable=False)
    cell_line = text("cell line", nullable=False)
    treatment = text("treatment arm", nullable=False)
    replicate = dy.Int16(min=1, description="replicate, from 1")
    batch = text("experiment day or batch")


class Wells(dy.Schema):
    """One row per well of a measured plate."""

    plate = key("name of the measured plate")
    well = key('well, as "A01"')
    order = count("position of the plate in the plate list, from 0: the order of measuring")
    library_plate = text("library plate that was stamped onto it", nullable=False)
    cell_line = text("cell line", nullable=False)
    treatment = text("treatment arm", nullable=False)
    replicate = dy.Int16(min=1, description="replicate, from 1")
    batch = text("experiment day or batch")
    row = dy.Int16(min=1, max=32, description="row of the well, from 1 (A = 1)")
    column = dy.Int16(min=1, max=48, description="column of the well, from 1")
    reagent = text("name of the reagent in the well; null in wells without one")
    kind = text("class of reagent: mimic, inhibitor, siRNA, CRISPR, compound, or the lab's own word")
    role = dy.Enum(ROLES, description="what the well is for")
    control_class = text("which reagents a control belongs to, or the lab's own name of the control")
    signal = number("reading of the instrument", "counts")
    log2_signal = number("binary logarithm of the reading", "log2 counts")
    fitted = number("what the normalization takes away: the plate's level or surface", "as the scale of the method")
    normalized = number("reading after normalization", "as the method's record states")
    flags = text('why the value needs care: codes joined by ";", empty when nothing does', nullable=False)


class Reagents(dy.Schema):
    """One row per reagent of the library, with every further column that the library carries."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key('where it lies in the library, as "L1:A03"; several joined by ";"')
    role = dy.Enum(ROLES, description="what its wells are for")
    control_class = text("which reagents a control belongs to, or the lab's own name of the control")


class Plates(dy.Schema):
    """One row per measured plate: its identity, its quality figures and the verdict on it."""

    plate = key("name of the measured plate")
    order = count("position of the plate in the plate list, from 0")
    library_plate = text("library plate", nullable=False)
    cell_line = text("cell line", nullable=False)
    treatment = text("treatment arm", nullable=False)
    replicate = dy.Int16(min=1, description="replicate, from 1")
    batch = text("experiment day or batch")
    n_samples = count("sample wells with a reading")
    n_negative = count("negative control wells with a reading")
    n_positive = count("positive control wells with a reading")
    n_missing = count("wells of the library without a reading")
    verdict = dy.Enum(["pass", "warn", "fail"], description="the worst verdict of its quality figures")


class Quality(dy.Schema):
    """One row per quality figure of a plate, of a group of plates, or of the whole screen."""

    level = dy.Enum(["plate", "group", "screen"], primary_key=True, description="what the figure is about")
    subject = key("name of the plate, the group or the screen")
    figure = key("name of the figure")
    value = number("its value; null when the design does not allow it", "as the figure's record states")
    threshold = text("the rule it is held against, in words", nullable=False)
    verdict = dy.Enum(["pass", "warn", "fail", "not applicable"], description="how it stands against the rule")
    meaning = text("what the figure means, in one line", nullable=False)
    detail = text("the plates, wells or reagents behind the verdict, where there are any")


class Scores(dy.Schema):
    """One row per reagent in one treatment arm of one cell line: its replicates and their summary."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key('where it lies in the library, as "L1:A03"')
    cell_line = key("cell line")
    treatment = key("treatment arm")
    role = dy.Enum(ROLES, description="what its wells are for")
    control_class = text("control class")
    score = number("summary of the replicates", "as the normalization, or scaled MADs after standardizing")
    n = count("replicates with a value")
    n_wells = count("wells with a value: technical wells of one replicate are averaged first")


class Hits(dy.Schema):
    """One row per reagent in one drug arm of one cell line, with every step of the paper's rule."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("drug arm")
    score = number("summary of the replicates with the drug", "as in scores")
    center = number("median (or mean) of the reagents of its treatment group", "as in scores")
    spread = number("standard deviation (or its robust form) of that group", "as in scores")
    threshold = number("score below which the reagent is significant", "as in scores")
    z = number("(score − center) / spread", "SD")
    vehicle_score = number("summary of the replicates without drug, same cell line", "as in scores")
    vehicle_z = number("the same z in the vehicle group", "SD")
    n = count("replicates with a value, with the drug")
    vehicle_n = count("replicates with a value, without drug")
    is_significant = yes_no("below the threshold with the drug; null when there is no reading", nullable=True)
    is_quiet = yes_no("no significant effect without drug; null when there is no reading", nullable=True)
    is_expressed = yes_no("target expressed in untreated cells; null where the rule does not ask", nullable=True)
    is_hit = yes_no("significant, quiet and, for inhibitors, target expressed")
    is_candidate = yes_no("a hit in both lines, or in more than one arm within a line")
    reason = text("why it is a hit, or which step leaves it out", nullable=False)


class Funnel(dy.Schema):
    """One row per step from the whole library to the candidates, with the reagents that remain."""

    step = dy.Int16(primary_key=True, min=1, description="position in the funnel, from 1")
    name = text("what remains", nullable=False)
    n_reagents = count("reagents that remain")
    n_contexts = count("reagent × cell line × drug arm that remain")
    by_kind = text("reagents that remain, by kind, in words", nullable=False)
    reagents = text('names of those that remain, joined by ";"; null for the whole library')
    left_out = text('names of those that this step leaves out, joined by ";"; null for the whole library')


class Stability(dy.Schema):
    """One row per reagent in one drug arm of one cell line that at least one defensible setting calls."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("drug arm")
    n_settings = count("settings tried")
    n_called = count("settings that call it")
    share = number("share of the settings that call it", "fraction", nullable=False)
    is_hit = yes_no("called by the study's own setting")


class StabilitySettings(dy.Schema):
    """One row per setting of the stability map: what was chosen and how many it calls."""

    setting = dy.Int32(primary_key=True, min=1, description="number of the setting, from 1")
    normalization = text("normalization method", nullable=False)
    spread = text("sd or mad", nullable=False)
    pool = text("which reagents define center and spread", nullable=False)
    controls = text("whether negative controls count among them", nullable=False)
    exclusion = text("how quiet without drug is judged", nullable=False)
    summary = text("how replicates are combined", nullable=False)
    n_hits = count("contexts called")
    n_reagents = count("reagents called")
    n_candidates = count("candidates called")
    jaccard = number("overlap of its calls with those of the study's own setting", "fraction", nullable=True)
    is_own = yes_no("the study's own setting")


class Sensitizers(dy.Schema):
    """One row per reagent in one drug arm of one cell line: its effects without and with drug, and the interaction."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("drug arm")
    vehicle_effect = number("effect without drug", "log2")
    vehicle_ci_low = number("lower end of its interval", "log2")
    vehicle_ci_high = number("upper end of its interval", "log2")
    effect_with_drug = number("effect with drug", "log2")
    effect = number("interaction: with drug − without; 0 = Bliss independence", "log2")
    ci_low = number("lower end of the interval of the interaction", "log2")
    ci_high = number("upper end of the interval of the interaction", "log2")
    p_value = number("two-sided p of the interaction; null where the method has none", "probability")
    q_value = number("false-discovery rate of the list that ends with it", "probability")
    local_rate = number("probability that calling it a sensitizer is false; of methods with a prior", "probability")
    tier = dy.Int32(
        nullable=True, min=1, max=3, description="1, 2, 3 = local rate up to 0.05, 0.20, 0.50; null above and untested"
    )
    n = count("replicates that have both vehicle and drug")
    statistic = number("what the method ranks by; negative = sensitization", "as the method's record states")
    shrunk_effect = number("interaction drawn to the size that interactions have, against winner's curse", "log2")
    alone = dy.Enum(["toxic", "quiet", "protective", "undetermined"], description="what it does without drug")
    class_ = dy.Enum(
        ["sensitizer", "toxic and sensitizing", "antagonist", "artifact", "toxic alone", "additive", "undetermined"],
        alias="class",
        description="what it is, in a word",
    )
    is_sensitizer = yes_no("called by the method")
    is_expressed = yes_no("target expressed in that line; null where nobody asks", nullable=True)
    method = text("test that was used", nullable=False)


class Concordance(dy.Schema):
    """One row per reagent in one drug arm of one cell line: the paper's call beside the test's, and why they differ."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("drug arm")
    is_hit = yes_no("called by the paper's rule; null where it did not judge", nullable=True)
    is_sensitizer = yes_no("called by the test; null where it did not judge", nullable=True)
    agreement = dy.Enum(["both", "rule only", "test only", "neither"], description="who calls it")
    z = number("score with drug, in spreads from the center of its group", "SD")
    vehicle_z = number("the same without drug", "SD")
    effect = number("interaction: with drug − without", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    class_ = dy.String(nullable=True, alias="class", description="what the test says it is")
    reason = text("why they agree or differ, a sentence", nullable=False)


#: Every table of a run by its file name.
TABLES: Mapping[str, type[dy.Schema]] = {
    "wells": Wells,
    "reagents": Reagents,
    "plate_files": PlateFiles,
    "plates": Plates,
    "quality": Quality,
    "scores": Scores,
    "hits": Hits,
    "funnel": Funnel,
    "sensitizers": Sensitizers,
    "concordance": Concordance,
    **SCREEN_TABLES,
    "stability": Stability,
    "stability_settings": StabilitySettings,
    "expression": Expression,
    "response": Response,
    "response_design": ResponseDesign,
    "response_groups": ResponseGroups,
    "detection": Detection,
    "expressed": Expressed,
    "names": Names,
    "targets": TargetsMerged,
    "target_sources": TargetSources,
    "enrichment": Enrichment,
    "enrichment_eras": EnrichmentEras,
    "genes": Genes,
    **COHORT_TABLES,
    **VALIDATION_TABLES,
    **PROTEIN_TABLES,
    **EVIDENCE_TABLES,
}


def check_table(frame: pl.DataFrame, schema: type[dy.Schema], *, name: str) -> pl.DataFrame:
    """Return the table if it keeps its schema; further columns are allowed and kept.

    Parameters
    ----------
    frame : the table; not changed
    schema : a class of this module
    name : what the message calls it

    Returns
    -------
    The same table, columns cast to the schema's types

    Raises
    ------
    TableError
        A column is missing, or values break a rule; all rules and their counts are named.
    """
    missing = [column for column in schema.column_names() if column not in frame.columns]
    if missing:
        raise TableError(
            f"table {name!r} lacks columns",
            found=f"columns {listed(frame.columns, last='and')}",
            expected=listed(missing, last="and"),
            next_step=" ".join(filter(None, (suggestion(column, frame.columns) for column in missing))),
        )
    own = frame.select(schema.column_names())
    result, failures = schema.filter(own, cast=True)
    counts = failures.counts()
    if counts:
        raise TableError(
            f"table {name!r} breaks its rules",
            faults=[
                Fault(rule=rule.replace("|", ": "), value=f"{count} rows of {frame.height}")
                for rule, count in sorted(counts.items())
            ],
            next_step="See the data dictionary for the rules of each column.",
        )
    extra = frame.select(pl.exclude(schema.column_names()))
    return pl.DataFrame(result).hstack(extra) if extra.width else pl.DataFrame(result)


def dictionary() -> pl.DataFrame:
    """Every column of every table: its type, unit and meaning, whether it is a key, whether it may be null."""
    rows = []
    for table, schema in TABLES.items():
        for column, rule in schema.columns().items():
            rows.append(
                {
                    "table": table,
                    "column": column,
                    "type": str(rule.dtype),
                    "unit": (rule.metadata or {}).get("unit", ""),
                    "meaning": rule.description or "",
                    "is_key": rule.primary_key,
                    "nullable": rule.nullable,
                }
            )
    return pl.DataFrame(rows)
