"""The hierarchical empirical-Bayes model of sensitization over lines and arms."""
