"""Find what makes tumor cells sensitive to a drug: arrayed modulator × drug screens, raw plates to sensitizers."""
