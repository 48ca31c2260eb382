"""How arrays were processed, and which miRNAs answer to the treatments, in words."""

from __future__ import annotations

from sensitome.charts.data import Manifest, Tables, named, plural, setting

__all__ = ["PARAGRAPHS"]

_PROCESSING = {
    "normann2021": "log2-transformed, centered on the median of the miRNAs that the array detects, and set to a common "
    "minimum where not detected, as in Normann et al. 2021 (doi:10.1038/s41598-021-90385-2)",
    "normann2021-nowhere": "log2-transformed and centered on the median of the miRNAs that the array detects; those "
    "that no array detects were set to a common minimum (Normann et al. 2021, read literally; "
    "doi:10.1038/s41598-021-90385-2)",
    "agimicrorna": "raised above 0.5, quantile-normalized and log2-transformed, as AgiMicroRna "
    "(doi:10.1186/1471-2164-12-64)",
    "quantile-offset": "raised by an offset, quantile-normalized and log2-transformed, as AgiMicroRna "
    "(doi:10.1186/1471-2164-12-64)",
    "log2": "log2-transformed and not normalized",
    "rma": "corrected for background, quantile-normalized, log2-transformed and summarized by median polish, as "
    "AgiMicroRna's RMA (doi:10.1186/1471-2164-12-64, doi:10.1093/biostatistics/4.2.249)",
}
_TESTS = {
    "kruskal": "Kruskal and Wallis's test over all arrays of a group (doi:10.1080/01621459.1952.10483441)",
    "blocked": "a test of ranks within cell lines (doi:10.1016/S1385-7258(53)50043-5)",
    "aligned": "a test of aligned ranks within cell lines (doi:10.1214/aoms/1177704575)",
    "permutation": "aligned ranks, shuffled within cell lines (doi:10.1214/aoms/1177704575)",
    "moderated": "the moderated F of limma, cell lines as blocks (doi:10.2202/1544-6115.1027)",
}
_COMPARISONS = {
    "arms": "the vehicle and every drug arm are compared",
    "treated": "the vehicle is compared with all drug arms together",
    "each": "the vehicle is compared with each drug arm by itself",
}


def _arrays(tables: Tables, manifest: Manifest) -> str:
    """Arrays, and how they were made comparable."""
    expression = tables.get("expression")
    processing = setting(manifest, "expression", "processing")
    if expression is None or processing is None:
        return ""
    arrays = expression["sample"].n_unique()
    lines, arms = sorted(expression["cell_line"].unique()), expression["treatment"].n_unique()
    text = (
        f"{plural(arrays, 'array')} of {named(lines)} in {plural(arms, 'treatment arm')} with "
        f"{plural(expression['feature'].n_unique(), 'miRNA')} were {_PROCESSING.get(processing, processing)}."
    )
    if setting(manifest, "expression", "detected_by") == "minimum":
        text += " A miRNA counts as detected where its signal lies above the repeated minimum of the data."
    return text


def _response(tables: Tables, manifest: Manifest) -> str:
    """The test of response, and what it could find at best."""
    response = tables.get("response")
    test = setting(manifest, "expression", "test")
    alpha, by = setting(manifest, "expression", "alpha"), setting(manifest, "expression", "by")
    if response is None or test is None or alpha is None:
        return ""
    groups = response["group"].unique(maintain_order=True).to_list()
    comparison = setting(manifest, "expression", "comparison", default="arms")
    limit = f"nominal p < {alpha:g}" if by == "p_value" else f"a false-discovery rate < {alpha:g} (Benjamini-Hochberg)"
    where = "in all cell lines together" if groups == ["all"] else f"in {plural(len(groups), 'group')} of cell lines"
    text = (
        f"Which miRNAs answer to the treatments was tested {where} with {_TESTS.get(test, test)}; "
        f"{_COMPARISONS.get(comparison, comparison)}. MiRNAs with {limit} answer{_found(tables)}."
    )
    if by == "p_value":
        text += " This limit is not corrected for the number of miRNAs."
    return text + _smallest(tables, test=test)


def _found(tables: Tables) -> str:
    """How many answer, to follow the rule."""
    counted = tables.get("response_groups")
    if counted is None or counted.is_empty():
        return ""
    if counted.height == 1:
        return f": {counted['n'][0]:,}"
    return ": " + named([f"{n:,} ({group})" for group, n in counted.select("group", "n").iter_rows()])


def _smallest(tables: Tables, *, test: str) -> str:
    """What a rank test of so many arrays could reach."""
    design = tables.get("response_design")
    if design is None or test != "kruskal" or design["smallest_p"].null_count() == design.height:
        return ""
    least = design["smallest_p"].drop_nulls().sort()
    if least[0] == least[-1]:
        return f" The smallest p that these arrays allow is {least[0]:.1e}."
    return f" The smallest p that these arrays allow lies between {least[0]:.1e} and {least[-1]:.1e}."


#: Heading and writer, in the order of the page.
PARAGRAPHS = (("Expression arrays", _arrays), ("Answers to the treatments", _response))
