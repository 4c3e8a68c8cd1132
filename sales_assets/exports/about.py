"""What an export says of itself: of when it is, what made it, and where the truth is.

Belongs here: these facts. Does not: the meaning of columns (`dictionary`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Self

import dagster as dg


@dataclass(frozen=True)
class About:
    """An export's own facts.

    `made_at` (UTC) is when its making began: its rows are of then or, if it had to wait for a run
    that writes, of the moment after that.
    """

    made_at: datetime
    models: str
    """A short hash of the models' code."""

    @classmethod
    def of(cls, models: Iterable[dg.AssetSpec], made_at: datetime) -> Self:
        """About an export of these models."""
        code = " ".join(
            sorted(f"{spec.key.to_user_string()}={spec.code_version}" for spec in models)
        )
        return cls(made_at, hashlib.sha256(code.encode()).hexdigest()[:12])

    @property
    def facts(self) -> dict[str, str]:
        """As names and texts."""
        return {
            "made_at": f"{self.made_at:%Y-%m-%dT%H:%M:%SZ}",
            "made_by": f"sales-assets {version('sales-assets')}, models {self.models}",
            "source_of_truth": "The tables of the warehouse hold the truth. This is a copy of one "
            "moment, made anew with each refresh: what is changed here is lost.",
        }
