"""A small installation that was backed up, and is still there."""

from __future__ import annotations

import pytest

from sales_assets.settings import Settings
from sales_assets_tests.backup.scene import take


@pytest.fixture
def made(made: Settings, place: str) -> Settings:
    """Backed up, and still there."""
    take(made, place)
    return made
