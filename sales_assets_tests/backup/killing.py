"""A process that is killed before any one of the changes that it makes to files.

Belongs here: forking it, counting its changes, SIGKILL. Does not: any expectation.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

_CHANGES = frozenset(
    {
        *("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.utime"),
        *("shutil.copyfile", "sqlite3.connect", "subprocess.Popen"),
    }
)
_WRITING = os.O_WRONLY | os.O_RDWR


def killed_before(step: int, work: Callable[[], object]) -> bool:
    """Do some work in a fork of this process that is killed before its change of a number.

    False if it has ended by then. An error of the work is one of the test.
    """
    child = os.fork()
    if child == 0:
        _work_and_die(step, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the work failed; see what it printed"
    return False


def _work_and_die(step: int, work: Callable[[], object]) -> None:
    made = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal made
        flags = arguments[2] if event == "open" else 0
        if event in _CHANGES or (isinstance(flags, int) and flags & _WRITING):
            made += 1
            if made == step:
                os.kill(os.getpid(), signal.SIGKILL)

    code = 1
    try:
        sys.addaudithook(watch)
        work()
        code = 0
    except BaseException:  # noqa: BLE001  # the parent is told by the code
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)
