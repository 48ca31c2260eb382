"""Tables of the arrays of a study: columns, units and meanings."""

from __future__ import annotations

import dataframely as dy

__all__ = ["Detection", "Expressed", "Expression", "Response", "ResponseDesign", "ResponseGroups"]


def _key(meaning: str) -> dy.String:
    return dy.String(primary_key=True, description=meaning)


def _text(meaning: str, *, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, description=meaning)


def _number(meaning: str, unit: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=meaning, metadata={"unit": unit})


def _count(meaning: str) -> dy.Int32:
    return dy.Int32(nullable=False, min=0, description=meaning, metadata={"unit": "count"})


class Expression(dy.Schema):
    """One row per miRNA × array: its level after processing."""

    feature = _key("name of the miRNA on the array")
    sample_ = dy.String(primary_key=True, alias="sample", description="name of the array")
    cell_line = _text("cell line", nullable=False)
    treatment = _text("treatment arm", nullable=False)
    value = _number("level, in the paper's processing relative to the median of what the array detects", "log2")
    detected = dy.Bool(nullable=True, description="whether the array detects it; null where the file does not say")


class Response(dy.Schema):
    """One row per miRNA × group of cell lines × comparison: whether it answers to the treatment."""

    group = _key("group of cell lines")
    comparison = _key("what is compared: arms, treated, or one arm against the vehicle")
    feature = _key("name of the miRNA on the array")
    cell_lines = _text('cell lines of the group, joined by ", "', nullable=False)
    test = _text("test that was used", nullable=False)
    statistic = _number("its statistic", "as the test has it")
    df = _number("degrees of freedom of the statistic", "count")
    p_value = _number("nominal p, not corrected for the number of miRNAs", "probability")
    q_value = _number("false-discovery rate within the group (Benjamini-Hochberg)", "probability")
    arm = _text("drug arm that changes most")
    change = _number("median of that arm − median of the vehicle, within lines", "log2")
    n = _count("arrays with a value")
    n_detected = _count("arrays that detect it")


class ResponseDesign(dy.Schema):
    """One row per group of cell lines × comparison: what a rank test of so many arrays could find at best."""

    group = _key("group of cell lines")
    comparison = _key("what is compared")
    cell_lines = _text('cell lines of the group, joined by ", "', nullable=False)
    arrays = _text("arrays of each arm", nullable=False)
    n = _count("arrays")
    largest_statistic = _number("largest Kruskal-Wallis H that these arrays allow", "χ²")
    smallest_p = _number("its p: no miRNA can have a smaller one by the rank test", "probability")


class ResponseGroups(dy.Schema):
    """One row per group of cell lines: the miRNAs that answer, laid out as Table 1 of Normann et al. 2021."""

    group = _key("group of cell lines")
    cell_lines = _text('cell lines of the group, joined by ", "', nullable=False)
    n = _count("miRNAs that answer")
    features = _text("the miRNAs with their p; those of several groups between ** and **", nullable=False)


class Detection(dy.Schema):
    """One row per miRNA × cell line: whether its untreated arrays detect it."""

    feature = _key("name of the miRNA on the array")
    cell_line = _key("cell line")
    expressed = dy.Bool(nullable=False, description="whether enough of the line's untreated arrays detect it")
    n_detected = _count("untreated arrays that detect it")
    n = _count("untreated arrays of the line")


class Expressed(dy.Schema):
    """One row per target of the library × cell line: whether untreated cells express it, and who says so."""

    target = _key("target, as the library writes it")
    cell_line = _key("cell line")
    expressed = dy.Bool(nullable=False, description="whether untreated cells express it")
    source = dy.Enum(["table", "arrays"], description="the lab's table, or the detection calls of the arrays")
    found_as = _text("name of the target in that source", nullable=False)
    n_detected = dy.Int32(
        nullable=True, min=0, description="untreated arrays that detect it; null in a table", metadata={"unit": "count"}
    )
    n = dy.Int32(
        nullable=True, min=0, description="untreated arrays of the line; null in a table", metadata={"unit": "count"}
    )
