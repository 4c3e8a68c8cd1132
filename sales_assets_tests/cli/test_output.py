"""What a command shows of what happens below it."""

from __future__ import annotations

import logging
import sys

import pytest

from sales_assets.cli.output import progress


class Interruption(BaseException):
    """Like Dagster's: none of the errors that an `except Exception` catches."""


def told(error: BaseException) -> bool:
    """Whether a log record about `error`, of a logger that nobody configured, is printed."""
    try:
        raise error
    except type(error):
        record = logging.getLogger("sqlalchemy.pool").makeRecord(
            "sqlalchemy.pool", logging.ERROR, __file__, 1, "closing", (), sys.exc_info()
        )
    assert logging.lastResort is not None
    return bool(logging.lastResort.filter(record))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interruption()])
def test_a_library_that_logs_an_interruption_while_a_command_shows_progress_is_not_heard(
    error: BaseException,
) -> None:
    with progress():
        assert not told(error)
    assert told(error)


def test_an_error_that_a_library_logs_is_told_while_a_command_shows_progress() -> None:
    with progress():
        assert told(OSError("disk"))
