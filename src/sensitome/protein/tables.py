"""Tables of lysate microarrays: columns, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

from sensitome.schema_columns import count, key, number, text

__all__ = ["PROTEIN_TABLES", "ProteinInteractions", "ProteinReadings", "ProteinSlides", "Proteins", "Spots"]


class Spots(dy.Schema):
    """One row per spot of a slide that holds a lysate."""

    slide = key("name of the slide")
    pad = dy.Int32(primary_key=True, min=1, description="part of the slide, from 1")
    block = dy.Int32(primary_key=True, min=1, description="block within the pad, from 1")
    row = dy.Int32(primary_key=True, min=1, description="row within the block, from 1")
    column = dy.Int32(primary_key=True, min=1, description="column within the block, from 1")
    antibody = text("what the slide or pad was stained for", nullable=False)
    stain = text("detection, total_protein or blank", nullable=False)
    set = text("slides printed together", nullable=False)
    cell_line = text("cell line", nullable=False)
    treatment = text("treatment arm", nullable=False)
    reagent = text("name of the reagent", nullable=False)
    kind = text("class of reagent", nullable=False)
    role = text("sample or negative", nullable=False)
    replicate = dy.Int32(min=1, description="biological replicate")
    dilution = number("dilution of the lysate, 1 = undiluted", "fraction")
    foreground = number("median of the spot", "counts")
    background = number("background of the spot", "counts")
    saturated = number("pixels at the limit of the scanner; null where the file does not say", "percent")
    log2 = number("log2 signal after background and total protein; null where it has none", "log2")
    reason = text("why there is no value; empty otherwise", nullable=False)


class Proteins(dy.Schema):
    """One row per reagent × treatment × cell line × protein (or ratio of two)."""

    cell_line = key("cell line")
    treatment = key("treatment arm")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    protein = key("protein, or ratio of two")
    role = text("sample or negative", nullable=False)
    log2 = number("mean over replicates of log2 protein per total protein", "log2")
    z = number("(log2 − center) / spread of the protein in the arm and line, over all reagents", "SD")
    effect = number("reagent − comparator of the same arm and replicate; negative = less protein", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    p_value = number("two-sided moderated p", "probability")
    q_value = number("p adjusted over the reagents of the protein, arm and line (BH)", "probability")
    n = count("biological replicates")
    n_spots = count("spots with a value")
    is_hit = dy.Bool(nullable=True, description="called up or down by the setting; null when there is no value")
    direction = text("up or down where it is called; empty otherwise", nullable=False)


class ProteinReadings(dy.Schema):
    """One row per reagent × treatment × cell line: what its proteins say together."""

    cell_line = key("cell line")
    treatment = key("treatment arm")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    proliferation = number("mean z of the proliferation proteins; negative = less growth", "SD")
    apoptosis = number("mean z of the apoptosis proteins; positive = more death", "SD")
    reading = number("apoptosis − proliferation: positive = against the tumor cell", "SD")
    n_proliferation = count("proliferation proteins with a value")
    n_apoptosis = count("apoptosis proteins with a value")
    hits = text("proteins that are called, with their direction", nullable=False)
    summary = text("the reading in words", nullable=False)


class ProteinInteractions(dy.Schema):
    """One row per reagent × drug arm × cell line × protein: whether the drug changes what the reagent does to it."""

    cell_line = key("cell line")
    treatment = key("drug arm")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    protein = key("protein, or ratio of two")
    effect = number("(reagent − comparator) with drug − the same without; negative = less protein", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    p_value = number("two-sided moderated p", "probability")
    q_value = number("p adjusted over the reagents of the protein, arm and line (BH)", "probability")
    n = count("biological replicates that have both arms")
    is_changed = dy.Bool(nullable=True, description="q below the rate asked for; null without a test")
    direction = text("up or down where it is changed; empty otherwise", nullable=False)


class ProteinSlides(dy.Schema):
    """One row per slide (or pad of it): how well it reads."""

    slide = key("name of the slide")
    pad = dy.Int32(primary_key=True, min=1, description="part of the slide, from 1")
    antibody = text("what it was stained for", nullable=False)
    stain = text("detection, total_protein or blank", nullable=False)
    set = text("slides printed together", nullable=False)
    n_spots = count("spots that hold a lysate")
    n_without_value = count("spots of an antibody without a value")
    n_saturated = count("spots with more than 10 % of their pixels at the limit of the scanner")
    foreground = number("median of the spots", "counts")
    background = number("median background of the spots", "counts")
    signal_to_background = number("median of spot / background", "1")
    verdict = dy.Enum(["pass", "warn", "fail"], description="the worst of its figures")
    detail = text("why it is no pass; empty otherwise", nullable=False)


#: Tables of the lysate array by file name.
PROTEIN_TABLES: Mapping[str, type[dy.Schema]] = {
    "spots": Spots,
    "protein_slides": ProteinSlides,
    "proteins": Proteins,
    "protein_interactions": ProteinInteractions,
    "protein_readings": ProteinReadings,
}
