"""What all commands share: where they print, and options of the same name.

Belongs here: consoles, progress, shared options. Does not: any command.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

WIDTH = None if sys.stdout.isatty() else 120
"""Without a terminal nothing says how wide a table may be."""
out = Console(highlight=False, width=WIDTH)
err = Console(stderr=True, highlight=False)


class TableOrJson(StrEnum):
    """How a command prints what it found."""

    TABLE = "table"
    JSON = "json"


TableOrJsonOption = Annotated[TableOrJson, typer.Option("--format", "-f")]
SourceOption = Annotated[
    str | None, typer.Option("--source", "-s", help="A source, like pizzaplace; default: all.")
]


def _tells_no_interruption(record: logging.LogRecord) -> bool:
    """Whether a log record is not about Ctrl-C or SIGTERM, which the command itself tells.

    They are raised wherever the code is; SQLAlchemy, closing a connection, logs them with their
    traceback and raises them again.
    """
    error = record.exc_info[1] if record.exc_info else None
    return error is None or isinstance(error, Exception)


@contextmanager
def progress() -> Iterator[None]:
    """Show what the assets tell while they work, with the seconds since the start."""
    start = time.monotonic()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", None)
            text = meta["orig_message"] if meta else record.getMessage()
            err.print(f"{time.monotonic() - start:6.1f} s  {text}", soft_wrap=True, markup=False)

    logger = logging.getLogger("sales_assets")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = Handler()
    logger.addHandler(handler)
    unconfigured = logging.lastResort
    if unconfigured is not None:
        unconfigured.addFilter(_tells_no_interruption)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        if unconfigured is not None:
            unconfigured.removeFilter(_tells_no_interruption)


@contextmanager
def waiting() -> Iterator[None]:
    """Show only that a command waits for another one."""
    with progress():
        logging.getLogger("sales_assets").setLevel(logging.WARNING)
        yield
