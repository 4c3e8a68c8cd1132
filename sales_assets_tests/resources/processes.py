"""Other processes for tests: they come from a server that has imported the project already.

Starting one costs some milliseconds then, instead of the seconds of the imports.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["sales_assets_tests.harness", "duckdb", "pytest"])


def start_process(target: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    """Start a process with a connection to it as its last argument."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=target, args=(*arguments, theirs))
    process.start()
    theirs.close()  # so that the end of the process ends a wait for it
    return process, ours
