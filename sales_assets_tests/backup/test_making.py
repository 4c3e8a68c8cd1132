"""What is in a backup, what is not, and what stays of older ones."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.automation.backup import build_backup_schedules
from sales_assets.backup import copying, sqlite
from sales_assets.backup.bucket_store import open_backups
from sales_assets.backup.making import Wanted, forget_older
from sales_assets.backup.store import FolderBackups
from sales_assets.backup.verifying import problems, read_manifest
from sales_assets.errors import TransientError, UsageError
from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.resources.build import build_warehouse
from sales_assets.settings import Settings
from sales_assets_tests.backup.scene import bring_back, destroy, files_of, land, take, tick
from sales_assets_tests.harness import SHOP, Installation, Run, calling

KEY = "5ec2e7" * 10 + "abcd"


def with_secrets(settings: Settings) -> list[Path]:
    """Each file of the home that only the person who runs it may have."""
    platform = settings.home / "platform"
    files = [
        settings.pseudonym_folder / "customers.key",
        platform / "audit.key",
        platform / "session.key",
        platform / "secrets" / "retail.env",
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(KEY + "\n")
        file.chmod(0o600)
    return files


def test_a_backup_has_what_cannot_be_made_again_and_says_of_what_it_is(
    made: Settings, place: str
) -> None:
    (made.home / "platform").mkdir()
    (made.home / "platform" / "tokens.yaml").write_text("version: 1\n")
    open_audit_log(made)
    manifest = take(made, place).manifest
    names = [file.name for file in manifest.files]

    assert names == sorted(names)
    assert {
        *("audit.sqlite", "catalogue.sqlite", "tokens.yaml", "warehouse.duckdb"),
        *("contracts/shop.odcs.yaml", "landing/tests/shop/2024-01-01.csv"),
        *("dagster/dagster.yaml", "dagster/history/runs.db", "dagster/history/runs/index.db"),
        "dagster/schedules/schedules.db",
    } <= set(names)
    logs = [name for name in names if re.fullmatch(r"dagster/history/runs/[0-9a-f-]{36}\.db", name)]
    assert len(logs) == 1
    assert not [n for n in names if n.endswith(("-wal", "-shm", ".lock", ".parquet"))]
    assert manifest.begun <= manifest.moment <= manifest.ended
    assert manifest.versions["dagster"] == dg.__version__
    assert manifest.settings["SALES_ASSETS_HOME"] == str(made.home)
    assert [told for told in manifest.not_in_it if "keys" in told]


def test_nothing_of_a_key_is_in_a_backup_unless_it_is_asked_for(
    made: Settings, place: str, tmp_path: Path
) -> None:
    with_secrets(made)
    secret = made.model_copy(update={"audit_key": "x" * 40, "session_key": KEY})
    taken = take(secret.model_validate(dict(secret)), place)

    assert taken.manifest.pseudonym_keys == ("customers.key",)
    assert not [name for name, data in files_of(tmp_path / "backups").items() if b"5ec2e7" in data]

    assert take(made, place, Wanted(keys=True)).new_files == 1, "four files of one content"
    assert [data for data in files_of(tmp_path / "backups").values() if b"5ec2e7" in data]


def test_keys_come_back_for_their_owner_alone(made: Settings, place: str) -> None:
    files = with_secrets(made)
    take(made, place, Wanted(keys=True))
    destroy(made)

    assert bring_back(made, place).missing_keys == []

    for file in files:
        assert file.read_text() == KEY + "\n"
        assert file.stat().st_mode & 0o777 == 0o600


def test_everything_in_a_folder_of_backups_is_for_its_owner_alone(
    made: Settings, place: str
) -> None:
    take(made, place)
    for path in [Path(place), *Path(place).rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_an_earlier_backup_has_is_not_kept_again(made: Settings, place: str) -> None:
    land(made, "2024-01-02.csv", "1,2024-01-02,tea,ann,1" * 1000)
    first = take(made, place)
    second = take(made, place)

    assert first.new_files > 5
    assert (second.new_files, second.new_bytes) == (0, 0)
    assert not list(problems(open_backups(made, place), second.name))


def test_the_newest_backups_stay_with_their_files_and_what_is_left_of_others_goes(
    made: Settings, place: str
) -> None:
    backups = FolderBackups(Path(place))
    names = []
    for number in range(4):
        land(made, "2024-01-02.csv", f"{number},2024-01-02,tea,ann,1")
        names.append(take(made, place).name)
    left = Path(place) / "files" / "ab" / ("ab" * 32)
    left.parent.mkdir(exist_ok=True)
    left.write_text("of a backup that was interrupted")

    assert forget_older(backups, 2) == names[:2]

    assert backups.names() == names[2:]
    needed = {digest for name in names[2:] for digest in read_manifest(backups, name).digests}
    assert backups.sizes().keys() == needed
    for name in names[2:]:
        assert not list(problems(backups, name))


def test_nobody_writes_to_warehouse_or_catalogue_between_the_copies_of_one_moment(
    made: Settings, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    copy = sqlite.copy
    lock = f"{made.warehouse_file}.lock"
    writer = (
        "import sys; from filelock import ReadWriteLock, Timeout\n"
        f"try: ReadWriteLock({lock!r}).acquire_write(timeout=0)\n"
        "except Timeout: sys.exit(3)\n"
    )

    def trying(source: Path, target: Path) -> None:
        copy(source, target)
        if source.suffix == ".db" and source.parent.name == "runs" and source.stem != "index":
            return  # the log of a run
        with (
            closing(sqlite3.connect(made.home / "catalogue.sqlite", timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
        assert subprocess.run([sys.executable, "-c", writer], check=False).returncode == 3
        rows = build_warehouse(made).rows("SELECT count(*) FROM main.revenue")
        assert rows == [(1,)], "who reads goes on"
        tried.append(source.name)

    monkeypatch.setattr(sqlite, "copy", trying)
    take(made, place)
    assert tried == ["schedules.db", "index.db", "runs.db", "catalogue.sqlite"]


def test_events_of_no_run_are_in_a_backup_that_is_made_while_somebody_reads_them(
    made: Settings, place: str
) -> None:
    """Dagster calls their file `.db`; who reads it keeps what came last out of the file itself."""
    file = made.dagster_home / "history" / "runs" / ".db"
    with dg.DagsterInstance.from_config(str(made.dagster_home)) as instance:
        instance.report_runless_asset_event(dg.AssetObservation("shop"))
        with closing(sqlite3.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM event_logs").fetchall()
            instance.report_runless_asset_event(dg.AssetObservation("shop"))
            take(made, place)
    destroy(made)
    bring_back(made, place)
    with closing(sqlite3.connect(file)) as restored:
        assert restored.execute("SELECT count(*) FROM event_logs").fetchall() == [(2,)]


def test_a_drop_that_came_while_databases_were_copied_is_in_the_backup_and_due_after_a_restore(
    made: Settings, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = sqlite.copy

    def coming(source: Path, target: Path) -> None:
        copy(source, target)
        if source.name == "catalogue.sqlite":
            land(made, "2024-01-03.csv", "1,2024-01-03,tea,ann,9")

    monkeypatch.setattr(sqlite, "copy", coming)
    take(made, place)
    destroy(made)
    bring_back(made, place)

    with Installation(made.home, [SHOP]) as again:
        result = tick(again)
    assert isinstance(result, dg.SensorResult)
    [request] = result.run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == "2024-01-03"
    assert request.tags["dagster/asset_partition_range_end"] == "2024-01-03"


def test_a_drop_that_somebody_keeps_writing_to_is_named(
    made: Settings, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = copying._through

    def growing(file: Path, target: Path | None) -> copying.Content:
        content = through(file, target)
        if file.is_relative_to(made.landing_folder):
            with file.open("a") as drop:
                drop.write("2,2024-01-01,tea,ann,1\n")
        return content

    monkeypatch.setattr(copying, "_through", growing)
    monkeypatch.setattr(copying, "_PAUSE_SECONDS", 0.0)
    with pytest.raises(TransientError, match=r"2024-01-01\.csv: somebody keeps writing"):
        take(made, place)
    assert FolderBackups(Path(place)).names() == []


@pytest.mark.parametrize("below", ["", "landing", "landing/tests", "deep/er"])
def test_a_place_in_the_home_is_refused(made: Settings, below: str) -> None:
    with pytest.raises(UsageError, match="which a backup is to outlive"):
        take(made, str(made.home / below))


def test_two_backups_at_a_time_are_refused(made: Settings, place: str) -> None:
    with (
        FolderBackups(Path(place)).working(),
        pytest.raises(TransientError, match="another backup"),
    ):
        take(made, place)


def test_without_drops_their_place_is_told(made: Settings, place: str) -> None:
    manifest = take(made, place, Wanted(drops=False)).manifest
    assert not [file for file in manifest.files if file.name.startswith("landing/")]
    assert f"drops: {made.landing_folder}; nothing else has them" in manifest.not_in_it


def test_the_schedule_is_off_and_only_there_with_a_place_and_backs_up_in_a_run(
    made: Settings, place: str
) -> None:
    assert build_backup_schedules(made) == ()
    settings = made.model_copy(update={"backup_to": place, "backup_keep": 1})
    [schedule] = build_backup_schedules(settings)
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    job = schedule.job
    assert isinstance(job, dg.JobDefinition)
    with embedded_instance(settings.dagster_home, settings) as instance:
        for _ in range(2):
            assert job.execute_in_process(instance=instance).success
    backups = FolderBackups(Path(place))
    [name] = backups.names()
    assert not list(problems(backups, name))
    destroy(settings)
    assert bring_back(settings, place).ended_runs == 1, "the run that made the backup"


def test_the_commands_tell_what_they_did_and_what_comes_next(
    made: Settings,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call: Run = calling(monkeypatch, capsys)
    monkeypatch.setenv("SALES_ASSETS_HOME", str(made.home))
    monkeypatch.setenv("SALES_ASSETS_CONTRACTS", str(made.contracts_folder))
    code, _, told = call("backup")
    assert (code, "SALES_ASSETS_BACKUP_TO" in told) == (2, True)
    monkeypatch.setenv("SALES_ASSETS_BACKUP_TO", place)
    code, out, _ = call("backup", "--keep", "3")
    assert code == 0
    assert "Not in it: keys of pseudonyms" in out
    [name] = FolderBackups(Path(place)).names()
    assert call("backup", "--verify") == (
        0,
        f"{name} is whole: every file is as it was, every database opens.\n",
        "",
    )
    monkeypatch.delenv("DAGSTER_HOME")  # each command is a process of its own
    code, out, _ = call("restore", "--into", str(tmp_path / "another"))
    assert code == 0
    assert "materialize --missing" in out
    assert (tmp_path / "another" / "landing" / "tests" / "shop" / "2024-01-01.csv").is_file()
    code, _, told = call("restore")
    assert code == 2
    assert "--force moves it aside" in told
    code, out, _ = call("restore", "--force")
    assert code == 0
    [aside] = [path for path in tmp_path.iterdir() if path.name.startswith("home.before-")]
    assert str(aside) in out
    os.truncate(next(Path(place).glob("files/*/*")), 0)
    code, _, told = call("backup", "--verify")
    assert code == 1
    assert told.startswith("Damaged: ")
