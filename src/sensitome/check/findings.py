"""What a check has found so far, and how it runs the cheap stages of a run without writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from sensitome.errors import SensitomeError
from sensitome.stages.record import Context, Stage

__all__ = ["Findings"]

Answer = TypeVar("Answer")


@dataclass
class Findings:
    """Errors met, sound parts, and the tables that later parts look at.

    Parameters
    ----------
    stages : of a run, by name
    errors : in the order in which they were met
    sound : part → its size in words
    tables : as a run makes them, so far as a check makes them
    faulty : inputs of the study that were found faulty
    """

    stages: dict[str, Stage]
    errors: list[SensitomeError] = field(default_factory=list)
    sound: dict[str, str] = field(default_factory=dict)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)

    def attempt(self, step: Callable[[], Answer], *, of: str = "") -> Answer | None:
        """Answer of a step, or None and its error kept; the input that it judged is faulty then."""
        try:
            return step()
        except SensitomeError as error:
            self.errors.append(error)
            self.faulty |= {of} if of else set()
            return None

    def rehearse(self, name: str, context: Context) -> bool:
        """Run a stage on the tables so far and keep what it makes; whether it ran.

        A stage that does not apply, that lacks a table, or that reads an input which is known to be faulty is not run.
        """
        stage = self.stages.get(name)
        if stage is None or not stage.applies(context.study) or self.faulty & set(stage.inputs):
            return False
        if any(table not in self.tables for table in stage.needs):
            return False
        given = (*stage.needs, *(table for table in stage.uses if table in self.tables))
        made = self.attempt(lambda: stage.run({table: self.tables[table] for table in given}, context))
        self.tables |= made or {}
        return made is not None
