"""NumPy and SciPy kernels: arrays in, arrays out; no labels, no files."""
