"""One array as Agilent Feature Extraction writes it: full text, GeneView, or a bare table of features.

A full text has three tables, each a header line that begins with its name (FEPARAMS, STATS, FEATURES) and lines that
begin with DATA. They are found by these words, never by a number of lines. GeneView files and tables that someone cut
out are found by the names of their columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError, listed, suggestion
from sensitome.io.columns import fold
from sensitome.io.numbers import detect_decimal
from sensitome.io.text import read_text, sniff_delimiter

__all__ = ["SIGNALS", "ArrayFile", "read_feature_extraction"]

#: Signals of an array: our name → the column of Feature Extraction (green channel).
SIGNALS: Mapping[str, str] = {
    "total_gene": "gTotalGeneSignal",
    "total_probe": "gTotalProbeSignal",
    "mean": "gMeanSignal",
    "median": "gMedianSignal",
    "processed": "gProcessedSignal",
    "background_median": "gBGMedianSignal",
    "background_used": "gBGUsed",
}
_FLAGS = {
    "detected": "gIsGeneDetected",
    "saturated": "gIsSaturated",
    "nonuniform": "gIsFeatNonUnifOL",
    "outlier": "gIsFeatPopnOL",
}
_NAMES = {"gene": ("GeneName", "SystematicName"), "probe": ("ProbeName", "ProbeID"), "control": ("ControlType",)}
_CONTROLS = {"0": 0, "1": 1, "-1": -1, "false": 0, "pos": 1, "neg": -1}
_SEARCHED_LINES = 200
_SHOWN = 40


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """What one array file says.

    Parameters
    ----------
    file : the file, as it was named
    design : number of the array's design, as "031181"; "" where the file does not tell
    parameters : FEPARAMS, name → value; empty for bare tables
    statistics : STATS, name → value
    features : one row per feature (a gene in GeneView): ``line`` (in the file), ``gene``, ``probe`` (null without),
        ``control`` (Int8: 0 = measures a gene, 1 = positive, −1 = negative control; 0 without the column), then those
        of the signals (Float64, `SIGNALS`) and flags (Boolean: ``detected, saturated, nonuniform, outlier``) that the
        file has
    """

    file: str
    design: str
    parameters: Mapping[str, str]
    statistics: Mapping[str, str]
    features: pl.DataFrame


@dataclass(frozen=True)
class _Block:
    """Cells of a table of the file, its header's line, and the line of each row."""

    header: list[str]
    header_line: int
    first_line: int
    rows: list[str]
    delimiter: str


def read_feature_extraction(path: str | Path, *, needs: Sequence[str] = ("total_gene",)) -> ArrayFile:
    """Read one array.

    Parameters
    ----------
    path : text of Feature Extraction, GeneView or a table with their column names, also gzipped
    needs : signals (keys of `SIGNALS`) without which the file is of no use

    Returns
    -------
    ArrayFile

    Raises
    ------
    SourceError
        The file is no array, ends early, lacks a signal, or has cells that are not numbers; all faults at once, with
        line and column.
    """
    text = read_text(path)
    lines = text.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    blocks = _marked_blocks(lines)
    block = blocks.get("FEATURES") or blocks.get("GENEVIEW")
    if block is None:
        if blocks:
            raise SourceError(
                "array file ends early",
                where=path,
                found=f"{len(lines)} lines with {listed(blocks, last='and')}",
                expected="a FEATURES table behind them",
                next_step="Copy or extract it again.",
            )
        block = _bare_block(lines, path)
    parameters, statistics = _pairs(blocks.get("FEPARAMS")), _pairs(blocks.get("STATS"))
    features = _features(block, path=path, needs=needs)
    _refuse_cut(features.height, statistics, path)
    return ArrayFile(str(path), _design(parameters), parameters, statistics, features)


