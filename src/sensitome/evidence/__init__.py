"""What every experiment of a study says of each candidate, and the conclusion that follows by stated rules."""
