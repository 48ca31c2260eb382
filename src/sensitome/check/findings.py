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
    refused : tables that a run makes of these inputs, or of tables that are refused
    """

    stages: dict[str, Stage]
    errors: list[SensitomeError] = field(default_factory=list)
    sound: dict[str, str] = field(default_factory=dict)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

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

        A stage that does not apply, that lacks a table, or that would read what is known to be faulty is not run: its
        fault would be told twice, or be one that follows from another.
        """
        stage = self.stages.get(name)
        if stage is None or not stage.applies(context.study):
            return False
        lacking = [table for table in stage.needs if table not in self.tables]
        if lacking or self.faulty & set(stage.inputs) or self.refused & {*stage.needs, *stage.uses}:
            self.refused |= set(stage.makes)
            return False
        given = (*stage.needs, *(table for table in stage.uses if table in self.tables))
        made = self.attempt(lambda: stage.run({table: self.tables[table] for table in given}, context))
        if made is None:
            self.refused |= set(stage.makes)
            return False
        self.tables |= made
        return True
