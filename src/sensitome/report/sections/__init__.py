"""The sections of the page, in reading order."""

from __future__ import annotations

from sensitome.report.section import Section
from sensitome.report.sections import (
    answers,
    candidates,
    cautions,
    comparison,
    control,
    families,
    flow,
    funnel,
    genes,
    hits,
    methods,
    names,
    patients,
    plates,
    provenance,
    quality,
    sensitizers,
    stability,
    summary,
    support,
    targets,
    viability,
)

__all__ = ["SECTIONS"]

SECTIONS: tuple[Section, ...] = (
    Section("summary", "Result", (), summary.build),
    Section("flow", "Flow of the study", ("wells",), flow.build),
    Section("funnel", "Funnel", ("funnel",), funnel.build),
    Section("viability", "Viability", ("hits",), viability.build),
    Section("candidates", "Candidates", ("hits",), candidates.build),
    Section("sensitizers", "Sensitizers", (), sensitizers.build),
    Section("comparison", "The paper's rule and this test", (), comparison.build),
    Section("families", "Seed families", (), families.build),
    Section("support", "What supports the calls", (), support.build),
    Section("hits", "Every call", ("hits",), hits.build),
    Section("patients-stage", "Patients: stage", (), patients.build_stage),
    Section("patients-survival", "Patients: survival", (), patients.build_survival),
    Section("patients-genes", "Patients: genes that go with them", (), patients.build_genes),
    Section("stability", "Stability", ("stability",), stability.build),
    Section("answers", "Which miRNAs answer", (), answers.build),
    Section("control", "What they control", (), control.build),
    Section("targets", "Targets and their evidence", (), targets.build),
    Section("genes", "Genes behind the screen", (), genes.build),
    Section("names", "Names of miRNAs", (), names.build),
    Section("plates", "Plates", ("wells",), plates.build),
    Section("quality", "Quality", ("quality",), quality.build),
    Section("cautions", "Cautions", (), cautions.build),
    Section("methods", "Methods", (), methods.build),
    Section("provenance", "Provenance", (), provenance.build),
)
