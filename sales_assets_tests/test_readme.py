"""Every command in the README works as written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sales_assets.workers import QUEUES
from sales_assets_tests.conftest import skip_or_fail
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.newcomer import Terminal, blocks_of, clone_of_project, commands_of
from sales_assets_tests.services import RABBITMQ, drop_database, need, remove_queues

README = (PROJECT / "README.md").read_text()
[WORKERS] = [block for block in blocks_of(README) if "sales-assets worker " in block]
"""Commands for a terminal of its own: they have a test of their own."""
COMMANDS = commands_of(README.replace(WORKERS, ""))
NOT_FROM_HERE = {"make test", "make check", "make ui", "make platform"}
"""Two run this very test, two serve until they are ended and have a test of their own."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as a newcomer clones it."""
    return clone_of_project(tmp_path_factory.mktemp("clone") / "project")


@pytest.fixture
def terminal(clone: Path) -> Terminal:
    """A new terminal in it."""
    return Terminal(clone)


@contextmanager
def running(command: str, terminal: Terminal) -> Iterator[None]:
    process = subprocess.Popen(
        shlex.split(command),
        cwd=terminal.folder,
        env=terminal.env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_the_readme_names_only_files_that_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    paths = re.findall(r"`([a-z_./]+/)`", README)
    for name in [*links, *paths]:
        if not name.startswith(".sales_assets"):
            found = (PROJECT / name).exists() or (PROJECT / "sales_assets" / name).exists()
            assert found, f"{name} is not there"


def test_every_make_target_of_the_readme_exists() -> None:
    targets = {command.split()[1] for command in COMMANDS if command.startswith("make ")}
    assert targets >= {"run", "ui", "platform", "test", "check"}
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=PROJECT, check=True, capture_output=True)


@pytest.mark.long
def test_every_command_of_the_readme_runs_in_its_order(terminal: Terminal) -> None:
    conversions: list[str] = []
    for command in COMMANDS:
        if command in NOT_FROM_HERE:
            continue
        done = terminal.type(command)
        if command == "make run":
            assert "817,860.05 USD" in done.stdout
            assert "49,468,920.74 AUD" in done.stdout
            assert "43,852,051.67 EUR" in done.stdout
            assert "35,541,107.96 USD" in done.stdout
            assert "sales_report.html" in done.stdout
        if "infer" in command:
            assert "It accepts 2 of the sample's 2 lines." in done.stderr
            assert "all 2 values fit dd.MM.yyyy and MM.dd.yyyy; e.g. '03.04.2024'" in done.stderr
        if "check teeladen.csv" in command:
            assert "net amount 1,034.30 EUR" in done.stdout
        if "laden/teeladen" in command:
            assert "1009.8000" in done.stdout
            assert "24.5000" in done.stdout
        if "rate_state" in command:
            conversions += [done.stdout]
        if command.startswith(".venv/bin/sales-assets query") and "sum(net_amount)" in command:
            assert "69148314.9900" in done.stdout
            assert "46150309.6300" in done.stdout
            assert "817860.0500" in done.stdout
        if "sales_assets.analysis" in command:
            assert "69793.3000" in done.stdout, "January of the pizzeria"
        if "sum(net_revenue) from daily_revenue group by 1, 2" in command:
            assert "69793.3000" in done.stdout, "January of the pizzeria, on the stand-ins"
    outage, recovered = conversions
    assert outage.count("stale") == 2
    assert outage.count("2015-01-30") == 1 + 5, "all five days are at the rates of one Friday"
    assert "stale" not in recovered
    assert recovered.count("current") == 5


@pytest.fixture
def trial() -> Iterator[str]:
    """A name for what the commands of the workers make on servers, where nothing of it stays."""
    if shutil.which("createdb") is None:
        skip_or_fail("PostgreSQL's command createdb is not there")
    need("RabbitMQ", 5672)
    need("PostgreSQL", 5432)
    name = f"sales_trial_{uuid.uuid4().hex[:8]}"
    try:
        yield name
    finally:
        drop_database(name)
        remove_queues(RABBITMQ, f"{name}.")


@pytest.mark.long
def test_the_workers_of_the_readme_do_what_one_process_does(
    terminal: Terminal, trial: str, tmp_path: Path
) -> None:
    assert "sales_trial" in WORKERS
    with (tmp_path / "told").open("w+") as told:
        shell = subprocess.Popen(
            ["bash", "-ex", "-c", WORKERS.replace("sales_trial", trial)],
            cwd=terminal.folder,
            env=terminal.env,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = shell.wait(timeout=900)
        finally:  # workers of a shell that failed
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
        told.seek(0)
        text = told.read()
    logs = [(terminal.folder / f"{queue}.log").read_text() for queue in QUEUES]
    assert code == 0, "\n".join([text, *logs])
    [counted] = [line for line in text.splitlines() if "69793.3000" in line]
    assert "4232" in counted
    for queue, log in zip(QUEUES, logs, strict=True):
        assert f"{trial}.{queue}" in log
        assert "Task execute_plan" in log, f"the worker of {queue} was given a step"


@pytest.mark.long
def test_make_ui_serves_the_ui_on_port_3000(terminal: Terminal) -> None:
    with running("make ui", terminal):
        deadline = time.monotonic() + 180
        while True:
            try:
                with urllib.request.urlopen(
                    "http://127.0.0.1:3000/server_info", timeout=5
                ) as answer:
                    assert answer.status == 200
                    break
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline, "the UI does not answer"
                time.sleep(1)


def test_a_source_of_ones_own_begins_with_a_proposed_contract_and_is_asked_for() -> None:
    own = [command for command in COMMANDS if "teeladen" in command]
    words = [
        word
        for command in own
        for word in ("infer", "check", "land", "materialize", "query")
        if f"sales-assets {word} " in command
    ]
    assert words == ["infer", "check", "land", "materialize", "query"]
