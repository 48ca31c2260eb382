"""Columns that the schemas of all rooms are made of; each says what it means, numbers in which unit."""

from __future__ import annotations

import dataframely as dy

__all__ = ["count", "key", "number", "text", "yes_no"]


def key(meaning: str) -> dy.String:
    """Text that, with the other keys, names a row."""
    return dy.String(primary_key=True, description=meaning)


def text(meaning: str, *, nullable: bool = True) -> dy.String:
    """Words."""
    return dy.String(nullable=nullable, description=meaning)


def number(meaning: str, unit: str, *, nullable: bool = True) -> dy.Float64:
    """A number with its unit."""
    return dy.Float64(nullable=nullable, description=meaning, metadata={"unit": unit})


def count(meaning: str, *, nullable: bool = False) -> dy.Int32:
    """How many, from 0."""
    return dy.Int32(nullable=nullable, min=0, description=meaning, metadata={"unit": "count"})


def yes_no(meaning: str, *, nullable: bool = False) -> dy.Bool:
    """Whether."""
    return dy.Bool(nullable=nullable, description=meaning)
