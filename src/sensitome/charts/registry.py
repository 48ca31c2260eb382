"""Every figure of a run as a record: its name, what it needs, how it is drawn, and its caption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sensitome.charts.data import Manifest, Tables
from sensitome.charts.dose_matrices import dose_matrices
from sensitome.charts.enrichment_dots import enrichment_dots
from sensitome.charts.evidence_matrix import evidence_matrix
from sensitome.charts.flowchart import flowchart
from sensitome.charts.forest import forest, multiverse, survival_forest
from sensitome.charts.funnel import funnel
from sensitome.charts.gene_matrix import gene_matrix
from sensitome.charts.incidence import incidence
from sensitome.charts.interaction_panel import interaction_panel
from sensitome.charts.interaction_volcano import interaction_volcano
from sensitome.charts.panels import Specification
from sensitome.charts.pattern_matrix import pattern_matrix
from sensitome.charts.plate_heatmap import plate_heatmap
from sensitome.charts.protein_heatmap import protein_heatmap
from sensitome.charts.quality_strips import quality_strips, z_prime_over_plates
from sensitome.charts.replicate_agreement import replicate_agreement
from sensitome.charts.response_boxes import response_boxes
from sensitome.charts.rule_versus_model import rule_versus_model
from sensitome.charts.score_distribution import score_distribution
from sensitome.charts.seed_families import seed_families
from sensitome.charts.sensitization_scatter import sensitization_scatter
from sensitome.charts.sensitizer_ranking import sensitizer_ranking
from sensitome.charts.stability_map import settings_grid, stability_map
from sensitome.charts.stage_boxes import stage_boxes
from sensitome.charts.survival_curves import survival_curves
from sensitome.charts.validation_agreement import validation_agreement
from sensitome.charts.validation_panels import validation_panels
from sensitome.charts.viability_scatter import viability_scatter

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["FIGURES", "Figure", "figure"]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Parameters
    ----------
    name : of its files
    title : its heading
    needs : tables without which it is not drawn
    drawing : tables, manifest → Vega-Lite specification; None when the tables hold nothing to draw
    caption : how to read it, in full sentences
    """

    name: str
    title: str
    needs: tuple[str, ...]
    drawing: Callable[[Tables, Manifest], Specification | None]
    caption: str

    def specify(self, tables: Tables, manifest: Manifest) -> Specification | None:
        """Vega-Lite specification of the figure; None when the tables hold nothing to draw."""
        from altair.utils.schemapi import debug_mode

        # Altair would hold every part against its schema, which takes longer than to make it; the tests draw them all.
        with debug_mode(False):
            return self.drawing(tables, manifest)

    def draw(self, tables: Tables, manifest: Manifest) -> ChartType | None:
        """The figure as an Altair chart; None when the tables hold nothing to draw."""
        import altair as alt

        made = self.specify(tables, manifest)
        if made is None:
            return None
        forms = {"concat": alt.ConcatChart, "layer": alt.LayerChart}
        form: Any = next((forms[key] for key in forms if key in made), alt.Chart)
        chart: ChartType = form.from_dict(made, validate=False)
        return chart


