"""Checkouts, environments and folders: what a release is made of."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Set
from pathlib import Path

import psutil
import pytest

from sales_assets.errors import PermanentError, TransientError, UsageError
from sales_assets.platform.deployments.checkouts import Checkouts
from sales_assets.platform.deployments.commands import call
from sales_assets.platform.deployments.environments import OwnEnvironment, VirtualEnvironments
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.making import Maker
from sales_assets.platform.deployments.records import Record, write_record
from sales_assets.platform.teams import Teams
from sales_assets.settings import Settings, variables_for_tools
from sales_assets_tests.platform.deployments.trial import commit, git, make_repository
from sales_assets_tests.serving import until


def _checkouts(tmp_path: Path, repository: str) -> Checkouts:
    return Checkouts(Folders(tmp_path / "home"), repository, variables_for_tools(), 60)


def test_a_tag_a_branch_and_a_commit_are_found_as_they_are_now(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    first = commit(repository, "v1")
    checkouts = _checkouts(tmp_path, str(repository))
    assert [checkouts.resolve(ref) for ref in ("v1", "main", first)] == [first] * 3
    second = commit(repository, "v2")
    git(repository, "tag", "--force", "v1", second)
    assert [checkouts.resolve(ref) for ref in ("v1", "main", first)] == [second, second, first]
    checkouts.check_out(first, tmp_path / "one")
    checkouts.check_out(second, tmp_path / "two")
    assert "v1" in (tmp_path / "one/team_code/late.py").read_text()
    assert "v2" in (tmp_path / "two/team_code/late.py").read_text()


@pytest.mark.parametrize("ref", ["", "-v", "--upload-pack=touch /tmp/x", "v9", "main^{tree}"])
def test_what_is_no_commit_is_refused(tmp_path: Path, ref: str) -> None:
    repository = make_repository(tmp_path / "repository")
    commit(repository, "v1")
    with pytest.raises(UsageError, match=r"no such tag|neither a tag nor"):
        _checkouts(tmp_path, str(repository)).resolve(ref)


def test_a_repository_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"git of .*nowhere"):
        _checkouts(tmp_path, str(tmp_path / "nowhere")).resolve("v1")
    with pytest.raises(UsageError, match="neither a tag nor a repository"):
        _checkouts(tmp_path, "--upload-pack=x").resolve("v1")


def test_a_program_that_takes_too_long_is_ended_with_those_it_called(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {pid}; wait"
    with pytest.raises(TransientError, match="took more than"):
        call(["sh", "-c", script], what="it", environment=variables_for_tools(), seconds=1)
    until("the end of what it called", lambda: _has_ended(int(pid.read_text())), 60)


def _has_ended(pid: int) -> bool:
    """Also if nobody has waited for it yet; it was killed, which takes it a moment."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no-such-program is not installed"):
        call(["no-such-program"], what="it", environment={}, seconds=9)


def test_a_home_with_a_long_path_has_its_sockets_elsewhere_and_nobody_else_may_look(
    tmp_path: Path,
) -> None:
    for home in (tmp_path, tmp_path / ("long" * 30)):
        sockets = [Folders(home).new_socket(team) for team in ("a" * 63, "a" * 62 + "b", "a" * 16)]
        assert len({socket.name.split("-")[0] for socket in sockets}) == 3
        assert all(len(str(socket)) < 100 for socket in sockets)
        socket = sockets[0]
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        assert socket.parent == Folders(home).sockets
        Folders(home).sockets.rmdir()
    assert tmp_path not in socket.parents


def test_a_folder_of_sockets_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "platform").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "platform" / "secrets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermanentError, match="remove it"):
        Folders(tmp_path).secrets("alpha")


def _wheel(folder: Path, version: str) -> None:
    """A package of one module, as pip installs it."""
    folder.mkdir(exist_ok=True)
    about = f"Metadata-Version: 2.1\nName: tiny-part\nVersion: {version}\n"
    info = f"tiny_part-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tiny_part-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_part.py", f"VERSION = '{version}'\n")
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def _release(folder: Path, version: str, description: str = "") -> Path:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "a"\nversion = "1"\ndescription = "{description}"\n'
        'dependencies = ["tiny-part"]\n[project.optional-dependencies]\nmore = ["absent"]\n'
    )
    (folder / "constraints.txt").write_text(f"tiny-part=={version}\n")
    return folder


