"""Backups and places that are refused before anything is changed."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.backup import copying
from sales_assets.backup.store import FolderBackups
from sales_assets.backup.verifying import problems
from sales_assets.errors import PermanentError, UsageError
from sales_assets.settings import Settings
from sales_assets_tests.backup.restoring.kept import kept_file
from sales_assets_tests.backup.scene import bring_back, destroy, files_of, take


def change_manifest(place: str, **changes: object) -> None:
    [file] = Path(place).glob("*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize(
    "name",
    [
        "landing/tests/shop/2024-01-01.csv",
        "warehouse.duckdb",
        "dagster/history/runs/index.db",
        "contracts/shop.odcs.yaml",
    ],
)
@pytest.mark.parametrize("damage", ["a byte", "gone"])
def test_a_damaged_file_is_refused_by_its_name_and_nothing_is_changed(
    made: Settings, place: str, tmp_path: Path, name: str, damage: str
) -> None:
    file = kept_file(place, name)
    if damage == "gone":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    destroy(made)

    with pytest.raises(PermanentError, match=name):
        bring_back(made, place)

    assert not made.home.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups"]
    backups = FolderBackups(Path(place))
    [problem] = problems(backups, backups.chosen(None))
    assert problem.startswith(f"{name}: ")


def test_a_database_that_was_damaged_before_it_was_backed_up_is_found(
    made: Settings, place: str
) -> None:
    """Its hash is that of the damaged file; so each database is opened."""
    for name in ("catalogue.sqlite", "warehouse.duckdb"):
        file = kept_file(place, name)
        content = bytearray(file.read_bytes())
        quarter = len(content) // 4
        content[quarter : 3 * quarter] = b"\xff" * (2 * quarter)
        file.write_bytes(content)
        found = copying.read(file)
        new = Path(place) / "files" / found.sha256[:2] / found.sha256
        new.parent.mkdir(exist_ok=True)
        file.rename(new)
        [manifest] = Path(place).glob("*.json")
        told = json.loads(manifest.read_text())
        for entry in told["files"]:
            if entry["name"] == name:
                entry.update(sha256=found.sha256, size=found.size)
        manifest.write_text(json.dumps(told))
    backups = FolderBackups(Path(place))

    told = list(problems(backups, backups.chosen(None)))

    assert [problem.partition(": ")[0] for problem in told] == [
        "catalogue.sqlite",
        "warehouse.duckdb",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 99}, "in the form 99 of a newer sales-assets"),
        ({"versions": {"dagster": "99.0.0"}}, r"dagster 99\.0\.0, and .* is installed"),
        ({"versions": {"duckdb": "99.0.0"}}, r"duckdb 99\.0\.0"),
        ({"versions": {"sales_assets": "99.0.0"}}, r"sales-assets 99\.0\.0"),
        ({"files": "none"}, "is damaged, or no backup"),
    ],
)
def test_a_backup_of_something_newer_is_refused(
    made: Settings, place: str, changes: dict[str, object], told: str
) -> None:
    change_manifest(place, **changes)
    destroy(made)
    with pytest.raises(PermanentError, match=told):
        bring_back(made, place)
    assert not made.home.exists()


def test_an_instance_that_dagster_looks_for_elsewhere_is_refused_until_it_is_told_the_place(
    made: Settings, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    made.dagster_home.rename(elsewhere)
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere))
    take(made, place)
    files = files_of(elsewhere)
    destroy(made)

    with pytest.raises(UsageError, match=f"DAGSTER_HOME is {elsewhere}, .* into {made.home}"):
        bring_back(made, place)

    assert not made.home.exists()
    assert files_of(elsewhere) == files
    monkeypatch.delenv("DAGSTER_HOME")
    bring_back(made, place)
    with dg.DagsterInstance.from_config(str(made.dagster_home)) as instance:
        assert instance.get_runs_count() == 1


def test_a_name_that_is_no_backup_is_told_with_those_that_are(
    made: Settings, place: str, tmp_path: Path
) -> None:
    destroy(made)
    with pytest.raises(UsageError, match="there is no complete backup yesterday; there are 20"):
        bring_back(made, place, "yesterday")
    with pytest.raises(UsageError, match="there is no complete backup"):
        bring_back(made, str(tmp_path / "nowhere"))
