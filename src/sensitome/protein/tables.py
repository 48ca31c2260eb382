"""Tables of lysate microarrays: columns, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

__all__ = ["PROTEIN_TABLES", "ProteinInteractions", "ProteinReadings", "ProteinSlides", "Proteins", "Spots"]


def _key(meaning: str) -> dy.String:
    return dy.String(primary_key=True, description=meaning)


def _text(meaning: str, *, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, description=meaning)


def _number(meaning: str, unit: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=meaning, metadata={"unit": unit})


def _count(meaning: str) -> dy.Int32:
    return dy.Int32(nullable=False, min=0, description=meaning, metadata={"unit": "count"})


class Spots(dy.Schema):
    """One row per spot of a slide that holds a lysate."""

    slide = _key("name of the slide")
    pad = dy.Int32(primary_key=True, min=1, description="part of the slide, from 1")
    block = dy.Int32(primary_key=True, min=1, description="block within the pad, from 1")
    row = dy.Int32(primary_key=True, min=1, description="row within the block, from 1")
    column = dy.Int32(primary_key=True, min=1, description="column within the block, from 1")
    antibody = _text("what the slide or pad was stained for", nullable=False)
    stain = _text("detection, total_protein or blank", nullable=False)
    set = _text("slides printed together", nullable=False)
    cell_line = _text("cell line", nullable=False)
    treatment = _text("treatment arm", nullable=False)
    reagent = _text("name of the reagent", nullable=False)
    kind = _text("class of reagent", nullable=False)
    role = _text("sample or negative", nullable=False)
    replicate = dy.Int32(min=1, description="biological replicate")
    dilution = _number("dilution of the lysate, 1 = undiluted", "fraction")
    foreground = _number("median of the spot", "counts")
    background = _number("background of the spot", "counts")
    saturated = _number("pixels at the limit of the scanner; null where the file does not say", "percent")
    log2 = _number("log2 signal after background and total protein; null where it has none", "log2")
    reason = _text("why there is no value; empty otherwise", nullable=False)


class Proteins(dy.Schema):
    """One row per reagent × treatment × cell line × protein (or ratio of two)."""

    cell_line = _key("cell line")
    treatment = _key("treatment arm")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    protein = _key("protein, or ratio of two")
    role = _text("sample or negative", nullable=False)
    log2 = _number("mean over replicates of log2 protein per total protein", "log2")
    z = _number("(log2 − center) / spread of the protein in the arm and line, over all reagents", "SD")
    effect = _number("reagent − comparator of the same arm and replicate; negative = less protein", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    p_value = _number("two-sided moderated p", "probability")
    q_value = _number("p adjusted over the reagents of the protein, arm and line (BH)", "probability")
    n = _count("biological replicates")
    n_spots = _count("spots with a value")
    is_hit = dy.Bool(nullable=True, description="called up or down by the setting; null when there is no value")
    direction = _text("up or down where it is called; empty otherwise", nullable=False)


class ProteinReadings(dy.Schema):
    """One row per reagent × treatment × cell line: what its proteins say together."""

    cell_line = _key("cell line")
    treatment = _key("treatment arm")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    proliferation = _number("mean z of the proliferation proteins; negative = less growth", "SD")
    apoptosis = _number("mean z of the apoptosis proteins; positive = more death", "SD")
    reading = _number("apoptosis − proliferation: positive = against the tumor cell", "SD")
    n_proliferation = _count("proliferation proteins with a value")
    n_apoptosis = _count("apoptosis proteins with a value")
    hits = _text("proteins that are called, with their direction", nullable=False)
    summary = _text("the reading in words", nullable=False)


class ProteinInteractions(dy.Schema):
    """One row per reagent × drug arm × cell line × protein: whether the drug changes what the reagent does to it."""

    cell_line = _key("cell line")
    treatment = _key("drug arm")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    protein = _key("protein, or ratio of two")
    effect = _number("(reagent − comparator) with drug − the same without; negative = less protein", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    p_value = _number("two-sided moderated p", "probability")
    q_value = _number("p adjusted over the reagents of the protein, arm and line (BH)", "probability")
    n = _count("biological replicates that have both arms")
    is_changed = dy.Bool(nullable=True, description="q below the rate asked for; null without a test")
    direction = _text("up or down where it is changed; empty otherwise", nullable=False)


class ProteinSlides(dy.Schema):
    """One row per slide (or pad of it): how well it reads."""

    slide = _key("name of the slide")
    pad = dy.Int32(primary_key=True, min=1, description="part of the slide, from 1")
    antibody = _text("what it was stained for", nullable=False)
    stain = _text("detection, total_protein or blank", nullable=False)
    set = _text("slides printed together", nullable=False)
    n_spots = _count("spots that hold a lysate")
    n_without_value = _count("spots of an antibody without a value")
    n_saturated = _count("spots with more than 10 % of their pixels at the limit of the scanner")
    foreground = _number("median of the spots", "counts")
    background = _number("median background of the spots", "counts")
    signal_to_background = _number("median of spot / background", "1")
    verdict = dy.Enum(["pass", "warn", "fail"], description="the worst of its figures")
    detail = _text("why it is no pass; empty otherwise", nullable=False)


#: Tables of the lysate array by file name.
PROTEIN_TABLES: Mapping[str, type[dy.Schema]] = {
    "spots": Spots,
    "protein_slides": ProteinSlides,
    "proteins": Proteins,
    "protein_interactions": ProteinInteractions,
    "protein_readings": ProteinReadings,
}
