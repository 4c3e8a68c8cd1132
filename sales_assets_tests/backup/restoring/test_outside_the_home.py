"""What belongs outside of the home: what stays, what comes back, and where nothing can be made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sales_assets.errors import PermanentError, UsageError
from sales_assets.settings import Settings
from sales_assets_tests.backup.restoring.kept import kept_file
from sales_assets_tests.backup.scene import bring_back, destroy, files_of, make_small, take


def test_what_people_keep_outside_of_the_home_stays_and_else_comes_back(
    tmp_path: Path, place: str
) -> None:
    outside = {"landing_zone": str(tmp_path / "drops"), "warehouse_path": tmp_path / "w.duckdb"}
    settings = make_small(tmp_path / "home", **outside)
    take(settings, place)
    destroy(settings)
    drop = tmp_path / "drops" / "tests" / "shop" / "2024-01-01.csv"
    drop.write_text("of today")

    with pytest.raises(UsageError, match=r"w\.duckdb: is there"):
        bring_back(settings, place)
    settings.warehouse_file.unlink()
    restored = bring_back(settings, place)

    assert drop.read_text() == "of today"
    assert restored.left == [f"landing/tests/shop/2024-01-01.csv ({drop})"]
    assert settings.warehouse_file.is_file()
    destroy(settings)
    shutil.rmtree(tmp_path / "drops")
    assert bring_back(settings, place, force=True).left == []
    assert drop.read_text() != "of today"


@pytest.fixture
def with_drops_outside(tmp_path: Path, place: str) -> Settings:
    """Backed up with drops and contracts that are not in the home, which is gone."""
    settings = make_small(tmp_path / "home", landing_zone=str(tmp_path / "drops"))
    contracts = tmp_path / "contracts"
    shutil.move(settings.contracts_folder, contracts)
    settings = settings.model_copy(update={"contracts": contracts})
    settings.landing_folder.joinpath("tests", "shop", "2024-01-02.csv").write_text("another day")
    take(settings, place)
    destroy(settings)
    return settings


@pytest.mark.parametrize("gone", ["drops/*", "drops/tests/shop/2024-01-01.csv", "contracts/*"])
def test_what_is_missing_in_folders_outside_of_the_home_comes_back_into_them(
    with_drops_outside: Settings, place: str, tmp_path: Path, gone: str
) -> None:
    """As on a new disk: the folder is mounted, so it stays the same one."""
    settings = with_drops_outside
    folders = [settings.landing_folder, settings.contracts_folder]
    before = [files_of(folder) for folder in folders]
    drop = folders[0] / "tests" / "shop" / "2024-01-01.csv"
    modified, same = drop.stat().st_mtime_ns, [folder.stat().st_ino for folder in folders]
    for path in tmp_path.glob(gone):
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    restored = bring_back(settings, place)

    assert restored.left == []
    assert [files_of(folder) for folder in folders] == before
    assert [folder.stat().st_ino for folder in folders] == same
    assert drop.stat().st_mtime_ns == modified


def test_a_restore_that_fails_leaves_folders_outside_of_the_home_as_they_were(
    with_drops_outside: Settings, place: str
) -> None:
    settings = with_drops_outside
    shutil.rmtree(settings.landing_folder / "tests")
    (settings.landing_folder / ".7.restoring.tmp").write_text("of a restore that was killed")
    kept_file(place, "warehouse.duckdb").unlink()

    with pytest.raises(PermanentError, match=r"warehouse\.duckdb"):
        bring_back(settings, place)

    assert list(settings.landing_folder.iterdir()) == []


def test_a_place_outside_of_the_home_where_nothing_can_be_made_is_told(
    with_drops_outside: Settings, place: str
) -> None:
    settings = with_drops_outside
    shutil.rmtree(settings.landing_folder / "tests")
    (settings.landing_folder / "tests").write_text("a file")
    with pytest.raises(UsageError, match=r"drops/tests: .* make it a folder that can be"):
        bring_back(settings, place)
    shutil.rmtree(settings.landing_folder)
    settings.landing_folder.symlink_to("/not/mounted")
    with pytest.raises(UsageError, match="drops: is a link to /not/mounted, which is not there"):
        bring_back(settings, place, force=True)
    assert not settings.home.exists()
