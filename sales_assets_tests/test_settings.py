"""Settings say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets.errors import UsageError
from sales_assets.settings import Settings


def test_a_password_in_an_address_that_the_ui_would_show_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALES_ASSETS_CATALOGUE_URL", "postgresql://ann:secret@db/sales")
    with pytest.raises(UsageError, match="PGPASSWORD") as error:
        Settings.load()
    assert "secret" not in str(error.value)
    monkeypatch.setenv("SALES_ASSETS_CATALOGUE_URL", "postgresql://ann@db/sales")
    assert Settings.load().catalogue_address == "postgresql://ann@db/sales"


def test_a_relative_folder_is_that_of_whoever_set_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SALES_ASSETS_HOME", "mine")
    assert Settings.load().dagster_home == tmp_path / "mine" / "dagster"


def test_a_setting_that_does_not_exist_is_refused_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOMME", "/tmp")
    with pytest.raises(UsageError, match="did you mean SALES_ASSETS_HOME"):
        Settings.load()
