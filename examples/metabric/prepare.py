"""Write a study folder: METABRIC's own clinical files, with a simulated screen and miRNAs, which are not public."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.io.cbioportal import read_cbioportal

MIRNAS = ("sim-miR-1", "sim-miR-2")
ARMS = ("vehicle", "trastuzumab")


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
    pl.DataFrame(screen(rng), orient="row", schema=COLUMNS).write_csv(folder / "wells.csv")
    return folder / "study.toml"


COLUMNS = ["plate", "library_plate", "cell_line", "treatment", "replicate", "well", "reagent", "kind", "role", "signal"]


def screen(rng: np.random.Generator) -> list[tuple[object, ...]]:
    """One plate of 96 wells in two arms, twice; the first miRNA sensitizes."""
    wells = []
    for arm in ARMS:
        for replicate in (1, 2):
            for number in range(96):
                row, column = divmod(number, 12)
                role = "negative" if column in (0, 11) else "sample"
                name = MIRNAS[number - 1] if number in (1, 2) else f"mimic-{number:02d}" if role == "sample" else "NC"
                loss = 2.0 if number == 1 and arm != "vehicle" else 0.0
                signal = round(2 ** (14 - loss + rng.normal(0, 0.3)), 1)
                place = (f"{arm}-{replicate}", "1", "KPL4", arm, replicate, f"{'ABCDEFGH'[row]}{column + 1:02d}")
                wells.append((*place, name, "mimic", role, signal))
    return wells


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
