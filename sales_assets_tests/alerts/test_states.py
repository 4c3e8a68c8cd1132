"""What is wrong now: ticks, code locations, the daemon."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo

from sales_assets.alerts.problems import Problem, Severity
from sales_assets.alerts.silence import SilentLocations
from sales_assets.alerts.states import CodeLocations, Daemon, Ticks
from sales_assets_tests.alerts.conftest import Small
from sales_assets_tests.serving import free_port, until

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def owner(location: str) -> str | None:
    return {"retail": "retail"}.get(location)


def sensor(instance: dg.DagsterInstance, name: str) -> InstigatorState:
    """A sensor of the location `retail` that is on."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name="m"), "retail"
    )
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
    status = InstigatorStatus.DECLARED_IN_CODE
    return instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, status))


def tick(
    instance: dg.DagsterInstance, state: InstigatorState, status: TickStatus, minute: int
) -> None:
    error = SerializableErrorInfo("the bucket is away\n", [], "OSError")
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=state.name,
            instigator_type=InstigatorType.SENSOR,
            status=status,
            timestamp=(NOW + timedelta(minutes=minute)).timestamp(),
            selector_id=state.selector_id,
            run_ids=["1"] if status is TickStatus.SUCCESS else None,
            error=error if status is TickStatus.FAILURE else None,
        )
    )


def wrong(ticks: Ticks) -> list[Problem]:
    """What is wrong, without what has ended."""
    return [one for one in ticks.look(NOW) if isinstance(one, Problem)]


def test_a_sensor_whose_last_tick_failed_is_told_until_one_goes_well(small: Small) -> None:
    instance = small.instance
    state, ticks = sensor(instance, "landing_zone"), Ticks(instance, owner)
    assert wrong(ticks) == []
    tick(instance, state, TickStatus.SUCCESS, 0)
    assert wrong(ticks) == []
    tick(instance, state, TickStatus.FAILURE, 1)
    tick(instance, state, TickStatus.STARTED, 2)
    [found] = wrong(ticks)
    assert found.what == "the sensor landing_zone of retail fails"
    assert (found.cause, found.team) == ("the bucket is away", "retail")
    assert found.at == NOW + timedelta(minutes=1)
    assert found.path == "locations/__repository__@retail/sensors/landing_zone"
    tick(instance, state, TickStatus.FAILURE, 3)
    assert wrong(ticks)[0].key == found.key
    assert wrong(ticks)[0].occurrence != found.occurrence
    tick(instance, state, TickStatus.SKIPPED, 4)
    assert wrong(ticks) == []


def test_a_sensor_that_somebody_switched_off_is_not_told(small: Small) -> None:
    state = sensor(small.instance, "landing_zone")
    tick(small.instance, state, TickStatus.FAILURE, 1)
    small.instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
    assert wrong(Ticks(small.instance, owner)) == []


def test_three_failed_ticks_in_a_row_are_an_error(small: Small) -> None:
    state = sensor(small.instance, "landing_zone")
    small.scene.router.sources = [Ticks(small.instance, owner)]
    told = []
    for minute in range(3):
        tick(small.instance, state, TickStatus.FAILURE, minute)
        told += small.passes()
    assert told == ["WARNING retail: the sensor landing_zone of retail fails"]
    [incident] = small.scene.store.read()[1]
    assert (incident.told.failures, incident.told.severity) == (3, Severity.ERROR)
    tick(small.instance, state, TickStatus.SUCCESS, 4)
    assert small.passes() == ["RECOVERED retail: the sensor landing_zone of retail fails"]


def heartbeat(instance: dg.DagsterInstance, kind: str, at: datetime) -> None:
    instance.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), kind, "1", []))


def test_a_daemon_that_gives_no_sign_is_told_and_one_that_never_did_is_not(small: Small) -> None:
    instance, daemon = small.instance, Daemon(small.instance, 300)
    kinds = sorted(instance.get_required_daemon_types())
    assert len(kinds) > 2
    assert daemon.look(NOW) == []
    for kind in kinds:
        heartbeat(instance, kind, NOW)
    assert daemon.look(NOW + timedelta(seconds=300)) == []
    [dead] = daemon.look(NOW + timedelta(seconds=301))
    assert dead.what == "Dagster's daemon gives no sign of life"
    assert (dead.at, dead.severity) == (NOW, Severity.ERROR)
    for kind in kinds[1:]:
        heartbeat(instance, kind, NOW + timedelta(seconds=301))
    [part] = daemon.look(NOW + timedelta(seconds=301))
    assert part.key == dead.key
    assert part.what == "a part of Dagster's daemon gives no sign of life"
    heartbeat(instance, kinds[0], NOW + timedelta(seconds=301))
    assert daemon.look(NOW + timedelta(seconds=301)) == []


