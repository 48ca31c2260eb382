"""Simulated arrays as the files of a study."""

from __future__ import annotations

from pathlib import Path

from sensitome.expression.simulate import SimulatedArrays
from sensitome.io.feature_extraction_writer import array_text

__all__ = ["array_files", "write_arrays"]


def write_arrays(simulated: SimulatedArrays, folder: str | Path) -> list[Path]:
    """Write the files of `array_files` into a folder, which is made if need be; their paths, sorted."""
    paths = []
    for name, text in array_files(simulated).items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    return sorted(paths)


def array_files(simulated: SimulatedArrays) -> dict[str, str]:
    """Files of a study with arrays: name → text.

    Parameters
    ----------
    simulated : from `sensitome.expression.simulate.simulate_arrays`

    Returns
    -------
    ``arrays.csv`` (the list), ``arrays/<sample>.txt`` (each array in full text of Feature Extraction), and the truth:
    ``truth/expressed.csv``, ``truth/response.csv``
    """
    files = {"arrays.csv": simulated.arrays.write_csv()}
    for row, (sample, file) in enumerate(simulated.arrays.select("sample", "file").iter_rows()):
        own = {name: values[row] for name, values in simulated.signals.items()}
        files[file] = array_text(simulated.features, own, sample=sample, design=simulated.design.design_id)
    files["truth/expressed.csv"] = simulated.expressed.write_csv()
    files["truth/response.csv"] = simulated.response.write_csv()
    return files
