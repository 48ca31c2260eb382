"""Lysate microarrays: from slides to proteins that a reagent takes up or down."""