FIGURES: list[Figure] = [
    Figure(
        "flowchart",
        "Flow of the study",
        ("wells",),
        flowchart,
        "What was screened, measured and normalized, and how many reagents each step of the rule left.",
    ),
    Figure(
        "funnel",
        "From the library to the candidates",
        ("funnel",),
        funnel,
        "Reagents that remain after each step; a context is one reagent in one drug arm of one cell line.",
    ),
    Figure(
        "viability_scatter",
        "Viability with and without drug",
        ("hits",),
        viability_scatter,
        "One point per reagent and cell line. Dot = inhibitor, triangle = mimic, further kinds have further shapes; "
        "color = cell line. Filled points are hits; hollow points lie below the threshold but an exclusion leaves "
        "them out (an effect without drug, or a target that is not expressed); gray points are not significant. "
        "Dashed vertical lines are the thresholds with the drug, dotted horizontal lines the limits without drug, "
        "per cell line.",
    ),
    Figure(
        "score_distribution",
        "Scores of the library",
        ("scores",),
        score_distribution,
        "Histogram of the scores of all library reagents per cell line and arm; the count axis is a square root, so "
        "that the tail shows. Solid line: center. Dashed line: threshold.",
    ),
    Figure(
        "sensitization_scatter",
        "Effect with and without drug, by the test",
        ("sensitizers",),
        sensitization_scatter,
        "One point per reagent, per cell line and drug arm. On the dashed diagonal the drug changes nothing (Bliss "
        "independence: the drug's own effect is taken off with the plate); left of it fewer cells live than expected. "
        "Color = how sure the test is; filled = called, hollow = near or antagonist, gray = not called. Shape = kind. "
        "At most 24 panels.",
    ),
    Figure(
        "interaction_volcano",
        "Size and evidence of the interactions",
        ("sensitizers",),
        interaction_volcano,
        "Interaction δ = with drug − without, log2, as the test estimates it, against its evidence; rates below 0.0001 "
        "are drawn there. Dashed lines: limits of the method, with their names. Dotted lines: no interaction, and the "
        "least size that counts where the method has one. A method that asks only for sensitization has antagonists "
        "at the bottom right. At most 24 panels.",
    ),
    Figure(
        "sensitizer_ranking",
        "The surest sensitizers",
        ("sensitizers",),
        sensitizer_ranking,
        "The 40 surest contexts at most. Point = interaction, filled when called; bar = its interval; small tick = "
        "difference as measured, before the test draws it to the size that interactions have. The number at the right "
        "is what the method decides by. Color = cell line, shape = kind.",
    ),
    Figure(
        "pattern_matrix",
        "Which reagents sensitize where",
        ("sensitizers",),
        pattern_matrix,
        "Reagents that are called somewhere, in every cell line and drug arm. Color = interaction δ, size of the "
        "square = certainty (1 − rate), ring = called. A small square is not evidence of no effect.",
    ),
    Figure(
        "interaction_panel",
        "The surest reagents, replicate by replicate",
        ("sensitizers",),
        interaction_panel,
        "Small circles = replicates; black bar = what Bliss independence expects with the drug, which is the effect "
        "without it; colored point and line = expectation + interaction δ with its interval, filled when called. A bar "
        "outside the line says that the drug changes the effect. Of many cell lines those with a call come "
        "first, up to 24 rows.",
    ),
    Figure(
        "seed_families",
        "What seed families do together",
        ("families", "sensitizers"),
        seed_families,
        "One row per seed family, in the cell line and arm where the mean of its members is lowest. Circle = member, "
        "filled when it is called somewhere; diamond and line = mean of the members with its t interval, cut at the "
        "ends of the axis. Number: probability that the members share a pattern of sensitization, or, of a test "
        "without a model, the p against random reagents. At most 30 families.",
    ),
    Figure(
        "rule_versus_model",
        "Who calls what, and why",
        ("hits", "sensitizers"),
        rule_versus_model,
        "Contexts that the rule and the test call together, and that only one of them calls, by the reason why the "
        "other does not. Where the truth is known, dark = true effect, light = none.",
    ),
    Figure(
        "validation_panels",
        "Validation assay",
        ("validation", "validation_replicates"),
        validation_panels,
        "Viability under every arm; the eight reagents with the smallest p. Gray = negative control, color = reagent; "
        "bar = mean, line = its spread, point = biological replicate, red tick = what Bliss independence expects of "
        "reagent and drug together. Stars: p or q of reagent against control in the same arm, * < .05, ** < .01, "
        "*** < .001. A star says that viability differs from the control, not that the drug changes the effect.",
    ),
    Figure(
        "validation_agreement",
        "Screen and validation",
        ("validation_agreement",),
        validation_agreement,
        "Interaction of each reagent in the screen and in the validation assay, one panel per drug arm. Gray bar = "
        "what the screen lets expect after regression to the mean, thin line = interval of the validation over "
        "biological replicates, filled = q < .05, dashed = identity; named are the farthest whose interval does not "
        "meet the gray bar. Candidates were chosen because their effects were large: most validated effects are "
        "smaller.",
    ),
    Figure(
        "dose_matrices",
        "Two drugs together, dose by dose",
        ("dose_scores", "dose_summary"),
        dose_matrices,
        "Two drugs over all pairs of their doses; four matrices at most, those first whose framed pairs of doses add "
        "up to most, in either direction. Left: inhibition as measured, percent (0 = control, 100 = no living cells). "
        "Right: how far it goes beyond what the reference expects of the two drugs, percentage points: vermillion = "
        "more inhibition (synergy), blue = less (antagonism). Gray: one drug is absent. Frame: q < .05 over the pairs "
        "of doses, by a moderated t test over replicates of the matrix; the mean score is tested by Student's t over "
        "replicates.",
    ),
    Figure(
        "protein_heatmap",
        "Proteins under reagent and drug",
        ("proteins",),
        protein_heatmap,
        "Distance of each protein from the reagents of its arm, in SD: blue = more, vermillion = less, up to ±4. ▲ and "
        "▼ mark what is called up or down. Ratios are of the phosphorylated to the whole protein.",
    ),
    Figure(
        "stage_boxes",
        "Expression and tumor stage",
        ("stage_values", "stage"),
        stage_boxes,
        "Box = quartiles, whiskers to 1.5 times their distance, point = tumor, number = tumors of the stage. Above: p "
        "of Wilcoxon's rank-sum test of each pair of stages, in parentheses after Holm's correction.",
    ),
    Figure(
        "survival_curves",
        "Survival with high and low expression",
        ("survival_curves", "survival_risk", "survival"),
        survival_curves,
        "Kaplan-Meier curves with pointwise 95 % intervals; ticks = patients censored; below the axis: patients at "
        "risk. p of the log-rank test; q over miRNAs and endpoints.",
    ),
    Figure(
        "incidence",
        "Competing causes of death",
        ("incidence", "survival_scrutiny"),
        incidence,
        "Share of the patients that had the event of the endpoint (strong) and an event of another cause (faint), with "
        "high and low expression, by Aalen and Johansen: one minus a Kaplan-Meier curve would count those as dead of "
        "the disease who died of something else. p of Gray's test and of Fine and Gray's regression, not corrected.",
    ),
    Figure(
        "survival_pooled",
        "Hazard ratios over cohorts",
        ("survival_pooled",),
        forest,
        "Hazard ratio per standard deviation in every cohort (square) and pooled (diamond): fixed takes one true "
        "effect for all cohorts, random lets it vary between them. Lines are 95 % intervals. With two or three cohorts "
        "the random interval is too short. I² = share of the variation between cohorts that is not chance.",
    ),
    Figure(
        "survival_forest",
        "Hazard ratios of the miRNAs",
        ("survival",),
        survival_forest,
        "Hazard ratio per standard deviation of expression, with its 95 % interval; the 25 smallest p at most. Filled "
        "= false-discovery rate over miRNAs and endpoints below 5 %. Left of 1: high expression fares better.",
    ),
    Figure(
        "multiverse",
        "Survival under every defensible choice",
        ("multiverse",),
        multiverse,
        "Hazard ratio of high against low, or per standard deviation (continuous), under every cut, endpoint and "
        "subset. Filled = p < .05, not corrected. A result that holds under one choice only is a result of the choice.",
    ),
    Figure(
        "stability_map",
        "Stability of the calls",
        ("stability",),
        stability_map,
        "Percent of the defensible settings that call a reagent, per cell line and drug arm. ● marks what the "
        "study's own setting calls. An empty cell was called by no setting.",
    ),
    Figure(
        "settings_grid",
        "What each choice does to the number of hits",
        ("stability_settings",),
        settings_grid,
        "Each gray tick is one setting, shown once in every row that it belongs to. Black bar: median of the row. "
        "Diamond: the study's own setting.",
    ),
    Figure(
        "response_boxes",
        "MiRNAs that answer to the treatment",
        ("expression", "response"),
        response_boxes,
        "Expression of each miRNA in each arm, those with the smallest p of each group of cell lines. Box = "
        "quartiles, whiskers = farthest arrays within 1.5 interquartile ranges, points = arrays; color and shape = "
        "cell line. Nominal p is not corrected for the number of miRNAs.",
    ),
    Figure(
        "enrichment_dots",
        "Gene sets among the targets",
        ("enrichment",),
        enrichment_dots,
        "Size = share of the set that the list targets, color = q by random genes. A ring marks gene sets that pass "
        "against random miRNAs as well, a cross those that pass by genes only.",
    ),
    Figure(
        "gene_matrix",
        "Genes behind the screen",
        ("genes",),
        gene_matrix,
        "Size = share of the halves of the screen that select the gene, color = effect of its full repression, ring = "
        "called. Of genes that the very same mimics target only the first is named. At most 25 genes.",
    ),
    Figure(
        "evidence_matrix",
        "Candidates and sources",
        ("conclusions", "support"),
        evidence_matrix,
        "Candidates of the validation assay and the best supported of the others, 30 at most, in the cell line and "
        "drug arm where each stands best. Filled circle = the source supports sensitization, hollow circle = it does "
        "not take sides, cross = it contradicts, square = told and not judged, dash = not measured. Sources below one "
        "heading rest on the same wells, lysates or patients and count once.",
    ),
    Figure(
        "z_prime_over_plates",
        "Separation of the controls",
        ("quality", "plates"),
        z_prime_over_plates,
        "Z′ = 1 − 3 (SD of positives + SD of negatives) / distance of their means (Zhang 1999); the robust form "
        "takes MADs and medians. Dot = pass, triangle = warn, square = fail.",
    ),
    Figure(
        "quality_strips",
        "Quality of the plates",
        ("quality", "plates"),
        quality_strips,
        "Each point is one plate, in the order of measuring. Dot = pass, triangle = warn, square = fail; dashed "
        "line = limit of a warning, solid line = limit of failing.",
    ),
    Figure(
        "replicate_agreement",
        "Agreement of replicates",
        ("wells",),
        replicate_agreement,
        "Normalized values of the library's reagents in two replicates; darker = more reagents, line = identity. r "
        "= Pearson, ρ = Spearman, CCC = Lin's concordance, n = reagents with both values.",
    ),
    Figure(
        "plate_heatmap",
        "The plate that needs most care",
        ("wells", "plates"),
        plate_heatmap,
        "The first plate with the worst verdict: readings, what the normalization takes away, and what remains. Raw "
        "and fitted share a scale.",
    ),
]


def figure(name: str) -> Figure:
    """Look a figure up by its name."""
    return next(record for record in FIGURES if record.name == name)
