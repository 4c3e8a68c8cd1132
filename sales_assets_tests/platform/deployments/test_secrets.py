from __future__ import annotations

import os
from pathlib import Path

import pytest

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments.secrets import read_secrets


def _file(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "alpha.env"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_names_and_values_are_read_as_they_are_written(tmp_path: Path) -> None:
    file = _file(tmp_path, "# of alpha\nONE=a=b\nTWO='x $HOME # y'\nexport THREE=\n")
    assert read_secrets(file) == {"ONE": "a=b", "TWO": "x $HOME # y", "THREE": ""}


def test_a_team_without_a_file_has_no_secrets(tmp_path: Path) -> None:
    assert read_secrets(tmp_path / "alpha.env") == {}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(PermanentError, match="others may use it; `chmod 600` it"):
        read_secrets(_file(tmp_path, "ONE=hush", mode))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    file = _file(tmp_path, "ONE=hush")
    (tmp_path / "beta.env").symlink_to(file)
    with pytest.raises(PermanentError, match="no link is followed"):
        read_secrets(tmp_path / "beta.env")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = _file(tmp_path, "ONE=hush")
    os.chown(file, 65534, 65534)
    with pytest.raises(PermanentError, match="belongs to somebody else"):
        read_secrets(file)


@pytest.mark.parametrize("name", ["SALES_ASSETS_TEAM", "DAGSTER_HOME", "PYTHONPATH"])
def test_what_the_installation_decides_is_no_secret_of_a_team(tmp_path: Path, name: str) -> None:
    with pytest.raises(PermanentError, match=f"{name} is the installation's") as raised:
        read_secrets(_file(tmp_path, f"{name}=hush"))
    assert "hush" not in str(raised.value)


def test_a_name_without_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="ONE has no value"):
        read_secrets(_file(tmp_path, "ONE\n"))
