"""Expression of many features in many samples: one matrix and the tables of its two sides."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Fault, MissingExtraError, TableError, listed

__all__ = ["Expression"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Expression:
    """Values of features (miRNAs, genes) in samples (arrays, tumors), with what is known of both.

    Parameters
    ----------
    values : (samples, features), float64, in the unit of the source: signal or log2; NaN = not measured
    samples : one row per row of `values`; column ``sample`` is the key, the others describe it (cell_line, treatment …)
    features : one row per column of `values`; column ``feature`` is the key
    detected : (samples, features), whether the feature was detected in the sample; None = the source does not say

    Raises
    ------
    TableError
        Shapes do not fit together, a key column is missing, or a key is empty or occurs twice.

    Examples
    --------
    >>> e = Expression(np.eye(2), pl.DataFrame({"sample": ["a", "b"]}), pl.DataFrame({"feature": ["x", "y"]}))
    >>> e.take(features=[1]).features["feature"].to_list()
    ['y']
    """

    values: FloatArray
    samples: pl.DataFrame
    features: pl.DataFrame
    detected: BoolArray | None = None

    def __post_init__(self) -> None:
        faults = [*_key_faults(self.samples, "sample"), *_key_faults(self.features, "feature")]
        shape = (self.samples.height, self.features.height)
        faults += [
            Fault(f"{shape[0]} samples × {shape[1]} features, as the label tables say", column=name, value=part.shape)
            for name, part in (("values", self.values), ("detected", self.detected))
            if part is not None and part.shape != shape
        ]
        if faults:
            raise TableError("expression matrix and its labels do not fit together", faults=faults)

    def take(
        self, *, samples: IntArray | list[int] | None = None, features: IntArray | list[int] | None = None
    ) -> Expression:
        """Part of the matrix, by position and in the order asked for; None = all."""
        rows = np.arange(self.samples.height) if samples is None else np.asarray(samples, dtype=np.intp)
        columns = np.arange(self.features.height) if features is None else np.asarray(features, dtype=np.intp)
        part = np.ix_(rows, columns)
        detected = None if self.detected is None else self.detected[part]
        return Expression(self.values[part], self.samples[rows], self.features[columns], detected)

    def with_values(self, values: FloatArray) -> Expression:
        """The same samples and features with other values."""
        return Expression(values, self.samples, self.features, self.detected)

    def to_table(self, *, labels: tuple[str, ...] = ()) -> pl.DataFrame:
        """One row per feature × sample.

        Parameters
        ----------
        labels : further columns of `samples` to carry

        Returns
        -------
        ``feature``, ``sample``, the labels, ``value`` (null where not measured) and ``detected`` (null where unknown);
        features in order, samples within
        """
        n_samples, n_features = self.values.shape
        right = self.samples.select("sample", *labels)[np.tile(np.arange(n_samples), n_features)]
        left = self.features.select("feature")[np.repeat(np.arange(n_features), n_samples)]
        detected = (
            pl.Series("detected", [None] * self.values.size, dtype=pl.Boolean)
            if self.detected is None
            else pl.Series("detected", self.detected.T.ravel())
        )
        value = pl.Series("value", self.values.T.ravel(), dtype=pl.Float64).fill_nan(None)
        return left.hstack(right).hstack([value, detected])

    def to_anndata(self) -> Any:
        """AnnData with the values as ``X``, the label tables as ``obs`` and ``var``, and the layer ``detected``.

        Raises
        ------
        MissingExtraError
            The package anndata is not installed.
        """
        try:
            anndata = import_module("anndata")
        except ImportError as error:
            raise MissingExtraError("AnnData", extra="anndata", package="anndata") from error
        data = anndata.AnnData(
            self.values.copy(),
            obs=self.samples.to_pandas().set_index("sample"),
            var=self.features.to_pandas().set_index("feature"),
        )
        if self.detected is not None:
            data.layers["detected"] = self.detected.copy()
        return data

    @classmethod
    def from_anndata(cls, data: Any) -> Expression:
        """Expression of an AnnData object: ``X``, ``obs``, ``var`` and, where there is one, the layer ``detected``."""
        dense = data.X.toarray() if hasattr(data.X, "toarray") else data.X
        detected = np.asarray(data.layers["detected"], dtype=np.bool_) if "detected" in data.layers else None
        # The indexes are the keys; columns of these names would be second ones.
        obs, var = (part.drop(columns=["sample", "feature"], errors="ignore") for part in (data.obs, data.var))
        samples = pl.from_pandas(obs.rename_axis("sample").reset_index())
        features = pl.from_pandas(var.rename_axis("feature").reset_index())
        return cls(np.asarray(dense, dtype=np.float64), samples, features, detected)


def _key_faults(labels: pl.DataFrame, key: str) -> list[Fault]:
    """What is wrong with the key of a label table."""
    if key not in labels.columns:
        return [Fault(f"a column {key!r} (there is {listed(labels.columns, last='and')})", column=key)]
    names = labels[key]
    faults = [Fault("a name for each", column=key, value=f"{names.null_count()} empty")] if names.null_count() else []
    twice = names.filter(names.is_duplicated() & names.is_not_null()).unique(maintain_order=True)
    return faults + [Fault("each name once", column=key, value=name) for name in twice]
