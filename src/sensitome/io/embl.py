"""Records of a flat file in the style of EMBL: two-letter codes, and ``//`` behind each record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sensitome.errors import SourceError
from sensitome.io.text import read_text

__all__ = ["Record", "embl_records"]


@dataclass(frozen=True)
class Record:
    """One record.

    Parameters
    ----------
    line : 1-based line where it begins
    lines : code (two characters; blanks for lines of the sequence) and text of each line, in order
    """

    line: int
    lines: tuple[tuple[str, str], ...]

    def all(self, code: str) -> list[str]:
        """Texts of all lines with this code."""
        return [text for name, text in self.lines if name == code]

    def first(self, code: str) -> str:
        """Text of the first line with this code; "" when there is none."""
        return next((text for name, text in self.lines if name == code), "")


def embl_records(path: str | Path) -> Iterator[Record]:
    """Records of a flat file, in order.

    Raises
    ------
    SourceError
        The file holds something before its first ``ID`` line, or ends inside a record.
    """
    held: list[tuple[str, str]] = []
    begun = 0
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.startswith("//"):
            yield Record(begun, tuple(held))
            held = []
        elif line.strip():
            code, text = line[:2], line[2:].strip()
            if not held:
                if code != "ID":
                    raise SourceError(
                        "flat file has no record here",
                        where=f"{path}, line {number}",
                        found=repr(line[:60]),
                        expected='a line that begins with "ID"',
                        next_step="Download the file again.",
                    )
                begun = number
            held.append((code, text))
    if held:
        raise SourceError(
            "flat file is cut short",
            where=f"{path}, line {begun}",
            found=f"a record of {len(held)} lines without its end",
            expected='"//" behind each record',
            next_step="Download the file again.",
        )
