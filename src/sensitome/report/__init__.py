"""The page: sections that only read tables."""
