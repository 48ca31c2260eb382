"""Measure methods again: `python -m benchmarks.calling.forget heb` drops what is known of them."""

from __future__ import annotations

import sys

from benchmarks.calling.records import forget
from benchmarks.calling.work import results

if __name__ == "__main__":
    print(f"{forget(results('calling'), sys.argv[1:])} records of {', '.join(sys.argv[1:])} are gone")
