"""Arrays of a made-up study, with known truth: which miRNAs each line expresses, and which answer to which drug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import SettingsError, listed

__all__ = ["ArrayDesign", "SimulatedArrays", "simulate_arrays"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Noise of a gene's total signal in counts; three of it is the limit of detection.
BACKGROUND_SD = 2.0
DETECTION_LIMIT = 3 * BACKGROUND_SD
#: Counts that the scanner reads without any RNA.
DARK = 45.0


@dataclass(frozen=True)
class ArrayDesign:
    """What is put onto arrays, and what is true of it.

    Parameters
    ----------
    lines : cell lines
    responding : those of them that answer to the drugs
    arms : treatments, the vehicle first
    replicates : arrays of each line and arm
    mirnas : number of miRNAs, where no table of expressed ones is given
    expressed_share : share of miRNAs that a line expresses
    spots : spots of each miRNA, half of them of one probe
    answers : number of miRNAs that answer in the responding lines
    weak_answers : number that answer in the other lines
    effect : mean size of an answer, log2; most answers are upwards, as in Normann et al. 2021
    noise_sd : SD between replicates, log2
    line_sd : SD between lines, log2
    design_id : number of the array's design
    """

    lines: tuple[str, ...] = ("BT-474", "SKBR3", "KPL4", "SUM190PT")
    responding: tuple[str, ...] = ("BT-474", "SKBR3")
    arms: tuple[str, ...] = ("vehicle", "trastuzumab", "lapatinib", "trastuzumab+lapatinib")
    replicates: int = 2
    mirnas: int = 400
    expressed_share: float = 0.45
    spots: int = 4
    answers: int = 36
    weak_answers: int = 3
    effect: float = 0.9
    noise_sd: float = 0.18
    line_sd: float = 1.0
    design_id: str = "031181"


@dataclass(frozen=True, eq=False)
class SimulatedArrays:
    """Arrays as tables, and the truth behind them.

    Parameters
    ----------
    arrays : one row per array: ``sample``, ``file``, ``cell_line``, ``treatment``, ``replicate``
    features : one row per spot of the design: ``row``, ``column``, ``control``, ``probe``, ``gene``
    signals : name of the column of Feature Extraction → (arrays, spots)
    expressed : ``target``, ``cell_line``, ``expressed``
    response : ``feature``, ``cell_line``, ``treatment``, ``effect`` (log2 against vehicle), for all that is not 0
    design : what it was made from
    """

    arrays: pl.DataFrame
    features: pl.DataFrame
    signals: Mapping[str, FloatArray] = field(repr=False)
    expressed: pl.DataFrame
    response: pl.DataFrame
    design: ArrayDesign


def simulate_arrays(
    design: ArrayDesign, *, rng: np.random.Generator, expressed: pl.DataFrame | None = None
) -> SimulatedArrays:
    """Make arrays up.

    Parameters
    ----------
    design : lines, arms, numbers and sizes
    rng : source of chance
    expressed : columns ``target``, ``cell_line``, ``expressed``, as the simulated screen has them, so that both agree;
        None draws them

    Returns
    -------
    SimulatedArrays; write it with `sensitome.expression.files`

    Raises
    ------
    SettingsError
        A responding line is not among the lines, or there are no two arms.
    """
    _refuse(design)
    names, is_expressed = _expressed(design, expressed, rng)
    effects = _effects(design, is_expressed, rng)
    level = rng.gamma(2.2, 1.7, size=len(names)) + 4.5
    # What a line expresses lies above the limit of detection, so that no array misses it by chance alone.
    level = np.maximum(level[:, None] + rng.normal(0, design.line_sd, size=(len(names), len(design.lines))), 5.0)
    rows = [
        (i, a, r) for i in range(len(design.lines)) for a in range(len(design.arms)) for r in range(design.replicates)
    ]
    line, arm, replicate = (np.array(part) for part in zip(*rows, strict=True))
    brightness = rng.normal(0, 0.35, size=len(rows))
    log2 = (
        level[:, line]
        + effects[:, line, arm]
        + brightness
        + rng.normal(0, design.noise_sd, size=(len(names), len(rows)))
    )
    total = np.where(is_expressed[:, line], 2**log2, 0.0) + rng.normal(0, BACKGROUND_SD, size=log2.shape)
    features = _spots(names, design)
    return SimulatedArrays(
        _arrays(design, line, arm, replicate),
        features,
        _signals(total.T, features, names, design, rng),
        _expressed_table(design, names, is_expressed),
        _response_table(design, names, effects),
        design,
    )


def _refuse(design: ArrayDesign) -> None:
    foreign = [name for name in design.responding if name not in design.lines]
    if foreign or len(design.arms) < 2:
        raise SettingsError(
            "arrays cannot be made up",
            found=f"responding lines {listed(design.responding, last='and')}, arms {listed(design.arms, last='and')}",
            expected=f"responding lines among {listed(design.lines)}, and a vehicle with at least one drug arm",
        )


def _expressed(
    design: ArrayDesign, table: pl.DataFrame | None, rng: np.random.Generator
) -> tuple[list[str], BoolArray]:
    """Names, and (miRNAs, lines) which are expressed; lines that the table lacks get the answer of its other lines."""
    if table is None:
        names = [f"sim-miR-{i:04d}-{'5p' if i % 2 else '3p'}" for i in range(1, design.mirnas + 1)]
        common = rng.random((len(names), 1)) < design.expressed_share
        return names, common ^ (rng.random((len(names), len(design.lines))) < 0.05)
    names = table["target"].unique(maintain_order=True).to_list()
    told = {
        (target, line): answer for target, line, answer in table.select("target", "cell_line", "expressed").iter_rows()
    }
    anywhere = set(table.filter(pl.col("expressed"))["target"])
    answers = [[bool(told.get((name, line), name in anywhere)) for line in design.lines] for name in names]
    return names, np.array(answers, dtype=np.bool_)


def _effects(design: ArrayDesign, is_expressed: BoolArray, rng: np.random.Generator) -> FloatArray:
    """(miRNAs, lines, arms), log2 against vehicle; the last arm, the combination, has more than the full effect."""
    effects = np.zeros((*is_expressed.shape, len(design.arms)))
    responds = np.array([name in design.responding for name in design.lines])
    for lines, number in ((responds, design.answers), (~responds, design.weak_answers)):
        able = np.flatnonzero(is_expressed[:, lines].all(axis=1)) if lines.any() else np.zeros(0, dtype=np.intp)
        chosen = rng.choice(able, size=min(number, len(able)), replace=False)
        size = rng.normal(design.effect, design.effect / 4, size=len(chosen)) * np.where(
            rng.random(len(chosen)) < 0.85, 1, -1
        )
        share = rng.uniform(0.3, 1.0, size=(len(chosen), len(design.arms)))
        share[:, 0] = 0.0
        share[:, -1] = 1.1
        effects[np.ix_(chosen, np.flatnonzero(lines))] = (size[:, None] * share)[:, None, :]
    return effects


def _spots(names: Sequence[str], design: ArrayDesign) -> pl.DataFrame:
    """Spots of the design: controls first, then two probes of each miRNA, row by row."""
    controls = [("DarkCorner", 1), ("miRNABrightCorner30", 1), ("NegativeControl", -1), ("hur_4", 1), ("SCorner3", 1)]
    cells = [(gene, gene, kind) for gene, kind in controls for _ in range(8)]
    for i, name in enumerate(names):
        cells += [(name, f"A_25_P{2 * i + (s >= design.spots // 2):08d}", 0) for s in range(design.spots)]
    width = 82
    return pl.DataFrame(
        {
            "row": [i // width + 1 for i in range(len(cells))],
            "column": [i % width + 1 for i in range(len(cells))],
            "control": [kind for _, _, kind in cells],
            "probe": [probe for _, probe, _ in cells],
            "gene": [gene for gene, _, _ in cells],
        }
    )


def _signals(
    total: FloatArray, features: pl.DataFrame, names: Sequence[str], design: ArrayDesign, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Columns of Feature Extraction: (arrays, spots)."""
    controls = {
        "DarkCorner": 2.0,
        "miRNABrightCorner30": 900.0,
        "NegativeControl": 0.5,
        "hur_4": 300.0,
        "SCorner3": 4.0,
    }
    extra = np.array([[level] for level in controls.values()]) * rng.lognormal(
        0, 0.05, size=(len(controls), len(total))
    )
    by_gene = np.hstack([extra.T, total])
    place = {name: i for i, name in enumerate([*controls, *names])}
    gene = np.array([place[name] for name in features["gene"]])
    probe = features["probe"].rank("dense").to_numpy().astype(np.intp) - 1
    affinity = rng.normal(0, 0.25, size=probe.max() + 1)
    spot_total = by_gene[:, gene]
    spread = 2 ** (affinity[probe] + rng.normal(0, 0.08, size=spot_total.shape)) / design.spots
    used = rng.normal(DARK, 0.6, size=spot_total.shape)
    net = np.maximum(spot_total, 0) * spread + rng.normal(0, BACKGROUND_SD / 2, size=spot_total.shape)
    return {
        "gTotalProbeSignal": spot_total / 2,
        "gTotalGeneSignal": spot_total,
        "gProcessedSignal": net,
        "gMeanSignal": net + used,
        "gBGMedianSignal": np.round(used),
        "gBGUsed": used,
        "gIsGeneDetected": (spot_total > DETECTION_LIMIT).astype(np.float64),
        "gIsSaturated": (net > 65_000).astype(np.float64),
        "gIsFeatNonUnifOL": np.zeros(spot_total.shape),
        "gIsFeatPopnOL": np.zeros(spot_total.shape),
    }


