"""The steps of a screen, in order: layout, normalize, quality, score, hits, stability; and its simulator."""
