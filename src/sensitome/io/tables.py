"""Table of the plate files of a run: columns and meanings."""

from __future__ import annotations

import dataframely as dy

__all__ = ["PlateFiles"]


class PlateFiles(dy.Schema):
    """One row per plate file: which block of it holds the readings, and what else it has."""

    file = dy.String(primary_key=True, description="the file, as from the folder of study.toml")
    taken = dy.String(
        nullable=False, description="title of the block, column or sheet that was taken as the raw readings"
    )
    left = dy.String(nullable=False, description='titles of those that were not used, joined by "; "; often none')
    plates = dy.Int32(nullable=False, min=0, description="plates of the plate list that it holds")
