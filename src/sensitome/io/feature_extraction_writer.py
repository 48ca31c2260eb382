"""Arrays as text of Agilent Feature Extraction."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["array_text"]

FloatArray = npt.NDArray[np.float64]

_WHOLE = frozenset({"gIsGeneDetected", "gIsSaturated", "gIsFeatNonUnifOL", "gIsFeatPopnOL", "gBGMedianSignal"})


def array_text(features: pl.DataFrame, signals: Mapping[str, FloatArray], *, sample: str, design: str) -> str:
    """One array as Feature Extraction 10.7 writes it.

    Parameters
    ----------
    features : ``row``, ``column``, ``control``, ``probe``, ``gene`` of each spot
    signals : name of the column → (spots,)
    sample : barcode of the array
    design : number of the design

    Returns
    -------
    The tables FEPARAMS, STATS and FEATURES
    """
    parameters = {
        "Protocol_Name": "miRNA_107_Sep09 (simulated)",
        "Scan_NumChannels": "1",
        "Grid_Name": f"{design}_D_F_20110315",
        "FeatureExtractor_Barcode": sample,
        "FeatureExtractor_Version": "10.7.3.1",
    }
    negative = features["control"].to_numpy() == -1
    statistics = {
        "gNegCtrlAveNetSig": f"{float(np.mean(signals['gProcessedSignal'][negative])):.4f}",
        "gTotalSignal75pctile": f"{float(np.quantile(signals['gTotalGeneSignal'], 0.75)):.4f}",
        "TotalNumFeatures": str(features.height),
    }
    columns = {
        "FeatureNum": [str(i) for i in range(1, features.height + 1)],
        "Row": features["row"].cast(pl.String).to_list(),
        "Col": features["column"].cast(pl.String).to_list(),
        "ControlType": features["control"].cast(pl.String).to_list(),
        "ProbeName": features["probe"].to_list(),
        "GeneName": features["gene"].to_list(),
        "SystematicName": features["gene"].to_list(),
    } | {name: _cells(name, values) for name, values in signals.items()}
    rows = ["\t".join(["DATA", *cells]) for cells in zip(*columns.values(), strict=True)]
    types = ["integer"] * 4 + ["text"] * 3 + ["boolean" if name.startswith("gIs") else "float" for name in signals]
    return "\n".join(
        [
            *_pairs("FEPARAMS", parameters),
            *_pairs("STATS", statistics),
            "\t".join(["TYPE", *types]),
            "\t".join(["FEATURES", *columns]),
            *rows,
            "",
        ]
    )


def _pairs(word: str, pairs: Mapping[str, str]) -> list[str]:
    """One of the tables with a single row."""
    return [
        "\t".join(["TYPE", *["text"] * len(pairs)]),
        "\t".join([word, *pairs]),
        "\t".join(["DATA", *pairs.values()]),
        "*",
    ]


def _cells(name: str, values: FloatArray) -> list[str]:
    return [f"{value:.0f}" for value in values] if name in _WHOLE else [f"{value:.7g}" for value in values]
