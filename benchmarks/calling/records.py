"""Results as JSON lines, written when a screen is done: a run can be stopped, and a method can be measured again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.calling.cells import Cell

import sensitome

__all__ = ["Records", "append", "code_states", "forget", "read", "remaining"]

#: Cell → its record: `methods`, one entry a method with the state of the code, and `seconds` to make the screen ready.
Records = Mapping[Cell, Mapping[str, Any]]


def read(path: Path) -> dict[Cell, dict[str, Any]]:
    """Finished cells; several lines of a cell are put together, and of a method the last one counts.

    A last line that was cut off is no finished cell.
    """
    found: dict[Cell, dict[str, Any]] = {}
    for record in _lines(path):
        cell = Cell(**record["cell"])
        own = found.setdefault(cell, {"methods": [], "seconds": None})
        own["seconds"] = record.get("seconds", own["seconds"])
        new = {entry["method"]: {"code": record.get("code"), **entry} for entry in record["methods"]}
        own["methods"] = [entry for entry in own["methods"] if entry["method"] not in new] + list(new.values())
    return found


def append(path: Path, cell: Cell, methods: Iterable[Mapping[str, object]], *, seconds: float | None = None) -> None:
    """Add records of a cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"cell": asdict(cell), "seconds": seconds, "methods": list(methods)})
    broken = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if broken else "") + line + "\n")


def forget(path: Path, methods: Collection[str]) -> int:
    """Leave methods out of a file, so that they are measured again; the number of records that are gone."""
    kept, gone = [], 0
    for record in _lines(path):
        left = [entry for entry in record["methods"] if entry["method"] not in methods]
        gone += len(record["methods"]) - len(left)
        if left:
            kept.append(json.dumps(record | {"methods": left}))
    new = path.with_suffix(".new")
    new.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
    new.replace(path)
    return gone


def remaining(cell: Cell, methods: Iterable[str], done: Records) -> tuple[str, ...]:
    """Methods of a cell that are not measured, in their order."""
    finished = {entry["method"] for entry in done[cell]["methods"]} if cell in done else set()
    return tuple(method for method in methods if method not in finished)


def code_states() -> dict[str, str]:
    """Name the state of the code by its content: of the model, and of all ``other`` methods, that it is no part of."""
    root = Path(sensitome.__file__).parent
    files = sorted(path for room in ("core", "screen", "presets") for path in (root / room).rglob("*.[pt]*"))
    chosen = [path for path in files if path.suffix in (".py", ".toml")]
    others = [path for path in chosen if path.parent != root / "core" / "heb"]
    return {"heb": _digest(chosen), "other": _digest(others)}


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    """Every line that is whole."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue
