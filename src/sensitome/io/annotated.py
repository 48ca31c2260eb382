"""Files of annotated matrices: AnnData (h5ad) and MuData (h5mu), through the packages that define them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from sensitome.errors import MissingExtraError, SourceError

__all__ = ["read_annotated"]

#: Suffix → what it is, the package that reads it, and its function.
_FORMS = {".h5ad": ("AnnData", "anndata", "read_h5ad"), ".h5mu": ("MuData", "mudata", "read_h5mu")}


def read_annotated(path: str | Path) -> Any:
    """Object of an h5ad or h5mu file.

    Parameters
    ----------
    path : of the file; its suffix says what it is

    Returns
    -------
    AnnData or MuData

    Raises
    ------
    MissingExtraError
        The package that reads the file is not installed (extra ``anndata``).
    SourceError
        The file has another suffix, is not there or cannot be read.
    """
    path = Path(path)
    if path.suffix not in _FORMS:
        raise SourceError("unknown kind of file", where=path, expected="AnnData (.h5ad) or MuData (.h5mu)")
    if not path.is_file():
        raise SourceError("file does not exist", where=path, next_step="Check the path.")
    kind, package, reader = _FORMS[path.suffix]
    try:
        module = import_module(package)
    except ImportError as error:
        raise MissingExtraError(kind, extra="anndata", package=package) from error
    try:
        return getattr(module, reader)(path)
    except (OSError, KeyError, ValueError) as error:
        raise SourceError(
            f"{kind} file cannot be read", where=path, found=error, next_step="Write it again."
        ) from error
