"""The command line as a process of its own: the script `sales-assets`.

Belongs here: how such a process begins and ends. Does not: commands.

A command is a short process that loads much: of a day's 7 CPU seconds the garbage collector took
0.3, and taking 4,000 modules apart at the end 1.4. Both are saved here, and only here: whoever
calls `sales_assets.cli.main` in a process of their own keeps it.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from sales_assets.cli import main

_NEW_OBJECTS = 200_000


def run() -> NoReturn:
    """Do what the arguments say; ends the process."""
    # A script's shell has what it starts by `&` ignore SIGINT, and Dagster takes SIGTERM for
    # SIGINT: neither would end `sales-assets ui`.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Modules and events are made to stay: Python's default looks through them every 700 objects.
    gc.set_threshold(_NEW_OBJECTS, 20, 100)
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    _end(status)


def _end(status: object) -> NoReturn:
    """End as `sys.exit` does, but without taking apart what the operating system frees at once.

    The steps are those by which `multiprocessing` ends its processes: wait for threads, call what
    was registered for the exit, flush.
    """
    with suppress(KeyboardInterrupt):  # the command has done its work
        threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    code = status if isinstance(status, int) else int(status is not None)
    if isinstance(status, str) and sys.stderr is not None:
        sys.stderr.write(f"{status}\n")
    for stream in (sys.stdout, sys.stderr):
        if stream is None or stream.closed:  # as the caller wanted it
            continue
        try:
            stream.flush()
        except OSError:  # whoever read it has gone, as in `sales-assets query ... | head`
            code = code or 1
    os._exit(code)
