"""What lists of genes and targets have in common: over-representation by named conventions, and an empirical null."""