def _arrays(design: ArrayDesign, line: IntArray, arm: IntArray, replicate: IntArray) -> pl.DataFrame:
    """List of the arrays."""
    names = [
        f"{design.lines[i]}_{design.arms[a].replace('+', '_')}_{r + 1}"
        for i, a, r in zip(line, arm, replicate, strict=True)
    ]
    return pl.DataFrame(
        {
            "sample": names,
            "file": [f"arrays/{name}.txt" for name in names],
            "cell_line": [design.lines[i] for i in line],
            "treatment": [design.arms[a] for a in arm],
            "replicate": replicate + 1,
        }
    )


def _expressed_table(design: ArrayDesign, names: Sequence[str], is_expressed: BoolArray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "target": np.repeat(np.array(names), len(design.lines)),
            "cell_line": list(design.lines) * len(names),
            "expressed": is_expressed.ravel(),
        }
    )


def _response_table(design: ArrayDesign, names: Sequence[str], effects: FloatArray) -> pl.DataFrame:
    feature, line, arm = np.nonzero(effects)
    return pl.DataFrame(
        {
            "feature": np.array(names)[feature],
            "cell_line": np.array(design.lines)[line],
            "treatment": np.array(design.arms)[arm],
            "effect": effects[feature, line, arm],
        }
    )
