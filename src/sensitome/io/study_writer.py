"""Writes the files of a study that a program made, simulated or started from a template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sensitome.errors import SourceError

__all__ = ["write_files"]


def write_files(contents: Mapping[str, str], folder: str | Path) -> list[Path]:
    """Write texts as UTF-8 files, byte for byte the same on every system.

    Parameters
    ----------
    contents : path relative to the folder, with "/" → text
    folder : made when it does not exist; a file that is there already is written over

    Returns
    -------
    The paths written, in the order of `contents`

    Raises
    ------
    SourceError
        A file cannot be written.
    """
    paths = [Path(folder) / name for name in contents]
    for path, text in zip(paths, contents.values(), strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
        except OSError as error:
            raise SourceError(
                "a file cannot be written",
                where=str(path),
                found=error.strerror or str(error),
                next_step="Choose another folder, or free some space.",
            ) from error
    return paths
