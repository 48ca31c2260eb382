"""Tests of sensitization: whether a drug changes what a reagent does, in every line and drug arm."""
