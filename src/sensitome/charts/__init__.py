"""One figure kind per file; the same specification gives the page and the printed figure."""
