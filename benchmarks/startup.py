"""What a user waits for before anything happens: the import, and the command's help."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 9


def run() -> list[dict[str, object]]:
    """Wall time of whole processes, less that of an empty one; medians of 9 runs."""
    empty = _seconds("pass")
    return [
        {"name": "import sensitome", "ours_s": _seconds("import sensitome") - empty, "target_s": 0.3},
        {"name": "sensitome --help", "ours_s": _seconds(_HELP), "target_s": 0.5},
    ]


_HELP = "import sys; sys.argv = ['sensitome', '--help']; from sensitome.cli import main; main()"


def _seconds(code: str) -> float:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
