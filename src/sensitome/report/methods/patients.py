"""What was asked of patients, and how, in words."""

from __future__ import annotations

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural, setting

__all__ = ["PARAGRAPHS"]

_CUTS = {
    "median": "above the median or not",
    "median-up": "at or above the median or below it",
    "mean": "above the mean or not",
    "lower-quartile": "above the lower quartile or not",
    "upper-quartile": "above the upper quartile or not",
    "tertiles": "the highest and the lowest third",
    "quartiles": "the highest and the lowest quarter",
}


def _cohort(tables: Tables, manifest: Manifest) -> str:
    """Which patients and which miRNAs."""
    asked = tables.get("cohort_mirnas")
    if asked is None:
        return ""
    name = setting(manifest, "cohort", "name")
    subset = setting(manifest, "cohort", "subset")
    found = asked.filter("in_cohort").height
    text = f"{plural(asked.height, 'miRNA')} of the screen, of which the cohort measures {found:,}, "
    text += f"{'was' if asked.height == 1 else 'were'} looked up in "
    text += f"the cohort “{name}”" if name else "patients"
    text += f", patients kept where {subset}" if subset else ""
    flow = tables.get("cohort_flow")
    if flow is not None and not flow.is_empty() and flow["n_kept"][-1] is not None:
        text += f" ({plural(int(flow['n_kept'][-1]), 'patient')})"
    return text + "."


def _association(tables: Tables, manifest: Manifest) -> str:
    """Correlation with mRNAs."""
    summary = tables.get("association_summary")
    alpha = setting(manifest, "cohort", "alpha")
    if summary is None or summary.is_empty() or alpha is None:
        return ""
    tested, found = int(summary["n_tested"].max() or 0), int(summary["n_significant"].sum())  # type: ignore[arg-type]
    return (
        f"Each of {plural(summary.height, 'miRNA')} was correlated with {plural(tested, 'mRNA')} by Spearman's ρ; "
        "p as R's cor.test, adjusted over the mRNAs of each miRNA (Benjamini-Hochberg, "
        f"doi:10.1111/j.2517-6161.1995.tb02031.x). {plural(found, 'pair')} with q ≤ {alpha:g} "
        f"{'is' if found == 1 else 'are'} kept."
    )


def _stage(tables: Tables, manifest: Manifest) -> str:
    """Differences between tumor stages."""
    contrasts, patients = tables.get("stage"), tables.get("stage_patients")
    if contrasts is None or contrasts.is_empty() or patients is None:
        return ""
    used = patients.filter(pl.col("is_used") & pl.col("stage").is_not_null()).sort("stage")
    sizes = named([f"{n:,} of stage {stage}" for stage, n in used.select("stage", "n").iter_rows()])
    return (
        f"Expression was compared between tumor stages ({sizes} patients) by Wilcoxon's rank-sum test for each pair, "
        "with Holm's correction over the pairs of a miRNA, and by Jonckheere and Terpstra's test for a trend over the "
        "stages (doi:10.1093/biomet/41.1-2.133); shifts are Hodges and Lehmann's. Stages with fewer than "
        f"{setting(manifest, 'cohort', 'fewest')} patients were not compared."
    )


def _survival(tables: Tables, manifest: Manifest) -> str:
    """Tests of survival."""
    tests = tables.get("survival")
    if tests is None or tests.is_empty():
        return ""
    ends = tests.group_by("endpoint", maintain_order=True).agg(pl.col("n").max(), pl.col("n_event").max())
    counted = "; ".join(f"{end}: {events or 0:,} events in {n or 0:,} patients" for end, n, events in ends.iter_rows())
    cut = str(setting(manifest, "cohort", "cut", default="median"))
    text = (
        f"Survival ({counted}) was tested twice for each miRNA: by the log-rank test of patients parted by its "
        f"expression ({_CUTS.get(cut, cut)}), and by Cox's regression per standard deviation (ties as "
        "Efron), which does not part them (doi:10.1111/j.2517-6161.1972.tb00899.x). "
        "q is over miRNAs and endpoints of each model (Benjamini-Hochberg)."
    )
    multiverse = tables.get("multiverse")
    if multiverse is not None and not multiverse.is_empty():
        choices = multiverse.select("subset", "cut").unique().height
        text += (
            f" For the {plural(multiverse['mirna'].n_unique(), 'miRNA')} with the smallest p, the result was repeated "
            f"under {plural(choices, 'choice')} of cut and patients; their p are not corrected for this."
        )
    return text


#: Heading and writer, in the order of the page.
PARAGRAPHS = (
    ("Patients", _cohort),
    ("Patients: association", _association),
    ("Patients: stage", _stage),
    ("Patients: survival", _survival),
)
