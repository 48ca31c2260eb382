"""Tables of the arrays of a study: columns, units and meanings."""

from __future__ import annotations

import dataframely as dy

from sensitome.schema_columns import count, key, number, text

__all__ = ["Detection", "Expressed", "Expression", "Response", "ResponseDesign", "ResponseGroups"]


class Expression(dy.Schema):
    """One row per miRNA × array: its level after processing."""

    feature = key("name of the miRNA on the array")
    sample_ = dy.String(primary_key=True, alias="sample", description="name of the array")
    cell_line = text("cell line", nullable=False)
    treatment = text("treatment arm", nullable=False)
    value = number("level, in the paper's processing relative to the median of what the array detects", "log2")
    detected = dy.Bool(nullable=True, description="whether the array detects it; null where the file does not say")


class Response(dy.Schema):
    """One row per miRNA × group of cell lines × comparison: whether it answers to the treatment."""

    group = key("group of cell lines")
    comparison = key("what is compared: arms, treated, or one arm against the vehicle")
    feature = key("name of the miRNA on the array")
    cell_lines = text('cell lines of the group, joined by ", "', nullable=False)
    test = text("test that was used", nullable=False)
    statistic = number("its statistic", "as the test has it")
    df = number("degrees of freedom of the statistic", "count")
    p_value = number("nominal p, not corrected for the number of miRNAs", "probability")
    q_value = number("false-discovery rate within the group (Benjamini-Hochberg)", "probability")
    arm = text("drug arm that changes most")
    change = number("median of that arm − median of the vehicle, within lines", "log2")
    n = count("arrays with a value")
    n_detected = count("arrays that detect it")


class ResponseDesign(dy.Schema):
    """One row per group of cell lines × comparison: what a rank test of so many arrays could find at best."""

    group = key("group of cell lines")
    comparison = key("what is compared")
    cell_lines = text('cell lines of the group, joined by ", "', nullable=False)
    arrays = text("arrays of each arm", nullable=False)
    n = count("arrays")
    largest_statistic = number("largest Kruskal-Wallis H that these arrays allow", "χ²")
    smallest_p = number("its p: no miRNA can have a smaller one by the rank test", "probability")


class ResponseGroups(dy.Schema):
    """One row per group of cell lines: the miRNAs that answer, laid out as Table 1 of Normann et al. 2021."""

    group = key("group of cell lines")
    cell_lines = text('cell lines of the group, joined by ", "', nullable=False)
    n = count("miRNAs that answer")
    features = text("the miRNAs with their p; those of several groups between ** and **", nullable=False)


class Detection(dy.Schema):
    """One row per miRNA × cell line: whether its untreated arrays detect it."""

    feature = key("name of the miRNA on the array")
    cell_line = key("cell line")
    expressed = dy.Bool(nullable=False, description="whether enough of the line's untreated arrays detect it")
    n_detected = count("untreated arrays that detect it")
    n = count("untreated arrays of the line")


class Expressed(dy.Schema):
    """One row per target of the library × cell line: whether untreated cells express it, and who says so."""

    target = key("target, as the library writes it")
    cell_line = key("cell line")
    expressed = dy.Bool(nullable=False, description="whether untreated cells express it")
    source = dy.Enum(["table", "arrays"], description="the lab's table, or the detection calls of the arrays")
    found_as = text("name of the target in that source", nullable=False)
    n_detected = dy.Int32(
        nullable=True, min=0, description="untreated arrays that detect it; null in a table", metadata={"unit": "count"}
    )
    n = dy.Int32(
        nullable=True, min=0, description="untreated arrays of the line; null in a table", metadata={"unit": "count"}
    )
