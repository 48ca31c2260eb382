"""Bytes and text of files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensitome.errors import SourceError
from sensitome.io.sources import decode, read_bytes

TEXT = "well;µ-signal\nA1;1,5\nß2;°C\n"


def message(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_bytes(path)
    return str(caught.value)


def test_a_missing_file_suggests_the_closest_name(tmp_path: Path) -> None:
    (tmp_path / "plate_01.csv").write_text("x")
    path = tmp_path / "plate_1.csv"
    assert message(path) == f"file not found in {path}. Did you mean 'plate_01.csv'?"


def test_a_missing_file_without_a_like_name_says_how_many_files_there_are(tmp_path: Path) -> None:
    path = tmp_path / "plate_1.csv"
    assert message(path) == f"file not found in {path}. Its folder holds no file."
    (tmp_path / "zzz").write_text("x")
    assert message(path) == f"file not found in {path}. Its folder holds 1 other file, none of like name."


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "raw" / "plate_1.csv"
    assert message(path) == f"folder not found in {tmp_path / 'raw'}. The file 'plate_1.csv' was to lie there."


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert message(tmp_path) == (
        f"a folder stands where a file is expected in {tmp_path}. Name a file, or the reader for folders."
    )


def test_an_unreadable_file_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plate.csv"
    path.write_text("x")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert message(path) == (
        f"file cannot be read in {path}: found permission denied. "
        "Check its permissions and that the drive is connected."
    )


@pytest.mark.parametrize("content", [b"", b"\n \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plate.csv"
    path.write_bytes(content)
    assert message(path) == f"file is empty in {path}: found {len(content)} bytes. Export it from the instrument again."


def test_a_web_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plate.csv"
    path.write_text("\n<!DOCTYPE html>\n<html><body>Sign in</body></html>")
    assert message(path) == (
        f"file is a web page, not data in {path}: found <!DOCTYPE html>. "
        "Download the file itself: the page may ask for a login or have a download button."
    )


def test_a_git_lfs_pointer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plate.csv"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")
    assert message(path) == (f"file is a Git LFS pointer, not the data in {path}. Run: git lfs pull, then run again.")


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plate.csv.gz"
    path.write_bytes(gzip.compress(b"A1\t1\n" * 100)[:-20])
    assert message(path) == (
        f"gzip file is broken in {path}: found Compressed file ended before the end-of-stream marker was reached. "
        "Copy or download it again."
    )


def test_a_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "plate.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert read_bytes(path) == TEXT.encode()


def test_a_file_that_grows_while_being_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plate.csv"
    path.write_bytes(b"A1\t1\n")
    plain = Path.read_bytes

    def grow(self: Path) -> bytes:
        data = plain(self)
        with self.open("ab") as file:
            file.write(b"A2\t2\n")
        return data

    monkeypatch.setattr(Path, "read_bytes", grow)
    assert message(path) == (
        f"file changed while it was being read in {path}: found 5 bytes before, 5 read, 10 after, "
        "expected a file that nothing writes to. Wait until the instrument or the copy has finished, then run again."
    )


def test_a_file_rewritten_at_the_same_size_while_being_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plate.csv"
    path.write_bytes(b"A1\t1\n")
    plain = Path.read_bytes

    def touch(self: Path) -> bytes:
        data = plain(self)
        os.utime(self, ns=(1, 1))
        return data

    monkeypatch.setattr(Path, "read_bytes", touch)
    assert message(path).startswith(f"file changed while it was being read in {path}")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_text_is_the_same_in_every_encoding_and_with_every_line_end(encoding: str, end: str) -> None:
    assert decode(TEXT.replace("\n", end).encode(encoding), path="plate.csv") == TEXT


def test_bytes_that_windows_1252_leaves_out_are_read_as_latin_1() -> None:
    assert decode(b"\x81\xb5", path="x") == "\x81µ"


@given(st.text(st.characters(codec="cp1252", exclude_characters="\0\r\ufeff"), min_size=1))
def test_decoding_undoes_utf_8(text: str) -> None:
    assert decode(text.encode("utf-8"), path="x") == text


@pytest.mark.parametrize(
    ("data", "found", "step"),
    [
        (
            b"PK\x03\x04...",
            "an Excel workbook or another zip archive",
            "Choose a reader for .xlsx, or save the sheet as CSV.",
        ),
        (b"\xd0\xcf\x11\xe0...", "an Excel workbook of before 2007", "Save it as .xlsx or CSV."),
        (b"PAR1...", "a Parquet file", "Choose the reader for long tables."),
        (b"%PDF-1.7", "a PDF", "Export the readings as CSV or .xlsx."),
    ],
)
def test_other_kinds_of_files_are_named(data: bytes, found: str, step: str) -> None:
    with pytest.raises(SourceError) as caught:
        decode(data, path="plate.csv")
    assert str(caught.value) == f"file is not text in plate.csv: found {found}, expected text. {step}"


@pytest.mark.parametrize("data", [b"\0\1\0\0\0\0\0\0\2\0\0\0", b"abc\0" * 10])
def test_binary_data_is_not_text(data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        decode(data, path="plate.csv")
    assert str(caught.value) == (
        "file is not text in plate.csv: found binary data, expected text in UTF-8, UTF-16, Windows-1252 or Latin-1. "
        "Export the readings as CSV or .xlsx."
    )
