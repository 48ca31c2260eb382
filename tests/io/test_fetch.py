from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sensitome.errors import NetworkError, SensitomeError, SettingsError, SourceError
from sensitome.io.fetch import SOURCES, cache_folder, fetch, fetch_file
from sensitome.io.gene_sets import read_gene_sets
from sensitome.io.geo import read_geo

MATRIX = """!Series_geo_accession\t"GSE163490"
!Sample_geo_accession\t"GSM1"
!series_matrix_table_begin
"ID_REF"\t"GSM1"
"x"\t1
!series_matrix_table_end
"""


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder; the query of Enrichr is a file too, and /short breaks off."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path.startswith("/Enrichr/geneSetLibrary"):
            self.path = "/" + self.path.partition("libraryName=")[2]
        if self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"too little")
            return
        super().do_GET()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    root = tmp_path / "server"
    folder = root / "geo" / "series" / "GSE163nnn" / "GSE163490" / "matrix"
    folder.mkdir(parents=True)
    for platform in ("GPL1", "GPL2"):
        text = MATRIX.replace("!Sample_geo", f'!Series_platform_id\t"{platform}"\n!Sample_geo', 1)
        (folder / f"GSE163490-{platform}_series_matrix.txt.gz").write_bytes(gzip.compress(text.encode()))
    (root / "KEGG_2019_Human").write_text("Cell cycle\t\tCDK1\tCDC20\n")
    (root / "download").mkdir()
    for name in SOURCES["mirbase"].files:
        (root / "download" / name).write_text(name)
    (root / "page").write_text("<!DOCTYPE html><html>log in</html>")
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
    web.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield web
    web.shutdown()
    web.server_close()
    thread.join()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_a_library_comes_with_its_checksum_licence_and_date(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    (file,) = fetch("kegg", folder=tmp_path / "cache", server=address(server))
    assert read_gene_sets(file.path)["gene"].to_list() == ["CDK1", "CDC20"]
    assert file.path.endswith("kegg/KEGG_2019_Human/KEGG_2019_Human.gmt")
    assert len(file.sha256) == 64
    assert file.size == 23
    assert "academic" in file.licence
    assert file.date.endswith("Z")
    assert file.url.endswith("/Enrichr/geneSetLibrary?mode=text&libraryName=KEGG_2019_Human")


def test_what_is_in_the_cache_is_not_downloaded_again(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    first = fetch("geo", item="GSE163490", folder=tmp_path, server=address(server))
    asked = len(server.asked)  # type: ignore[attr-defined]
    assert fetch("geo", item="GSE163490", folder=tmp_path, server=address(server)) == first
    assert len(server.asked) == asked  # type: ignore[attr-defined]
    fetch("geo", item="GSE163490", folder=tmp_path, server=address(server), refresh=True)
    assert len(server.asked) == 2 * asked  # type: ignore[attr-defined]


def test_all_platforms_of_a_series_are_fetched_and_read(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    files = fetch("geo", item="GSE163490", folder=tmp_path / "cache", server=address(server))
    assert len(files) == 2
    assert list(read_geo(Path(files[0].path).parent).platforms) == ["GPL1", "GPL2"]


def test_all_files_of_mirbase_are_fetched(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    files = fetch("mirbase", folder=tmp_path / "cache", server=address(server))
    assert [Path(file.path).name for file in files] == list(SOURCES["mirbase"].files)


def test_a_file_changed_in_the_cache_is_told(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    (file,) = fetch("kegg", folder=tmp_path, server=address(server))
    Path(file.path).write_text("other")
    with pytest.raises(SourceError) as caught:
        fetch("kegg", folder=tmp_path, server=address(server))
    assert str(caught.value) == (
        f"file of the cache is not what was downloaded in {file.path}: expected sha256 {file.sha256[:12]}…, as on "
        f"{file.date}. Remove it, or fetch it again with refresh."
    )


def failing(url: str, path: Path, **choice: str) -> str:
    with pytest.raises(NetworkError) as caught:
        fetch_file(url, path, licence="", **choice)
    assert caught.value.exit_code == 3
    assert not path.exists()
    return str(caught.value).replace(url, "URL")


def test_downloads_that_fail_say_what_to_do(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert failing(f"{address(server)}/none", path) == (
        f"download failed in URL: found File not found. Check the connection, or put the file by hand where it was "
        f"to go: {path}."
    )
    assert failing(f"{address(server)}/page", path) == (
        "server answered with a web page instead of the file in URL. Open it in a browser to see why."
    )
    assert failing(f"{address(server)}/short", path) == (
        "download ends early in URL: found 10 bytes, expected 100. Try again."
    )
    assert failing("file:///etc/hosts", path) == "address is not of the web in URL: expected http or https."
    url = f"{address(server)}/KEGG_2019_Human"
    assert failing(url, path, sha256="0" * 64).startswith(
        "download is not the file that was asked for in URL: found sha256 "
    )
    (tmp_path / "server" / "geo" / "series" / "GSEnnn" / "GSE1" / "matrix").mkdir(parents=True)
    with pytest.raises(NetworkError) as caught:
        fetch("geo", item="GSE1", folder=tmp_path, server=address(server))
    assert str(caught.value).startswith("series has no series matrix in http://127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "item", "message"),
    [
        (
            "keg",
            None,
            "unknown source of downloads: found 'keg', expected 'kegg', 'mirbase' or 'geo'. Did you mean 'kegg'?",
        ),
        ("geo", None, "source 'geo' needs to be told what to fetch: expected an accession such as GSE163490."),
        ("geo", "../x", "no accession of a series: found '../x', expected GSE and a number, such as GSE163490."),
    ],
)
def test_what_cannot_be_fetched_is_told(name: str, item: str | None, message: str) -> None:
    with pytest.raises(SensitomeError) as caught:
        fetch(name, item=item, server="http://127.0.0.1:1")
    assert isinstance(caught.value, SettingsError)
    assert str(caught.value) == message


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENSITOME_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("SENSITOME_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "sensitome"
