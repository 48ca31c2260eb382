"""The bytes of a file, and the text in them, whatever wrote it."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from pathlib import Path

from sensitome.errors import SourceError, suggestion

__all__ = ["decode", "read_bytes"]

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_BINARY = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive", "Choose a reader for .xlsx, or save the sheet as CSV."),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of before 2007", "Save it as .xlsx or CSV."),
    (b"PAR1", "a Parquet file", "Choose the reader for long tables."),
    (b"%PDF", "a PDF", "Export the readings as CSV or .xlsx."),
)
# The longest mark first: that of UTF-32 little endian begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096


def read_bytes(path: str | Path) -> bytes:
    """Content of a file, unpacked when it is a gzip, and certainly what the writer meant to be there.

    Parameters
    ----------
    path : the file

    Returns
    -------
    Its bytes; never empty

    Raises
    ------
    SourceError
        It is missing (the closest name in the folder is suggested), a folder, unreadable, empty, a web page, a Git LFS
        pointer or a broken gzip, or its size or time of change differ between before and after reading.
    """
    path = Path(path)
    _refuse_absent(path)
    try:
        before = path.stat()
        data = path.read_bytes()
        after = path.stat()
    except OSError as error:
        raise SourceError(
            "file cannot be read",
            where=path,
            found=(error.strerror or str(error)).lower(),
            next_step="Check its permissions and that the drive is connected.",
        ) from error
    if _stamp(before) != _stamp(after) or len(data) != after.st_size:
        raise SourceError(
            "file changed while it was being read",
            where=path,
            found=f"{before.st_size} bytes before, {len(data)} read, {after.st_size} after",
            expected="a file that nothing writes to",
            next_step="Wait until the instrument or the copy has finished, then run again.",
        )
    data = _unpack(data, path)
    _refuse_placeholder(data, path)
    return data


def decode(data: bytes, *, path: str | Path) -> str:
    r"""Text of the bytes: by its byte order mark, else UTF-16 without one, UTF-8, Windows-1252 or Latin-1.

    Parameters
    ----------
    data : bytes of a text file
    path : what a message calls the file

    Returns
    -------
    The text without a byte order mark; every line end (CR, LF, CR LF, CR CR LF) is ``\n``

    Raises
    ------
    SourceError
        The bytes are not text.

    >>> decode("\ufeffwell;µ\r\nA1;2\r".encode("utf-16-le"), path="plate.txt")
    'well;µ\nA1;2\n'
    """
    for start, name, next_step in _BINARY:
        if data.startswith(start):
            raise SourceError("file is not text", where=path, found=name, expected="text", next_step=next_step)
    text = _decoded(data)
    if text is None or "\0" in text:
        raise SourceError(
            "file is not text",
            where=path,
            found="binary data",
            expected="text in UTF-8, UTF-16, Windows-1252 or Latin-1",
            next_step="Export the readings as CSV or .xlsx.",
        )
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return text


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _refuse_absent(path: Path) -> None:
    if path.is_file():
        return
    if path.is_dir():
        raise SourceError(
            "a folder stands where a file is expected", where=path, next_step="Name a file, or the reader for folders."
        )
    if path.exists():
        return
    if not path.parent.is_dir():
        raise SourceError("folder not found", where=path.parent, next_step=f"The file {path.name!r} was to lie there.")
    there = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    near = suggestion(path.name, there)
    files = "1 other file" if len(there) == 1 else f"{len(there)} other files"
    holds = f"Its folder holds {files}, none of like name." if there else "Its folder holds no file."
    raise SourceError("file not found", where=path, next_step=near or holds)


def _unpack(data: bytes, path: Path) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            "gzip file is broken", where=path, found=str(error), next_step="Copy or download it again."
        ) from error


def _refuse_placeholder(data: bytes, path: Path) -> None:
    start = data[:_SAMPLE].lstrip(codecs.BOM_UTF8 + b" \t\r\n\0")
    if not start:
        raise SourceError(
            "file is empty", where=path, found=f"{len(data)} bytes", next_step="Export it from the instrument again."
        )
    if start[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise SourceError(
            "file is a web page, not data",
            where=path,
            found=start[:40].decode("latin-1").split("\n")[0].strip(),
            next_step="Download the file itself: the page may ask for a login or have a download button.",
        )
    if start.startswith(_LFS_POINTER):
        raise SourceError(
            "file is a Git LFS pointer, not the data", where=path, next_step="Run: git lfs pull, then run again."
        )


def _decoded(data: bytes) -> str | None:
    """Text by mark, by the pattern of zero bytes, else by trial; None when it is not text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    sample = data[:_SAMPLE]
    if b"\0" in sample:
        # Western text in UTF-16 has its zero bytes nearly all on one side of each pair.
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if max(even, odd) < 0.35 * len(sample) or min(even, odd) > max(even, odd) // 4:
            return None
        return data.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace").removeprefix("\ufeff")
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
