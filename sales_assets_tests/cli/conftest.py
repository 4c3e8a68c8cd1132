"""The command line in this process, on a home with two sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets_tests.harness import SHOP, TILL, Installation, Run, calling


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the sources `shop` and `till`, in the environment's settings."""
    home = tmp_path / "home"
    with Installation(home, [SHOP, TILL]):
        monkeypatch.setenv("SALES_ASSETS_HOME", str(home))
        monkeypatch.setenv("SALES_ASSETS_CONTRACTS", str(home / "contracts"))
    return home


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `sales-assets` with arguments: exit code, standard output, standard error."""

    return calling(monkeypatch, capsys)
