"""A sensor that the code has no more ends its warning; code that does not load ends none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import WorkspaceFileTarget

from sales_assets.alerts.loaded_code import LoadedCode, OwnCode
from sales_assets.alerts.states import GONE, STILL_THERE, Ticks
from sales_assets_tests.alerts.conftest import Small
from sales_assets_tests.alerts.test_states import NOW, owner, sensor, tick
from sales_assets_tests.serving import free_port, until

CODE = """\
import dagster as dg

@dg.op
def work(): ...

@dg.job
def load():
    work()

@dg.sensor(name="{name}", job=load)
def watch(): ...

nightly = dg.ScheduleDefinition(name="nightly", job=load, cron_schedule="0 3 * * *")
defs = dg.Definitions(jobs=[load], sensors=[watch], schedules=[nightly])
"""
WRONG = ["WARNING retail: the sensor landing_zone of retail fails"]
ENDED = ["RECOVERED retail: the sensor landing_zone of retail fails"]


@contextmanager
def serving(folder: Path, port: int, text: str) -> Iterator[subprocess.Popen[bytes]]:
    """A code server, which answers whatever its code is."""
    (folder / "code.py").write_text(text)
    program = str(Path(sys.executable).parent / "dagster")
    place = ["-f", str(folder / "code.py"), "-h", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen([program, "api", "grpc", "--lazy-load-user-code", *place], cwd=folder)
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def workspace(folder: Path, port: int, location: str = "retail") -> Path:
    file = folder / "workspace.yaml"
    server = f"{{host: 127.0.0.1, port: {port}, location_name: {location}}}"
    file.write_text(f"load_from: [{{grpc_server: {server}}}]")
    return file


def answers(file: Path) -> bool:
    """Whether the server of a file answers, whatever its code is."""
    [origin] = WorkspaceFileTarget([str(file)]).create_origins()
    assert isinstance(origin, GrpcServerCodeLocationOrigin)
    with suppress(DagsterUserCodeUnreachableError):
        return bool(origin.create_client().get_server_id())
    return False


def watching(small: Small, file: Path, own: OwnCode | None = None) -> LoadedCode:
    """Let the alerts of an instance look at its ticks, and at the code of a file."""
    code = LoadedCode(small.instance, file, own)
    was_closed = small.scene.store.was_closed
    small.scene.router.sources = [Ticks(small.instance, owner, code.has, was_closed)]
    return code


@pytest.mark.long
def test_a_sensor_that_a_server_has_no_more_ends_and_one_that_cannot_be_asked_stays(
    small: Small, tmp_path: Path
) -> None:
    port = free_port()
    file = workspace(tmp_path, port)
    code = watching(small, file)
    state = sensor(small.instance, "landing_zone")
    tick(small.instance, state, TickStatus.FAILURE, 0)
    with serving(tmp_path, port, CODE.format(name="landing_zone")):
        until("the code to be there", lambda: code.has(state.origin) is True, 120)
        assert small.passes() == WRONG
        assert code.has(sensor(small.instance, "nightly").origin) is True
        assert code.has(sensor(small.instance, "another").origin) is False
    assert code.has(state.origin) is None
    assert small.passes() == [], "nobody answers: it stays"
    with serving(tmp_path, port, "raise ValueError('no such table')"):
        until("a server to answer", lambda: answers(file), 120)
        assert code.has(state.origin) is None
        assert small.passes() == [], "the code does not load: it stays"
    with serving(tmp_path, port, CODE.format(name="renamed")):
        until("the new code to be there", lambda: code.has(state.origin) is False, 120)
        assert small.passes() == ENDED
        assert GONE in small.scene.channels.taken[-1].text
        assert small.passes() == []
    assert code.has(state.origin) is None
    assert small.passes() == [], "what has ended does not begin again by the same tick"
    tick(small.instance, state, TickStatus.FAILURE, 9)
    assert small.passes() == WRONG, "it is back, and fails"


def test_a_sensor_of_a_location_that_the_workspace_has_no_more_ends(
    small: Small, tmp_path: Path
) -> None:
    state = sensor(small.instance, "landing_zone")
    tick(small.instance, state, TickStatus.FAILURE, 0)
    watching(small, tmp_path / "none.yaml")
    assert small.passes() == WRONG, "without a file nobody knows"
    watching(small, workspace(tmp_path, free_port(), "another"))
    assert small.passes() == ENDED


def test_of_its_own_code_a_process_knows_without_asking(small: Small, tmp_path: Path) -> None:
    names = frozenset({("__repository__", "renamed")})
    state = sensor(small.instance, "landing_zone")
    tick(small.instance, state, TickStatus.FAILURE, 0)
    watching(small, tmp_path / "none.yaml", OwnCode("retail", "another", names))
    assert small.passes() == WRONG, "another repository of the location may have it"
    watching(small, tmp_path / "none.yaml", OwnCode("retail", "__repository__", names))
    assert small.passes() == ENDED
    watching(small, tmp_path / "none.yaml")
    assert small.passes() == [], "who cannot tell does not open it again"


def test_what_ticked_just_now_is_there_whatever_a_file_says(small: Small, tmp_path: Path) -> None:
    tick(small.instance, sensor(small.instance, "landing_zone"), TickStatus.FAILURE, 0)
    code = watching(small, workspace(tmp_path, free_port(), "another"))
    ticks = Ticks(small.instance, owner, code.has)
    assert [one.key for one in ticks.look(NOW + STILL_THERE)] == ["tick:retail:sensor:landing_zone"]
    assert not hasattr(ticks.look(NOW + STILL_THERE)[0], "how")
    assert hasattr(ticks.look(NOW + 2 * STILL_THERE)[0], "how")


def test_an_evaluated_sensor_knows_the_code_that_it_stands_in(small: Small) -> None:
    @dg.job
    def load() -> None:
        pass

    @dg.sensor(job=load)
    def watch() -> None:
        pass

    nightly = dg.ScheduleDefinition(name="nightly", job=load, cron_schedule="0 3 * * *")
    defs = dg.Definitions(jobs=[load], sensors=[watch], schedules=[nightly])
    assert OwnCode.of(dg.build_sensor_context(small.instance)) is None
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name="m")
    with dg.build_sensor_context(
        small.instance, repository_def=defs.get_repository_def(), sensor_name="watch"
    ) as context:
        context._code_location_origin = InProcessCodeLocationOrigin(target, location_name="retail")
        own = OwnCode.of(context)
    assert own == OwnCode(
        "retail",
        "__repository__",
        frozenset({("__repository__", "watch"), ("__repository__", "nightly")}),
    )