def _marked_blocks(lines: Sequence[str]) -> dict[str, _Block]:
    """Tables by the word that begins their header line."""
    blocks: dict[str, _Block] = {}
    for number, line in enumerate(lines):
        word = line[:9].split("\t", 1)[0].strip('"')
        if word not in ("FEPARAMS", "STATS", "FEATURES", "GENEVIEW"):
            continue
        end = number + 1
        while end < len(lines) and lines[end].startswith(("DATA\t", '"DATA"')):
            end += 1
        rows = list(lines[number + 1 : end])
        blocks[word] = _Block(line.split("\t"), number + 1, number + 2, rows, "\t")
    return blocks


def _bare_block(lines: Sequence[str], path: str | Path) -> _Block:
    """Table whose header has a name of genes and a signal."""
    delimiter = sniff_delimiter("\n".join(lines[:_SEARCHED_LINES]))
    genes = {fold(name) for name in _NAMES["gene"]}
    near: tuple[int, list[str]] | None = None
    for number, line in enumerate(lines[:_SEARCHED_LINES]):
        header = [cell.strip().strip('"') for cell in line.split(delimiter)]
        folded = {fold(cell) for cell in header}
        if not folded & genes:
            continue
        near = (number + 1, header)
        if folded & {fold(name) for name in (*SIGNALS.values(), *_FLAGS.values())}:
            return _Block(header, number + 1, number + 2, list(lines[number + 1 :]), delimiter)
    if near is not None:
        raise _without_signal(near[1], near[0], ("total_gene",), path)
    raise SourceError(
        "file is no array of Feature Extraction",
        where=path,
        found=repr(lines[0][:60]) if lines else "nothing",
        expected="a FEATURES table, or a header with GeneName or SystematicName and gTotalGeneSignal",
        next_step="Export the array as text from Feature Extraction.",
    )


def _features(block: _Block, *, path: str | Path, needs: Sequence[str]) -> pl.DataFrame:
    """Cells of the features with our names and types."""
    by_fold = {fold(name): position for position, name in reversed(list(enumerate(block.header)))}
    missing = [name for name in needs if fold(SIGNALS[name]) not in by_fold]
    if missing:
        raise _without_signal(block.header, block.header_line, missing, path)
    rows = [line for line in block.rows if line.strip()]
    _refuse_ragged(block, rows, path)
    cells = _cells(rows, width=len(block.header), delimiter=block.delimiter)
    line = pl.Series("line", range(block.first_line, block.first_line + len(rows)), dtype=pl.Int32)
    place = {
        ours: next((by_fold[fold(name)] for name in names if fold(name) in by_fold), None)
        for ours, names in _NAMES.items()
    }
    if place["gene"] is None:
        raise SourceError(
            "array has no names of genes",
            where=f"{path}, line {block.header_line}",
            expected="a column GeneName or SystematicName",
            next_step="Extract it with annotation.",
        )
    frame = pl.DataFrame({"line": line, "gene": cells[:, place["gene"]]})
    probe = cells[:, place["probe"]] if place["probe"] is not None else pl.Series([None] * len(rows), dtype=pl.String)
    faults: list[Fault] = []
    control, unknown = _control(cells, place["control"], line, path)
    faults += unknown
    frame = frame.with_columns(probe.alias("probe"), control.alias("control"))
    for ours, theirs in {**SIGNALS, **_FLAGS}.items():
        position = by_fold.get(fold(theirs))
        if position is None:
            continue
        values, bad = _numbers(cells[:, position], name=theirs, line=line, path=path)
        faults += bad
        frame = frame.with_columns((values > 0 if ours in _FLAGS else values).alias(ours))
    nameless = frame.filter(pl.col("gene").is_null())["line"]
    faults += [Fault("a name for each feature", path, number, block.header[place["gene"]]) for number in nameless]
    if faults:
        raise SourceError("array cannot be read", where=path, faults=faults, next_step="Correct these places:")
    return frame


def _cells(rows: Sequence[str], *, width: int, delimiter: str) -> pl.DataFrame:
    """Cells as text, without quotes; empty = null."""
    names = [str(i) for i in range(width)]
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = pl.read_csv(
        "\n".join(rows).encode(),
        has_header=False,
        separator=delimiter,
        quote_char=None,
        infer_schema=False,
        new_columns=names,
        truncate_ragged_lines=True,
    )
    return frame.select(pl.all().str.strip_chars(' "').replace("", None))


