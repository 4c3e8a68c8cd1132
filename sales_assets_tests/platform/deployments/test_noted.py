"""Which processes are ended that an installation left: those noted, and no bystanders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments.noted import end_noted, note


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes with the same arguments."""
    workspace = str(tmp_path / "workspace.yaml")
    command = [sys.executable, "-c", "import time; time.sleep(600)", workspace]
    started = [subprocess.Popen(command) for _ in range(2)]
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_what_was_noted_is_ended_and_a_bystander_with_the_same_arguments_is_not(
    tmp_path: Path, two: list[subprocess.Popen[bytes]]
) -> None:
    own, bystander = two
    note(file := tmp_path / "children.json", [own.pid])
    end_noted(file)
    assert not Path(f"/proc/{own.pid}").exists()
    assert bystander.poll() is None
    assert not file.exists()
    end_noted(file)


@pytest.mark.parametrize("wrong", [{"created": 1.0}, {"arguments": ["tail", "-f"]}])
def test_another_process_that_has_the_number_now_is_not_ended(
    tmp_path: Path, two: list[subprocess.Popen[bytes]], wrong: dict[str, object]
) -> None:
    note(file := tmp_path / "children.json", [two[0].pid])
    [noted] = json.loads(file.read_text())
    file.write_text(json.dumps([noted | wrong, noted | {"pid": os.getpid()}]))
    end_noted(file)
    assert two[0].poll() is None


def test_a_file_of_them_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (file := tmp_path / "children.json").write_text("{")
    with pytest.raises(PermanentError, match="end the webserver and the daemon"):
        end_noted(file)
