"""Every benchmark, answers first, then times: `python -m benchmarks [NAME …] [SCREENS]`; kept in `results`."""

from __future__ import annotations

import inspect
import json
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def known_names() -> list[str]:
    """Benchmarks that there are: modules, and packages with a `run`."""
    modules = [path.stem for path in HERE.glob("*.py")]
    packages = [path.parent.name for path in HERE.glob("*/__init__.py")]
    return sorted(name for name in modules + packages if not name.startswith("_"))


def main(words: list[str]) -> None:
    """Run the named benchmarks, or all, and print one line a measurement; a number = screens to simulate."""
    screens = next((int(word) for word in words if word.isdigit()), None)
    for name in [word for word in words if not word.isdigit()] or known_names():
        print(f"\n{name}", flush=True)
        rows = _rows(import_module(f"benchmarks.{name}").run, screens)
        for row in rows:
            print(f"  {_line(row)}", flush=True)
        folder = HERE / "results"
        folder.mkdir(exist_ok=True)
        content = {"python": platform.python_version(), "machine": platform.machine(), "rows": rows}
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _rows(run: Callable[..., list[dict[str, object]]], screens: int | None) -> list[dict[str, object]]:
    """Tell a benchmark that simulates screens how many."""
    return run(screens=screens) if "screens" in inspect.signature(run).parameters else run()


def _line(row: dict[str, object]) -> str:
    parts = [f"{row['name']:<44}", f"{row.get('size', '')!s:<28}"]
    for key, value in row.items():
        if key in ("name", "size") or value is None:
            continue
        parts.append(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}")
    return "  ".join(parts)


if __name__ == "__main__":
    main(sys.argv[1:])
