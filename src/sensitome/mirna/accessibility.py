"""How open a 3′ UTR is: the chance that a window of it is unpaired, by ViennaRNA (optional)."""

from __future__ import annotations

import polars as pl

from sensitome.errors import MissingExtraError

__all__ = ["open_windows"]

_WINDOW, _SPAN, _LONGEST, _LETTERS = 80, 40, 20, 14


def open_windows(utrs: pl.DataFrame) -> pl.DataFrame:
    """Probability that 14 letters in a row are unpaired.

    Parameters
    ----------
    utrs : ``name, sequence``; gaps are taken out

    Returns
    -------
    ``utr``, ``position`` (Int64, last of the 14 letters, from 1), ``unpaired`` (0 … 1); positions from 14 on

    Raises
    ------
    MissingExtraError
        ViennaRNA is not installed.

    Notes
    -----
    Local folding in windows of 80 letters, pairs at most 40 apart (RNAplfold -W 80 -L 40 -u 20), as context++ uses it.

    References
    ----------
    Bernhart et al. 2006, doi:10.1093/bioinformatics/btl014
    """
    try:
        import RNA
    except ImportError as error:
        raise MissingExtraError("site accessibility", extra="folding", package="ViennaRNA") from error
    parts = []
    for name, sequence in utrs.select("name", "sequence").iter_rows():
        rna = sequence.replace("-", "").upper().replace("T", "U")
        rows = RNA.pfl_fold_up(rna, _LONGEST, min(_WINDOW, len(rna)), min(_SPAN, len(rna)))
        values = [rows[i][_LETTERS] for i in range(_LETTERS, len(rna) + 1)]
        parts.append(
            pl.DataFrame(
                {"utr": [name] * len(values), "position": range(_LETTERS, len(rna) + 1), "unpaired": values},
                schema={"utr": pl.String, "position": pl.Int64, "unpaired": pl.Float64},
            )
        )
    empty = pl.DataFrame(schema={"utr": pl.String, "position": pl.Int64, "unpaired": pl.Float64})
    return pl.concat(parts) if parts else empty
