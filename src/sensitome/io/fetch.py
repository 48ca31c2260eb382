"""Downloads that the user asks for by name: into a cache, with their licence, their date and their checksum.

Nothing else in the project uses the network. A file that is in the cache is not downloaded again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib import error, parse, request

from sensitome.errors import NetworkError, SettingsError, SourceError, listed, suggestion

__all__ = ["SOURCES", "Fetched", "Source", "cache_folder", "fetch", "fetch_file"]

_PATIENCE_S = 60
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """Where files come from.

    Parameters
    ----------
    name : by which it is asked for
    address : of each file, or of a page that links to them; ``{item}`` and ``{thousand}`` stand for what is asked for
    item : what is asked for when nothing is said; None = it must be said
    files : names of the files, where the address is a folder; empty = the address is the file
    linked : pattern of the links to follow on the page; "" = none
    licence : what may be done with the data
    """

    name: str
    address: str
    item: str | None
    files: tuple[str, ...]
    linked: str
    licence: str


@dataclass(frozen=True)
class Fetched:
    """A downloaded file.

    Parameters
    ----------
    path : where it lies
    url : where it came from
    sha256 : of its bytes
    size : in bytes
    date : of the download, UTC
    licence : what may be done with it
    """

    path: str
    url: str
    sha256: str
    size: int
    date: str
    licence: str


#: The sources by name.
SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        Source(
            "kegg",
            "https://maayanlab.cloud/Enrichr/geneSetLibrary?mode=text&libraryName={item}",
            "KEGG_2019_Human",
            (),
            "",
            "KEGG pathways as the Enrichr server hands them out: free for academic use, not to be passed on "
            "(www.kegg.jp/kegg/legal.html)",
        ),
        Source(
            "mirbase",
            "https://www.mirbase.org/download/",
            "CURRENT",
            ("miRNA.dat", "mature.fa", "aliases.txt", "miRNA.diff"),
            "",
            "miRBase: public domain",
        ),
        Source(
            "geo",
            "https://ftp.ncbi.nlm.nih.gov/geo/series/{thousand}/{item}/matrix/",
            None,
            (),
            r"GSE[\w-]*_series_matrix\.txt\.gz",
            "Gene Expression Omnibus: free to use; submitters may hold rights",
        ),
    )
}


def cache_folder() -> Path:
    """Folder of downloads: ``$SENSITOME_CACHE``, else ``sensitome`` in the user's cache."""
    own = os.environ.get("SENSITOME_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "sensitome"


def fetch(
    name: str,
    *,
    item: str | None = None,
    folder: str | Path | None = None,
    server: str | None = None,
    refresh: bool = False,
) -> list[Fetched]:
    """Download what a source has, unless the cache has it.

    Parameters
    ----------
    name : key of `SOURCES`
    item : Enrichr library of ``kegg``, accession of ``geo``
    folder : of the downloads; None takes `cache_folder`
    server : takes the place of the source's own, e.g. "http://127.0.0.1:8000" for a mirror
    refresh : download even what is there

    Returns
    -------
    The files, each with its record, which lies beside it as ``<file>.json``

    Raises
    ------
    SettingsError
        The source is unknown, or needs an item.
    NetworkError
        The server cannot be reached, has no such file, or what arrives is not whole or is a web page.
    SourceError
        A file of the cache is not what was downloaded.
    """
    source = _source(name, item)
    wanted = item or source.item or ""
    address = source.address.format(item=parse.quote(wanted), thousand=_thousand(wanted))
    if server is not None:
        parts = parse.urlsplit(address)
        address = server.rstrip("/") + parse.urlunsplit(("", "", parts.path, parts.query, ""))
    place = Path(folder) if folder is not None else cache_folder()
    place = place / source.name / wanted
    return [
        fetch_file(url, place / file, licence=source.licence, refresh=refresh)
        for file, url in _files(source, address, wanted, place=place, refresh=refresh).items()
    ]


def fetch_file(
    url: str, path: str | Path, *, licence: str, sha256: str | None = None, refresh: bool = False
) -> Fetched:
    """Download one file, unless it is there and unchanged.

    Parameters
    ----------
    url : http or https
    path : where to
    licence : kept in the record
    sha256 : that the file must have; None = whatever arrives
    refresh : download even when it is there

    Returns
    -------
    Fetched; the same is written beside the file as ``<file>.json``

    Raises
    ------
    NetworkError, SourceError
        As `fetch`.
    """
    path = Path(path)
    record = path.with_name(path.name + ".json")
    if path.exists() and record.exists() and not refresh:
        known = Fetched(**json.loads(record.read_text(encoding="utf-8")))
        if _digest(path) != known.sha256:
            raise SourceError(
                "file of the cache is not what was downloaded",
                where=path,
                expected=f"sha256 {known.sha256[:12]}…, as on {known.date}",
                next_step="Remove it, or fetch it again with refresh.",
            )
        return known
    data = _download(url, path)
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise NetworkError(
            "download is not the file that was asked for",
            where=url,
            found=f"sha256 {found[:12]}…",
            expected=f"{sha256[:12]}…",
            next_step="The source has changed it; look before taking the new one.",
        )
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fetched = Fetched(str(path), url, found, len(data), date, licence)
    path.parent.mkdir(parents=True, exist_ok=True)
    # First the whole file under another name: what has its own name is complete.
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
    record.write_text(json.dumps(asdict(fetched), indent=2) + "\n", encoding="utf-8")
    return fetched


def _source(name: str, item: str | None) -> Source:
    if name not in SOURCES:
        raise SettingsError(
            "unknown source of downloads",
            found=repr(name),
            expected=listed(SOURCES),
            next_step=suggestion(name, SOURCES),
        )
    source = SOURCES[name]
    if source.item is None and not item:
        raise SettingsError(
            f"source {name!r} needs to be told what to fetch", expected="an accession such as GSE163490"
        )
    if name == "geo" and not re.fullmatch(r"GSE\d+", item or ""):
        raise SettingsError(
            "no accession of a series", found=repr(item), expected="GSE and a number, such as GSE163490"
        )
    return source


def _thousand(item: str) -> str:
    """Folder of a series on the server of GEO.

    >>> _thousand("GSE163490"), _thousand("GSE58")
    ('GSE163nnn', 'GSEnnn')
    """
    return re.sub(r"(?<=GSE)(\d*?)\d{1,3}$", r"\1nnn", item)


def _files(source: Source, address: str, item: str, *, place: Path, refresh: bool) -> dict[str, str]:
    """Name of each file → its address."""
    if source.files:
        return {file: address + file for file in source.files}
    if not source.linked:
        return {f"{item}.gmt": address}
    there = sorted(path.name for path in place.glob("*.gz")) if place.is_dir() else []
    if there and not refresh:
        return {name: address + name for name in there}
    page = _download(address, place / "index").decode("utf-8", errors="replace")
    names = sorted(set(re.findall(rf'href="(?:[^"]*/)?({source.linked})"', page)))
    if not names:
        raise NetworkError(
            "series has no series matrix",
            where=address,
            next_step="Check the accession, or fetch its SOFT file by hand.",
        )
    return {name: address + name for name in names}


def _download(url: str, path: Path) -> bytes:
    """Bytes of an address, all of them."""
    if parse.urlsplit(url).scheme not in ("http", "https"):
        raise NetworkError("address is not of the web", where=url, expected="http or https")
    asked = request.Request(url, headers={"User-Agent": "sensitome"})  # noqa: S310 - the scheme was checked
    try:
        with request.urlopen(asked, timeout=_PATIENCE_S) as answer:  # noqa: S310
            length = answer.headers.get("Content-Length")
            data = b"".join(iter(lambda: answer.read(_CHUNK), b""))
    except (error.URLError, OSError, ValueError) as problem:
        if isinstance(problem, error.HTTPError):
            problem.close()
        raise NetworkError(
            "download failed",
            where=url,
            found=str(getattr(problem, "reason", problem)),
            next_step=f"Check the connection, or put the file by hand where it was to go: {path}.",
        ) from problem
    if length is not None and len(data) != int(length):
        raise NetworkError(
            "download ends early", where=url, found=f"{len(data)} bytes", expected=length, next_step="Try again."
        )
    if path.name != "index" and data[:512].lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise NetworkError(
            "server answered with a web page instead of the file",
            where=url,
            next_step="Open it in a browser to see why.",
        )
    return data


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
