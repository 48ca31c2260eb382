"""Do calls from some replicates hold in another? The paper's rule and the one-arm model on two real screens.

Run it from the project's folder: ``python -m examples.replicate_split``. The screens are those of the examples `kcviab`
and `mcf7-inhibitors`; where their files are not there, it says so and stops.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Caution
from sensitome.inputs import read_inputs
from sensitome.io.study_file import preset, read_study
from sensitome.screen.hits import call_hits
from sensitome.screen.normalize import normalize
from sensitome.screen.one_arm import one_arm_effects
from sensitome.screen.score import score
from sensitome.settings import NormalizeSettings, ScoreSettings, Treatments

EXAMPLES = Path(__file__).resolve().parent
DATA = EXAMPLES.parents[1] / "shared" / "data" / "screens"
#: Loss of viability that a held-out replicate must show: 20 %.
LEAST = 0.32
#: Screen → replicates that call, and the one that judges.
SPLITS: dict[str, list[tuple[tuple[int, ...], int]]] = {
    "kcviab": [((1,), 2), ((2,), 1)],
    "mcf7-inhibitors": [((1,), 2), ((2,), 3), ((3,), 1), ((1, 2), 3), ((1, 3), 2), ((2, 3), 1)],
}
COLUMNS = ["screen", "from", "judge", "by", "calls", "hold", "found", "promised", "brier"]


def missing_files() -> str:
    """What is not there, in a sentence; "" when all is."""
    needed = [DATA / "cellHTS2" / "KcViab_plates.tar.gz", DATA / "miRNAice_breast" / "MCF7wt.csv.gz"]
    lacking = [path.name for path in needed if not path.is_file()]
    return f"not there: {', '.join(lacking)}, expected in {DATA}" if lacking else ""


def read_screen(name: str) -> pl.DataFrame:
    """Wells of a screen, each plate's log2 readings less their median."""
    study = read_study(EXAMPLES / name)
    with tempfile.TemporaryDirectory() as folder:
        if name == "kcviab":
            _unpack(Path(folder) / "data")
            wells = read_inputs(study.inputs, folder=Path(folder))
        else:
            wells = read_inputs(study.inputs, folder=EXAMPLES / name)
    return normalize(wells, settings=NormalizeSettings(method="median", scale="log2"))


def _unpack(folder: Path) -> None:
    """Plates of KcViab beside their configuration."""
    folder.mkdir()
    with tarfile.open(DATA / "cellHTS2" / "KcViab_plates.tar.gz") as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                (folder / Path(member.name).name).write_bytes(content.read())
    for path in (DATA / "cellHTS2" / "KcViab").iterdir():
        shutil.copy(path, folder / path.name)


def compare(name: str, wells: pl.DataFrame, *, splits: Sequence[tuple[tuple[int, ...], int]]) -> pl.DataFrame:
    """Every split of a screen: who calls how many, and what the replicate that was held out says.

    Parameters
    ----------
    name : of the screen
    wells : table `wells`
    splits : replicates that call, replicate that judges

    Returns
    -------
    One row per split and way: calls; hold, share of them below −0.32 log2 in the judging replicate; found, share of all
    reagents below it there that are called; promised, what the way itself says of hold; brier, mean squared error of
    its probability that a reagent will be below (0 or 1 for ways without)
    """
    rows = []
    for own, judge in splits:
        for way, answer in _ways(wells.filter(pl.col("replicate").is_in(own))):
            there = answer.join(_scores(wells.filter(pl.col("replicate") == judge)), on=["reagent", "kind"])
            there = there.drop_nulls(["p", "judged"])
            low = (there["judged"] < -LEAST).to_numpy()
            called, p = there["called"].to_numpy(), there["p"].to_numpy()
            held = int((called & low).sum())
            promised = float(p[called].mean()) if way.startswith("one-arm") and called.any() else None
            rows.append(
                (
                    name,
                    "+".join(map(str, own)),
                    judge,
                    way,
                    int(called.sum()),
                    held / max(int(called.sum()), 1),
                    held / int(low.sum()),
                    promised,
                    float(np.mean((p - low) ** 2)),
                )
            )
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _scores(wells: pl.DataFrame) -> pl.DataFrame:
    """Effect of each reagent in these replicates, from the typical reagent."""
    table = score(wells, settings=ScoreSettings(unit="reagent", standardize="none", summary="mean"))
    samples = table.filter(pl.col("role").cast(pl.String) == "sample")
    return samples.select("reagent", "kind", judged=pl.col("score") - pl.col("score").median())


def _ways(wells: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The paper's rule, a plain cut, and the one-arm model at two limits: reagent, kind, called, p."""
    settings = preset("normann2021").hits.model_copy(update={"exclusion": "off", "expression": "off"})
    scores = score(wells, settings=ScoreSettings(unit="reagent", standardize="none", summary="mean"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # that there is no vehicle
        hits = call_hits(scores, settings=settings, treatments=Treatments())
    rule = hits.select("reagent", "kind", called="is_hit", p=pl.col("is_hit").cast(pl.Float64))
    yield "the paper's rule", rule
    cut = pl.col("judged") < -LEAST
    yield "cut at −0.32", _scores(wells).select("reagent", "kind", called=cut, p=cut.cast(pl.Float64))
    model = one_arm_effects(scores, wells=wells)
    for limit in (0.5, 0.9):
        yield (
            f"one-arm model, P ≥ {limit:g}",
            model.select("reagent", "kind", called=pl.col("p_loss") >= limit, p="p_again"),
        )


def main() -> int:
    """Print the comparison; 0 also where the files are not there."""
    lacking = missing_files()
    if lacking:
        sys.stdout.write(f"skipped: {lacking}\n")
        return 0
    table = pl.concat([compare(name, read_screen(name), splits=splits) for name, splits in SPLITS.items()])
    means = (
        table.with_columns(replicates=pl.col("from").str.count_matches(r"\+") + 1)
        .group_by("screen", "replicates", "by", maintain_order=True)
        .agg(pl.col("calls", "hold", "found", "promised", "brier").mean())
    )
    with pl.Config(
        tbl_rows=60,
        tbl_cols=12,
        tbl_width_chars=200,
        fmt_str_lengths=40,
        tbl_formatting="ASCII_MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        float_precision=3,
    ):
        sys.stdout.write(f"{table}\n\n{means}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
