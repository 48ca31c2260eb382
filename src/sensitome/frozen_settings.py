"""What all settings of a study have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["FrozenSettings"]


class FrozenSettings(BaseModel):
    """Settings that nobody changes once they are read; an unknown key is an error, and attribute docstrings explain."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)
