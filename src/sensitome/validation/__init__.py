"""From candidates to validated sensitizers: the validation assay, its contrasts and its combination effects."""