@pytest.mark.long
def test_releases_that_need_the_same_packages_share_an_environment_and_others_do_not(
    tmp_path: Path,
) -> None:
    for version in ("1.0", "2.0"):
        _wheel(tmp_path / "wheels", version)
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    environments = VirtualEnvironments(
        Folders(tmp_path / "home"), {**variables_for_tools(), **pip}, 300
    )
    one = environments.python_for(_release(tmp_path / "one", "1.0"))
    same = environments.python_for(_release(tmp_path / "same", "1.0", "another text"))
    two = environments.python_for(_release(tmp_path / "two", "2.0"))
    assert one == same != two
    told = [
        subprocess.check_output(
            [python, "-c", "import tiny_part; print(tiny_part.VERSION)"], text=True
        ).strip()
        for python in (one, two)
    ]
    assert told == ["1.0", "2.0"]

    with pytest.raises(PermanentError, match=r"pip: (.|\n)*tiny-part==3\.0"):
        environments.python_for(_release(tmp_path / "three", "3.0"))
    folders = set(environments.folders.environments.iterdir())
    assert folders == {one.parent.parent, two.parent.parent}

    environments.prune({two})
    assert one.exists()  # it may be that of a deployment that has just begun
    os.utime(one.parent.parent / "complete", (0, 0))
    os.utime(two.parent.parent / "complete", (0, 0))
    environments.prune({two})
    assert (one.exists(), two.exists()) == (False, True)
    assert Path(sys.executable).exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "is not in the release"),
        ("[project", "is no TOML"),
        ('[project]\ndynamic = ["dependencies"]', "its dependencies are dynamic"),
    ],
)
def test_a_release_that_does_not_say_what_it_needs_is_refused(
    tmp_path: Path, text: str | None, why: str
) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(PermanentError, match=why):
        VirtualEnvironments(Folders(tmp_path / "home"), {}, 9).python_for(tmp_path)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_release_whose_needs_are_a_link_to_another_file_is_refused(
    tmp_path: Path, name: str
) -> None:
    release = _release(tmp_path / "release", "1.0")
    (tmp_path / "private").write_text("[project]\n")
    (release / name).unlink()
    (release / name).symlink_to(tmp_path / "private")
    with pytest.raises(PermanentError, match=f"{name}: is a symbolic link"):
        VirtualEnvironments(Folders(tmp_path / "home"), {}, 9).python_for(release)


def test_nobody_else_may_look_at_what_releases_are_made_of(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    made = [folders.environments, folders.releases("alpha").parent, folders.mirror("x").parent]
    assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700] * 3


def test_an_environment_that_another_deployment_removes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = VirtualEnvironments(Folders(tmp_path), {}, 9)
    folder = environments.folders.environments
    (old := folder / "old").mkdir()
    os.utime(old, (0, 0))
    listed = [folder / "gone", old]
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(listed))
    environments.prune(set())
    assert not old.exists()


TEAM = Teams.model_validate({"version": 1, "admins": ["a@example.com"], "teams": {"alpha": {}}})


class _Pruned(OwnEnvironment):
    """Notes which environments are in use."""

    def __init__(self) -> None:
        self.told: list[set[Path]] = []

    def prune(self, used: Set[Path]) -> None:
        self.told.append(set(used))


def test_a_record_of_another_team_that_cannot_be_read_keeps_environments_and_nobody_from_deploying(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pruned = _Pruned()
    maker = Maker.of(Settings(home=tmp_path), TEAM, pruned)
    write_record(maker.folders, Record(team="beta"))
    maker.remove_unused("alpha")
    assert pruned.told == [set()]
    maker.folders.record("beta").write_text("{")
    with caplog.at_level(logging.WARNING, "sales_assets"):
        maker.remove_unused("alpha")
    assert pruned.told == [set()]
    assert "beta.json: cannot be read" in caplog.text
