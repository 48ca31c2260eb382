"""A cohort of patients: clinical table with typed endpoints, matrices of expression, and who was left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from sensitome.errors import Fault, TableError, listed, suggestion
from sensitome.expression_matrix import Expression

__all__ = ["FLOW", "Cohort", "endpoint_columns", "flow_row"]

#: Columns of the flow count: one row per reason for which patients were left out.
FLOW = {"step": pl.String, "reason": pl.String, "n_left_out": pl.Int32, "n_kept": pl.Int32, "patients": pl.String}

_NAMED = 10


def endpoint_columns(endpoint: str) -> tuple[str, str, str]:
    """Names of the columns of an endpoint: time, event and cause.

    >>> endpoint_columns("os")
    ('os_time', 'os_event', 'os_cause')
    """
    return f"{endpoint}_time", f"{endpoint}_event", f"{endpoint}_cause"


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients with what is known of them.

    Parameters
    ----------
    name : of the cohort
    clinical : one row per patient: ``sample``, the key by which matrices know the patient; ``patient``; for each
        endpoint ``<endpoint>_time`` (Float64, null = unusable), ``<endpoint>_event`` (Boolean) and, where causes are
        known, ``<endpoint>_cause`` (Int8: 0 censored, 1 the cause of the endpoint, 2 another); all further columns
    endpoints : names of the endpoints, such as os, bcss, rfs
    matrices : ``mirna``, ``mrna``, ``protein``: rows of samples of `clinical`, in any order
    flow : who was left out so far, columns `FLOW`
    time_unit : of all endpoints

    Raises
    ------
    TableError
        A key is missing, empty or doubled, or an endpoint has no columns; all faults at once.
    """

    name: str
    clinical: pl.DataFrame
    endpoints: tuple[str, ...] = ()
    matrices: Mapping[str, Expression] = field(default_factory=dict)
    flow: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FLOW))
    time_unit: str = "months"

    def __post_init__(self) -> None:
        faults = []
        for key in ("sample", "patient"):
            if key not in self.clinical.columns:
                faults.append(
                    Fault(f"a column {key!r} (there is {listed(self.clinical.columns, last='and')})", column=key)
                )
                continue
            names = self.clinical[key]
            if names.null_count():
                faults.append(Fault("a name for each", column=key, value=f"{names.null_count()} empty"))
            twice = names.filter(names.is_duplicated() & names.is_not_null()).unique(maintain_order=True)
            faults += [Fault("each name once", column=key, value=name) for name in twice]
        for endpoint in self.endpoints:
            lacking = [name for name in endpoint_columns(endpoint)[:2] if name not in self.clinical.columns]
            faults += [Fault(f"a column {name!r} for the endpoint {endpoint!r}", column=name) for name in lacking]
        if faults:
            raise TableError(f"cohort {self.name!r} cannot be used", faults=faults)

    def keep(self, kept: pl.Series, *, step: str, reason: str) -> Cohort:
        """The cohort with some patients left out, and the flow count longer by a row.

        Parameters
        ----------
        kept : (patients,) Boolean; null counts as False
        step, reason : what the row says
        """
        stays = kept.fill_null(False)
        clinical = self.clinical.filter(stays)
        gone = self.clinical.filter(~stays)["patient"].cast(pl.String).to_list()
        row = flow_row(step, reason, gone, kept=clinical.height)
        return replace(self, clinical=clinical, matrices=self._matrices(clinical), flow=pl.concat([self.flow, row]))

    def matrix(self, name: str) -> Expression:
        """A matrix by name.

        Raises
        ------
        TableError
            The cohort does not have it; those it has are named.
        """
        if name in self.matrices:
            return self.matrices[name]
        raise TableError(
            f"cohort {self.name!r} has no matrix {name!r}",
            found=listed(self.matrices, last="and"),
            next_step=suggestion(name, self.matrices) or "Add it to the inputs of the cohort.",
        )

    def with_matrix(self, name: str, matrix: Expression) -> Cohort:
        """The cohort with one more matrix; its samples that no patient has are left out of it."""
        return replace(self, matrices={**self.matrices, name: self._own(matrix, self.clinical)})

    def complete(self, *matrices: str) -> Cohort:
        """Only the patients that have all of these matrices."""
        cohort = self
        for name in matrices:
            there = cohort.matrix(name).samples["sample"].cast(pl.String)
            kept = cohort.clinical["sample"].cast(pl.String).is_in(there.implode())
            cohort = cohort.keep(kept, step=f"matrix {name}", reason=f"no {name} measured")
        return cohort

    def _matrices(self, clinical: pl.DataFrame) -> dict[str, Expression]:
        return {name: self._own(matrix, clinical) for name, matrix in self.matrices.items()}

    @staticmethod
    def _own(matrix: Expression, clinical: pl.DataFrame) -> Expression:
        known = clinical["sample"].cast(pl.String).implode()
        return matrix.take(samples=np.flatnonzero(matrix.samples["sample"].cast(pl.String).is_in(known).to_numpy()))


def flow_row(step: str, reason: str, patients: Sequence[str], *, kept: int) -> pl.DataFrame:
    """One row of a flow count."""
    named = "; ".join(patients[:_NAMED]) + (f"; and {len(patients) - _NAMED} more" if len(patients) > _NAMED else "")
    return pl.DataFrame([(step, reason, len(patients), kept, named)], schema=FLOW, orient="row")
