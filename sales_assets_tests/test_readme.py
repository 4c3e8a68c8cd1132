"""Every command in the README works as written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sales_assets.workers import QUEUES
from sales_assets_tests.conftest import skip_or_fail
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.services import RABBITMQ, drop_database, need, remove_queues

README = (PROJECT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
[WORKERS] = [block for block in BLOCKS if "sales-assets worker " in block]
"""Commands for a terminal of its own: they have a test of their own."""
COMMANDS = [
    line for block in BLOCKS if block != WORKERS for line in block.splitlines() if line.strip()
]
NOT_FROM_HERE = {"make test", "make check"}
"""They run this very test; that they are there is tested below."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as a newcomer clones it, with this environment as its `.venv`."""
    if not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("the tests do not run in the virtual environment that make installs")
    folder = tmp_path_factory.mktemp("clone") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def env(clone: Path) -> Mapping[str, str]:
    """The copy's own package and home, in front of the installed ones."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    return {**kept, "PYTHONPATH": str(clone)}


@contextmanager
def running(command: str, clone: Path, env: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        shlex.split(command), cwd=clone, env=env, start_new_session=True, stdout=subprocess.DEVNULL
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
    assert targets >= {"run", "ui", "test", "check"}
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=PROJECT, check=True, capture_output=True)


@pytest.mark.long
def test_every_command_of_the_readme_runs_in_its_order(clone: Path, env: Mapping[str, str]) -> None:
    conversions: list[str] = []
    for command in COMMANDS:
        if command in NOT_FROM_HERE or command == "make ui":
            continue
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            env = {**env, name: value.replace("$PWD", str(clone))}
            continue
        if command.startswith("unset "):
            env = {name: value for name, value in env.items() if name not in command.split()}
            continue
        done = subprocess.run(
            command, shell=True, cwd=clone, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
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
    clone: Path, env: Mapping[str, str], trial: str, tmp_path: Path
) -> None:
    assert "sales_trial" in WORKERS
    with (tmp_path / "told").open("w+") as told:
        shell = subprocess.Popen(
            ["bash", "-ex", "-c", WORKERS.replace("sales_trial", trial)],
            cwd=clone,
            env=dict(env),
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
    logs = [(clone / f"{queue}.log").read_text() for queue in QUEUES]
    assert code == 0, "\n".join([text, *logs])
    [counted] = [line for line in text.splitlines() if "69793.3000" in line]
    assert "4232" in counted
    for queue, log in zip(QUEUES, logs, strict=True):
        assert f"{trial}.{queue}" in log
        assert "Task execute_plan" in log, f"the worker of {queue} was given a step"


@pytest.mark.long
def test_make_ui_serves_the_ui_on_port_3000(clone: Path, env: Mapping[str, str]) -> None:
    with running("make ui", clone, env):
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
