"""From a tag to a folder with its files.

Belongs here: Git. Does not: what is done with the files. A repository is copied once, and each
release is a worktree of the copy, so that files that did not change are not fetched again.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sales_assets.errors import PermanentError, UsageError
from sales_assets.platform.deployments.commands import call
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.locks import held

_LOCK_SECONDS = 600


@dataclass(frozen=True)
class Checkouts:
    """Checkouts of one repository."""

    folders: Folders
    repository: str
    environment: Mapping[str, str]
    seconds: float
    """How long one call of Git may take."""

    def resolve(self, ref: str) -> str:
        """The commit that a tag, branch or commit is at now, in the repository itself."""
        for text in (ref, self.repository):
            if not text or text.startswith("-"):
                raise UsageError(f"{text!r} is neither a tag nor a repository")
        with self._alone():
            self._fetch()
            for name in (f"refs/tags/{ref}", f"refs/heads/{ref}", ref):
                try:
                    told = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
                except PermanentError:
                    continue
                return told.strip()
        raise UsageError(f"{ref}: {self.repository} has no such tag, branch or commit; push it")

    def check_out(self, commit: str, folder: Path) -> None:
        """Put the files of a commit into a folder that is not there yet."""
        with self._alone():
            self._git("worktree", "prune")
            self._git("worktree", "add", "--quiet", "--detach", "--force", str(folder), commit)

    def _fetch(self) -> None:
        mirror = self._mirror
        if not (mirror / "HEAD").is_file():
            shutil.rmtree(mirror, ignore_errors=True)
            # Complete or not at all: the folder gets its name when all is there.
            unfinished = mirror.with_suffix(".tmp")
            shutil.rmtree(unfinished, ignore_errors=True)
            self._call("clone", "--quiet", "--mirror", "--", self.repository, str(unfinished))
            unfinished.rename(mirror)
        else:
            self._git("fetch", "--quiet", "--prune", "--force", "origin", "+refs/*:refs/*")

    def _git(self, *arguments: str) -> str:
        return self._call("--git-dir", str(self._mirror), *arguments)

    def _call(self, *arguments: str) -> str:
        return call(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            what=f"git of {self.repository}",
            environment={**self.environment, "GIT_TERMINAL_PROMPT": "0"},
            seconds=self.seconds,
        )

    @property
    def _mirror(self) -> Path:
        return self.folders.mirror(self.repository)

    def _alone(self) -> AbstractContextManager[None]:
        return held(self.folders.lock(self._mirror.stem), _LOCK_SECONDS)
