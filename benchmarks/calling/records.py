"""Results as JSON lines, one a screen: written when the screen is done, so that a run can be stopped and goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.calling.cells import Cell

import sensitome

__all__ = ["append", "code_state", "read", "remaining"]


def read(path: Path) -> dict[Cell, dict[str, Any]]:
    """Finished cells with their record; a last line that was cut off is no finished cell."""
    found: dict[Cell, dict[str, Any]] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[Cell(**record["cell"])] = record
    return found


def append(path: Path, cell: Cell, methods: list[dict[str, object]], *, code: str) -> None:
    """Add the record of a finished cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"cell": asdict(cell), "code": code, "methods": methods})
    broken = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if broken else "") + line + "\n")


def remaining(cells: Iterable[Cell], done: Iterable[Cell]) -> list[Cell]:
    """Cells that are not finished, in their order."""
    finished = set(done)
    return [cell for cell in cells if cell not in finished]


def code_state() -> str:
    """Name the state of the code that makes and judges screens, by its content."""
    root = Path(sensitome.__file__).parent
    files = sorted(path for room in ("core", "screen", "presets") for path in (root / room).rglob("*.[pt]*"))
    digest = hashlib.sha256()
    for path in files:
        if path.suffix in (".py", ".toml"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
