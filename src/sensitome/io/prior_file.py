"""What a run learned of sensitization, as a JSON file that a further study can name as its prior."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sensitome.errors import Fault, SourceError

__all__ = ["General", "Interaction", "PriorFile", "prior_content", "read_prior"]

#: How far weights may be from a sum of 1.
ROUNDING = 1e-6

_Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class General(_Part):
    """A class of general effect and noise, in words, and its weight."""

    level: str
    weight: _Share


class Interaction(_Part):
    """A class of interaction: what it is, where (line, drug), how large (log2), and its weight."""

    kind: Literal["null", "sensitizer", "antagonist"]
    contexts: tuple[tuple[str, str], ...]
    size: Annotated[float, Field(ge=0)]
    weight: _Share


class PriorFile(_Part):
    """The file as a whole; the number in `format` is raised when its form changes."""

    format: Literal["sensitome sensitization prior 1"]
    lines: Annotated[tuple[str, ...], Field(min_length=1)]
    vehicle: str
    drugs: Annotated[tuple[str, ...], Field(min_length=1)]
    reagents: Annotated[int, Field(ge=1)]
    wrong_wells: _Share
    general: tuple[General, ...]
    interaction: tuple[Interaction, ...]

    @model_validator(mode="after")
    def _sums(self) -> PriorFile:
        """Weights are probabilities."""
        for name, parts in (("general", self.general), ("interaction", self.interaction)):
            total = sum(part.weight for part in parts)
            if abs(total - 1) > ROUNDING:
                message = f"weights of {name} that sum to 1 (found {total:g})"
                raise ValueError(message)
        known = {(line, drug) for line in self.lines for drug in self.drugs}
        strange = sorted({place for part in self.interaction for place in part.contexts} - known)
        if strange:
            message = f"contexts of its own lines and drugs (found {strange[0][0]} × {strange[0][1]})"
            raise ValueError(message)
        return self


def read_prior(path: str | Path) -> PriorFile:
    """Read what an earlier run learned.

    Parameters
    ----------
    path : ``prior.json`` of a results folder

    Raises
    ------
    SourceError
        There is no such file, or it is no such prior: all faults at once.
    """
    path = Path(path)
    step = "Name the prior.json in the results of a run with the test 'heb'."
    if not path.is_file():
        raise SourceError("no prior of sensitization", where=str(path), expected="a file that exists", next_step=step)
    try:
        return PriorFile.model_validate_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SourceError("not a prior of sensitization", where=str(path), found="no text", next_step=step) from error
    except ValidationError as error:
        faults = [
            Fault(_rule(detail["msg"]), file=path.name, column=".".join(str(part) for part in detail["loc"]))
            for detail in error.errors(include_url=False)
        ]
        raise SourceError("not a prior of sensitization", where=str(path), faults=faults, next_step=step) from None


def prior_content(prior: PriorFile) -> dict[str, Any]:
    """The file as nested plain values, in the order of its fields.

    >>> list(prior_content(PriorFile.model_construct(vehicle="vehicle", reagents=2)))
    ['vehicle', 'reagents']
    """
    return prior.model_dump(mode="json")


def _rule(text: str) -> str:
    """A message of pydantic as a rule."""
    return text.removeprefix("Value error, ").rstrip(".")
