"""Run in this folder with GSEApy 1.3.1: python make.py. Random genes and sets, and what GSEApy makes of them."""

from __future__ import annotations

from pathlib import Path

import gseapy
import numpy as np

COLUMNS = ["P-value", "Adjusted P-value", "Odds Ratio", "Combined Score"]


def main() -> None:
    rng = np.random.default_rng(20190802)
    genes = np.array([f"GENE{i}" for i in range(900)])
    sets = {
        f"set {i:02d}": sorted(rng.choice(genes[: 300 + 10 * i], rng.integers(3, 91), replace=False)) for i in range(40)
    }
    known = [*rng.choice(genes[:300], 60, replace=False), *sets["set 05"][:20]]
    query = sorted({*known, *(f"UNKNOWN{i}" for i in range(7))})
    background = sorted({*rng.choice(genes, 700, replace=False), *query[:60]})
    Path("sets.gmt").write_text("".join("\t".join([name, "", *own]) + "\n" for name, own in sets.items()))
    Path("query.txt").write_text("\n".join(query) + "\n")
    Path("background.txt").write_text("\n".join(background) + "\n")
    for name, universe in (("union", None), ("background", background)):
        made = gseapy.enrich(gene_list=query, gene_sets="sets.gmt", background=universe, outdir=None, cutoff=1.0)
        table = made.results.sort_values("Term")
        rows = ["gene_set,overlap,p,q,odds_ratio,combined_score"]
        for term, overlap, *numbers in table[["Term", "Overlap", *COLUMNS]].itertuples(index=False):
            rows.append(",".join([term, overlap, *(repr(float(number)) for number in numbers)]))
        Path(f"gseapy_{name}.csv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
