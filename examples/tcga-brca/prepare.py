"""Write a study folder: raw counts and clinical forms of TCGA, and a small simulated screen."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_screen import write_screen

MIRNAS = ("101-5p", "29a-3p", "29c-3p", "744-3p", "106a-5p", "1237-3p", "518a-5p", "19b-2-5p")
FILES = ("MNMO_tumor_mature_mirna_counts.tsv.gz", "RTCGA_BRCA_clinical_selected.tsv.gz")


def prepare(source: Path, folder: Path) -> Path:
    """Write the study; `source` holds the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(source / name, folder / name)
    shutil.copyfile(Path(__file__).with_name("study.toml"), folder / "study.toml")
    write_screen(folder / "wells.csv", [f"miR-{name}" for name in MIRNAS])
    return folder / "study.toml"


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
