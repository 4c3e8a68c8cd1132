"""Addresses in Dagster's UI of what the page is made from.

Belongs here: where the UI shows an asset, a check, a run. Does not: which figure leads where (the
templates). Without the UI's address there are no links, and the page names keys instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Links:
    """The UI at `address`, say http://127.0.0.1:3000; None if there is none for readers."""

    address: str | None = None

    def asset(self, key: str) -> str | None:
        """The page of an asset, from its key as `marts/daily_revenue`."""
        return self.to(asset_path(key))

    def check(self, asset: str, name: str) -> str | None:
        """The page of an asset's check."""
        return self.to(check_path(asset, name))

    def run(self, run_id: str) -> str | None:
        """The page of a run."""
        return self.to(run_path(run_id))

    def to(self, path: str) -> str | None:
        """What is at a path below the UI's address."""
        return None if self.address is None else f"{self.address.rstrip('/')}/{path}"


def asset_path(key: str) -> str:
    """Where an asset's page is below the UI's address."""
    return f"assets/{quote(key)}"


def check_path(asset: str, name: str) -> str:
    """Where the page of an asset's check is."""
    return f"{asset_path(asset)}?view=checks&checkDetail={quote(name, safe='')}"


def run_path(run_id: str) -> str:
    """Where a run's page is."""
    return f"runs/{quote(run_id)}"
