"""Settings say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets.errors import UsageError
from sales_assets.settings import Settings


def test_a_password_in_an_address_that_the_ui_would_show_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for url in (
        "postgresql://ann:secret@db/sales",
        "postgresql://ann:a/secret@db/sales",
        "postgresql://db/sales?user=ann&password=secret",
    ):
        monkeypatch.setenv("SALES_ASSETS_CATALOGUE_URL", url)
        with pytest.raises(UsageError, match="PGPASSWORD") as error:
            Settings.load()
        assert "secret" not in str(error.value)
    monkeypatch.setenv("SALES_ASSETS_CATALOGUE_URL", "postgresql://ann@db/sales")
    assert Settings.load().catalogue_address == "postgresql://ann@db/sales"


def test_a_home_that_would_break_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="question mark"):
        Settings(home=Path("/srv/what?"))


def test_a_relative_folder_is_that_of_whoever_set_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SALES_ASSETS_HOME", "mine")
    assert Settings.load().dagster_home == tmp_path / "mine" / "dagster"


def test_the_ui_s_address_is_that_of_this_machine_unless_others_have_a_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.load().ui_address == "http://127.0.0.1:3000"
    for text, address in (("", None), ("https://dagster.example/ui", "https://dagster.example/ui")):
        monkeypatch.setenv("SALES_ASSETS_UI_URL", text)
        assert Settings.load().ui_address == address
    monkeypatch.delenv("SALES_ASSETS_UI_URL")
    monkeypatch.setenv("SALES_ASSETS_LANDING_ZONE", "s3://drops")
    assert Settings.load().ui_address is None
    for text in ("dagster.example", "javascript:alert(1)", "https://ann:secret@ui", "http://a b"):
        monkeypatch.setenv("SALES_ASSETS_UI_URL", text)
        with pytest.raises(UsageError, match="SALES_ASSETS_UI_URL"):
            Settings.load()


def test_a_setting_that_does_not_exist_is_refused_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOMME", "/tmp")
    with pytest.raises(UsageError, match="did you mean SALES_ASSETS_HOME"):
        Settings.load()


def test_the_landing_zone_is_a_folder_or_a_bucket_with_a_prefix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for text, folder, bucket in (
        ("mine", tmp_path / "mine", None),
        ("s3://drops", None, ("drops", "")),
        ("s3://drops/", None, ("drops", "")),
        ("s3://drops.of-2024/a b/c", None, ("drops.of-2024", "a b/c")),
    ):
        monkeypatch.setenv("SALES_ASSETS_LANDING_ZONE", text)
        settings = Settings.load()
        assert settings.landing_bucket == bucket
        assert folder in {None, settings.landing_folder}
    for text in ("s3:///prefix", "s3://UPPER/x", "gs://drops/x", "s3://a/b"):
        monkeypatch.setenv("SALES_ASSETS_LANDING_ZONE", text)
        with pytest.raises(UsageError, match=r"LANDING_ZONE: .*s3://bucket/prefix"):
            Settings.load()


def test_workers_or_drops_in_a_bucket_mean_that_there_may_be_other_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.load().is_on_one_machine
    monkeypatch.setenv("SALES_ASSETS_CELERY_BROKER", "memory://")
    monkeypatch.setenv("SALES_ASSETS_EXECUTOR", "celery")
    assert not Settings.load().is_on_one_machine
    monkeypatch.delenv("SALES_ASSETS_EXECUTOR")
    monkeypatch.setenv("SALES_ASSETS_LANDING_ZONE", "s3://drops")
    assert not Settings.load().is_on_one_machine


def test_a_queue_needs_a_bucket_that_it_tells_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_ASSETS_LANDING_QUEUE_URL", "https://sqs.eu-central-1.example/1/drops")
    with pytest.raises(UsageError, match="needs an s3:// SALES_ASSETS_LANDING_ZONE"):
        Settings.load()
    monkeypatch.setenv("SALES_ASSETS_LANDING_ZONE", "s3://drops/in")
    assert Settings.load().landing_queue_url