def test_a_location_that_cannot_be_asked_is_told_when_none_of_its_sensors_ticks(
    small: Small, tmp_path: Path
) -> None:
    instance, file = small.instance, tmp_path / "workspace.yaml"
    module = "python_module: {module_name: m, location_name: retail}"
    file.write_text(f"load_from: [{{{module}}}]")
    source = SilentLocations(instance, file, 300, owner)

    def looked(minute: int, daemon: str = "1", *, is_alive: bool = True) -> list[str] | None:
        now = NOW + timedelta(minutes=minute)
        if is_alive:
            instance.add_daemon_heartbeat(DaemonHeartbeat(now.timestamp(), "SENSOR", daemon, []))
        found = source.look(now)
        return None if found is None else [problem.what for problem in found]

    silent = ["no sensor of the code location retail is looked at"]
    one, other = sensor(instance, "landing_zone"), sensor(instance, "other")
    tick(instance, one, TickStatus.SKIPPED, 0)
    assert looked(0) is None, "the daemon may have begun just now"
    tick(instance, one, TickStatus.SKIPPED, 5)
    assert looked(6) == []
    tick(instance, other, TickStatus.FAILURE, 10)
    assert looked(12) == []
    assert looked(16) == silent
    assert looked(30, is_alive=False) is None, "it is the daemon that is silent"
    assert looked(31, "2") is None
    assert looked(37, "2") == silent
    for state in (one, other):
        instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
    assert looked(38, "2") == []


def workspace(folder: Path, *ports: int) -> Path:
    file = folder / "workspace.yaml"
    servers = [
        f"- grpc_server: {{host: 127.0.0.1, port: {port}, location_name: team{number}}}"
        for number, port in enumerate(ports)
    ]
    file.write_text("load_from:\n" + "\n".join(servers) + "\n")
    return file


def test_who_has_no_file_or_one_without_servers_cannot_say_how_they_are(tmp_path: Path) -> None:
    """Another process may have the file, and have told that one of them is down."""
    assert CodeLocations(tmp_path / "none.yaml", owner).look(NOW) is None
    own = tmp_path / "own.yaml"
    own.write_text("load_from: [{python_module: {module_name: sales_assets.definitions}}]")
    assert CodeLocations(own, owner).look(NOW) is None


def test_a_server_that_is_away_and_one_that_hangs_are_both_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        file = workspace(tmp_path, free_port(), hanging.getsockname()[1])
        begun = time.monotonic()
        found = CodeLocations(file, owner, answer_seconds=5).look(NOW) or []
        assert time.monotonic() - begun < 60
    assert [one.what for one in found] == [
        "the code location team0 does not load",
        "the code location team1 does not load",
    ]


@pytest.mark.long
def test_a_server_whose_code_does_not_import_is_told_with_the_reason(tmp_path: Path) -> None:
    good, bad = (
        "import dagster as dg\ndefs = dg.Definitions()\n",
        "raise ValueError('no such table')",
    )
    ports, servers = [], []
    for name, text in (("good", good), ("bad", bad)):
        (tmp_path / f"{name}.py").write_text(text)
        ports.append(free_port())
        command = [
            str(Path(sys.executable).parent / "dagster"),
            "api",
            "grpc",
            "--lazy-load-user-code",
        ]
        place = ["-f", str(tmp_path / f"{name}.py"), "-h", "127.0.0.1", "-p", str(ports[-1])]
        servers.append(subprocess.Popen([*command, *place], cwd=tmp_path))
    try:
        source = CodeLocations(workspace(tmp_path, *ports), owner)

        def told() -> list[tuple[str, bool]]:
            return [(one.what, "no such table" in one.cause) for one in source.look(NOW) or []]

        expected = [("the code location team1 does not load", True)]
        until("both servers to answer", lambda: told() == expected, 120)
    finally:
        for server in servers:
            server.kill()
            server.wait()
