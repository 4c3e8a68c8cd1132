"""How the process of a command ends: as any other Python process, but at once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sales_assets_tests.harness import PROJECT


def ending(code: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a process that runs some code and then the command."""
    code = f"{code}\nfrom sales_assets.cli.process import run\nrun()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["nonsense"], 2), (["query", "--nonsense"], 2)]
)
def test_the_exit_code_is_that_of_the_command(arguments: list[str], code: int) -> None:
    assert ending("", *arguments)[0] == code


def test_what_was_registered_for_the_exit_is_called_and_its_output_is_flushed() -> None:
    code = "import atexit\natexit.register(lambda: print('left'))"

    assert ending(code, "--help")[1].endswith("left\n")


def test_a_thread_that_is_no_daemon_is_waited_for() -> None:
    code = (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(2), print('done'))).start()"
    )

    assert "done\n" in ending(code, "--help")[1]


@pytest.mark.parametrize("status", [None, 0, 3, "a message"])
def test_it_ends_as_sys_exit_does(status: object) -> None:
    code = f"import sales_assets.cli as cli, sys\ncli.main = lambda: sys.exit({status!r})"
    expected = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.exit({status!r})"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ending(code) == (expected.returncode, expected.stdout, expected.stderr)


def test_a_process_without_a_stream_for_errors_ends_as_the_command_does() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m sales_assets --help >/dev/null 2>&-"],
        cwd=PROJECT,
        check=False,
    )

    assert done.returncode == 0


def test_a_reader_that_has_gone_is_an_exit_code_and_no_traceback() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "sales_assets", "--help"],
        cwd=PROJECT,
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_what_a_script_starts_in_the_background_is_told_of_signals_too() -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "import sales_assets.cli as cli\n"
        "cli.main = lambda: print(signal.getsignal(signal.SIGINT).__name__)"
    )

    assert ending(code)[1] == "default_int_handler\n"
