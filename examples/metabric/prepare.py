"""Write a study folder: METABRIC's own clinical files, with a simulated screen and miRNAs, which are not public."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.io.cbioportal import read_cbioportal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_screen import write_screen

MIRNAS = ("sim-miR-1", "sim-miR-2")


def prepare(source: Path, folder: Path) -> Path:
    """Write the study; `source` holds the clinical files of cBioPortal."""
    (folder / "metabric").mkdir(parents=True, exist_ok=True)
    for file in source.glob("*data_clinical*"):
        shutil.copyfile(file, folder / "metabric" / file.name)
    shutil.copyfile(Path(__file__).with_name("study.toml"), folder / "study.toml")
    rng = np.random.default_rng(1)
    clinical = read_cbioportal(source).clinical.drop_nulls("npi")
    rows = {"NPI": clinical["npi"].to_numpy()} | {name: rng.normal(8, 1, clinical.height).round(3) for name in MIRNAS}
    matrix = pl.DataFrame(np.stack(list(rows.values())), schema=clinical["sample"].to_list())
    matrix.insert_column(0, pl.Series("mirna", list(rows))).write_csv(folder / "mirna.csv")
    write_screen(folder / "wells.csv", MIRNAS)
    return folder / "study.toml"


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
