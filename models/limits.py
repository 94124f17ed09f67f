"""Kinds of numbers that an option may be: what is outside is refused by name, before any work."""

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
"""1 or more."""

BatchSize = Annotated[int, Field(ge=2)]
"""2 or more: statistics of a batch need two."""

Positive = Annotated[float, Field(gt=0)]
"""More than 0."""

Weight = Annotated[float, Field(ge=0)]
"""0 or more."""

Share = Annotated[float, Field(ge=0, lt=1)]
"""From 0 to below 1."""
