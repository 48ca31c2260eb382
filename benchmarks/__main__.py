"""Every benchmark, answers first, then times: `python -m benchmarks [NAME …]`; also kept in benchmarks/results/."""

from __future__ import annotations

import json
import platform
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all, and print one line a measurement."""
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    for name in names or known:
        print(f"\n{name}", flush=True)
        rows = import_module(f"benchmarks.{name}").run()
        for row in rows:
            print(f"  {_line(row)}", flush=True)
        folder = HERE / "results"
        folder.mkdir(exist_ok=True)
        content = {"python": platform.python_version(), "machine": platform.machine(), "rows": rows}
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _line(row: dict[str, object]) -> str:
    parts = [f"{row['name']:<44}", f"{row.get('size', '')!s:<28}"]
    for key, value in row.items():
        if key in ("name", "size") or value is None:
            continue
        parts.append(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}")
    return "  ".join(parts)


if __name__ == "__main__":
    main(sys.argv[1:])