def _numbers(cells: pl.Series, *, name: str, line: pl.Series, path: str | Path) -> tuple[pl.Series, list[Fault]]:
    """Cells as numbers; decimal commas are understood, other text is a fault."""
    values = cells.cast(pl.Float64, strict=False)
    if (values.is_null() & cells.is_not_null()).any() and detect_decimal(cells.drop_nulls().to_list()) == ",":
        values = cells.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    bad = values.is_null() & cells.is_not_null() & ~cells.str.to_lowercase().is_in(["na", "nan", "null"])
    places = zip(line.filter(bad), cells.filter(bad), strict=True)
    return values.fill_nan(None), [Fault("a number", path, number, name, value) for number, value in places]


def _control(
    cells: pl.DataFrame, position: int | None, line: pl.Series, path: str | Path
) -> tuple[pl.Series, list[Fault]]:
    """Type of control of each feature."""
    if position is None:
        return pl.Series([0] * cells.height, dtype=pl.Int8), []
    words = cells[:, position].str.to_lowercase().str.strip_suffix(".0")
    control = words.replace_strict(_CONTROLS, default=None, return_dtype=pl.Int8)
    bad = control.is_null()
    places = zip(line.filter(bad), cells[:, position].filter(bad), strict=True)
    faults = [Fault("0, 1 or -1", path, number, "ControlType", value or "") for number, value in places]
    return control, faults


def _refuse_ragged(block: _Block, rows: Sequence[str], path: str | Path) -> None:
    """Raise where rows have fewer cells than the header: the last one of a file that was cut, or any other."""
    width = len(block.header)
    short = [(i, n) for i, n in enumerate(row.count(block.delimiter) + 1 for row in rows) if n < width]
    if not rows or short == [(len(rows) - 1, short[0][1] if short else 0)]:
        raise SourceError(
            "array file ends early",
            where=path,
            found=f"{short[0][1]} cells in its last line {block.first_line + short[0][0]}" if short else "no feature",
            expected=f"{width} cells, as in the header" if short else "features below the header",
            next_step="Copy or extract it again.",
        )
    if short:
        rule = f"{width} cells, as in the header"
        faults = [Fault(rule, path, block.first_line + i, "", f"{n} cells") for i, n in short]
        raise SourceError("array cannot be read", where=path, faults=faults, next_step="Copy or extract it again.")


def _refuse_cut(features: int, statistics: Mapping[str, str], path: str | Path) -> None:
    """Raise when the file itself counts more features than it has."""
    stated = statistics.get("TotalNumFeatures", "")
    if stated.isdigit() and features < int(stated):
        raise SourceError(
            "array file ends early",
            where=path,
            found=f"{features} features",
            expected=f"{stated}, as its STATS table says (TotalNumFeatures)",
            next_step="Copy or extract it again.",
        )


def _without_signal(header: Sequence[str], line: int, needs: Sequence[str], path: str | Path) -> SourceError:
    wanted = [SIGNALS[name] for name in needs]
    near = suggestion(wanted[0], [name for name in header if name])
    return SourceError(
        "array lacks its signal",
        where=f"{path}, line {line}",
        found=f"columns {listed([name for name in header if name][:_SHOWN], last='and')}",
        expected=listed(wanted, last="and"),
        next_step=near or "Extract it again with the miRNA protocol, with full text output.",
    )


def _pairs(block: _Block | None) -> dict[str, str]:
    """First row of a table as name → value."""
    if block is None or not block.rows:
        return {}
    cells = block.rows[0].split("\t")
    return {name: value.strip(' "') for name, value in zip(block.header[1:], cells[1:], strict=False) if name}


def _design(parameters: Mapping[str, str]) -> str:
    """Number of the design, from the name of the grid or of the design file."""
    for name in ("Grid_Name", "FeatureExtractor_DesignFileName", "FeatureExtractor_PatternName"):
        found = re.search(r"(?<!\d)(\d{5,6})(?!\d)", parameters.get(name, ""))
        if found:
            return found.group(1).zfill(6)
    return ""
