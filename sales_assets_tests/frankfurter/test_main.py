"""That the stand-in can be run and disturbed from the command line.

Belongs here: the commands, against a process of its own. Does not: what faults do (`test_faults`).
"""

from __future__ import annotations

import inspect
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from sales_assets_tests.frankfurter.__main__ import OPTIONS, main
from sales_assets_tests.frankfurter.faults import FAULTS
from sales_assets_tests.frankfurter.server import StandIn

COMMAND = [sys.executable, "-m", "sales_assets_tests.frankfurter"]
LATEST = "/latest?symbols=USD"


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(ending: signal.Signals) -> None:
    with served("--until", "2024-01-31") as (process, url):
        assert httpx.get(url + LATEST).json()["date"] == "2024-01-31"

        process.send_signal(ending)

        assert process.wait(10) == 0


def test_it_serves_until_it_is_told_to_stop() -> None:
    with served() as (process, url):
        port = str(httpx.URL(url).port)

        assert main(["stop", "--port", port]) == 0

        assert process.wait(10) == 0
        assert main(["stop", "--port", port]) == 1


def test_an_outage_and_the_recovery(capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn() as stand_in:
        port = ["--port", str(stand_in.port)]

        assert main(["fault", "server-error", "--status", "502", "--for-ever", *port]) == 0
        outage = [httpx.get(stand_in.url + LATEST).status_code for _ in range(3)]
        assert main(["recover", *port]) == 0
        recovered = httpx.get(stand_in.url + LATEST).status_code
        assert main(["calls", *port]) == 0

        assert (outage, recovered) == ([502] * 3, 200)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split("  ")[:2] for line in lines] == [
            [f"GET /v1{LATEST}", status] for status in ("502", "502", "502", "200")
        ]
        assert lines[0].endswith("server_error")


def test_a_fault_has_options_and_calls(capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn() as stand_in:
        port = ["--port", str(stand_in.port)]
        of = ["--currency", "usd", "--on", "2026-10-30", "--value", "1,1172"]

        assert main(["fault", "text", *of, "--nth", "2", "--times", "2", *port]) == 0
        found = [httpx.get(stand_in.url + LATEST).json()["rates"]["USD"] for _ in range(4)]

        assert found == [1.1172, "1,1172", "1,1172", 1.1172]
        late = ["--as-date", "--retry-after", "5", "--delay", "0.1", "--kind", "range"]
        assert main(["fault", "too-many-requests", *late, *port]) == 0
        assert httpx.get(stand_in.url + LATEST).status_code == 200
        assert httpx.get(f"{stand_in.url}/2026-10-29..").headers["retry-after"].endswith("GMT")


def test_days_pass_for_a_running_one() -> None:
    with StandIn() as stand_in:
        port = ["--port", str(stand_in.port)]

        assert main(["publish", "--until", "2024-01-31", *port]) == 0
        assert httpx.get(stand_in.url + LATEST).json()["date"] == "2024-01-31"
        assert main(["publish", *port]) == 0
        assert httpx.get(stand_in.url + LATEST).json()["date"] == "2026-10-30"


def test_what_cannot_be_done_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn() as stand_in:
        port = ["--port", str(stand_in.port)]

        assert main(["fault", "hang", "--times", "0", *port]) == 1
        assert "for one or more" in capsys.readouterr().err
        assert main(["serve", *port]) == 1
        assert "in use" in capsys.readouterr().err
    assert main(["calls", *port]) == 1
    assert "no stand-in answers on port" in capsys.readouterr().err


def test_control_beside_the_api_is_no_call_of_it() -> None:
    with StandIn() as stand_in:
        server = f"http://127.0.0.1:{stand_in.port}"

        assert httpx.post(f"{server}/_faults", json={"name": "plague"}).status_code == 400
        assert httpx.post(f"{server}/_faults", json={}).status_code == 400
        assert httpx.get(f"{server}/_nothing").status_code == 400
        assert httpx.post(f"{server}/_faults", json={"name": "html"}).status_code == 200
        assert httpx.delete(f"{server}/_faults").status_code == 200
        assert httpx.get(f"{server}/_calls").json() == []

        assert stand_in.most_at_once == 0


def test_every_option_of_a_fault_is_one_of_its_command() -> None:
    names = {name for make in FAULTS.values() for name in inspect.signature(make).parameters}

    assert names == OPTIONS.keys()
