"""miRNAs: names that survive miRBase, seed families, target evidence, sites, and the genes behind a screen."""
