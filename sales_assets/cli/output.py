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
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextmanager
def waiting() -> Iterator[None]:
    """Show only that a command waits for another one."""
    with progress():
        logging.getLogger("sales_assets").setLevel(logging.WARNING)
        yield
