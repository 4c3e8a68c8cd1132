"""Fixtures that all tests share: an installation in a temporary folder, and the shared data."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from sales_assets_tests.harness import Installation
from sales_assets_tests.snowflake.running import SnowflakeServer, serving

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of what a script's shell starts by `&`
    # Dagster's servers take SIGTERM for SIGINT: those of the tests would not end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of what else the machine does than of the code.
hypothesis.settings.register_profile("on any machine", deadline=None)
hypothesis.settings.load_profile("on any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the tests in a browser."""
    parser.addoption(
        "--screenshots", type=Path, help="Folder for pictures of what the tests in a browser see."
    )


def skip_or_fail(reason: str) -> NoReturn:
    """Skip with a plain reason; fail where everything has to be there (REQUIRE_SERVICES=1)."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith(("SALES_ASSETS_", "DAGSTER_")):
            monkeypatch.delenv(name)


@event.listens_for(Engine, "connect")
def _without_waiting_for_the_disk(connection: Any, _: object) -> None:
    """Transactions stay transactions; SQLite only does not flush each one to the platter."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """The shipped sources, embedded, in a folder of its own."""
    with Installation(tmp_path / "home") as made:
        yield made


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 and SQS server in this process."""
    from sales_assets_tests.s3 import serving_s3  # moto takes a second

    with serving_s3() as address:
        yield address


@pytest.fixture
def endpoint(s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of an S3 and SQS server, with credentials for it in the environment."""
    from sales_assets_tests.s3 import set_credentials

    set_credentials(monkeypatch, tmp_path)
    return s3_server


@pytest.fixture
def bucket(endpoint: str) -> str:
    """An empty bucket."""
    from sales_assets_tests.s3 import new_bucket

    return new_bucket()


@pytest.fixture(scope="session")
def uci_files() -> list[Path]:
    """The daily files of a real web shop, which are not part of this project."""
    files = sorted((SHARED_DATA / "uci_online_retail" / "by-day").glob("*.csv"))
    if not files:
        skip_or_fail(f"the web shop's files are not beside the project, in {SHARED_DATA}")
    return files


@pytest.fixture(scope="session")
def adventureworks() -> Path:
    """The folder of a bicycle maker's order lines, which are not part of this project."""
    folder = SHARED_DATA / "adventureworks"
    if not (folder / "orders.zip").is_file():
        skip_or_fail(f"the bicycle maker's files are not beside the project, in {folder}")
    return folder


@pytest.fixture(scope="session")
def snowflake_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeServer]:
    """A Snowflake that the real connector talks to, on loopback."""
    with serving(tmp_path_factory.mktemp("snowflake")) as server:
        yield server
