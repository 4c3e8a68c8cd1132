"""A small installation for each test, copied from one that is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sales_assets.settings import Settings
from sales_assets_tests.backup.scene import make_small


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a day of one source."""
    return make_small(tmp_path_factory.mktemp("small") / "home").home


@pytest.fixture
def made(small_home: Path, tmp_path: Path) -> Settings:
    """The settings of such a home that is the test's own; times of files are those of the first."""
    home = shutil.copytree(small_home, tmp_path / "home")
    return Settings(home=home, contracts=home / "contracts")


@pytest.fixture
def place(tmp_path: Path) -> str:
    """Where backups go."""
    return str(tmp_path / "backups")
