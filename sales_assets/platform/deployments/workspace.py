"""workspace.yaml: which socket each code location answers on.

Belongs here: changing the line of one location, all others staying as they are to the byte. Does
not: who reads it (webserver and daemon), or when it changes (`deploying`).
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.locks import held
from sales_assets.resources.files import whole

_HEAD = "# Written by `sales-assets deploy`: the code locations, and the sockets they answer on.\n"
_EMPTY = "load_from: []\n"
_BEGIN = "load_from:\n"
_LOCK_SECONDS = 60


def set_socket(folders: Folders, location: str, socket: Path) -> None:
    """Let a location be served by the server of this socket, from now on."""
    # JSON is YAML, and a line of its own: what a change of another team's cannot touch.
    entry = {"grpc_server": {"location_name": location, "socket": str(socket)}}
    _rewrite(folders, location, f"  - {json.dumps(entry)}\n")


def socket_of(folders: Folders, location: str) -> Path | None:
    """The socket that a location is served on."""
    for line in _lines(folders.workspace):
        entry = _entry(line)
        if entry["location_name"] == location:
            return Path(entry["socket"])
    return None


def remove_location(folders: Folders, location: str) -> None:
    """Let a location be served by nobody."""
    _rewrite(folders, location, None)


def ensure_workspace(folders: Folders) -> Path:
    """The file, which is written without locations if it is not there yet."""
    with _alone(folders):
        if not folders.workspace.exists():
            _write(folders.workspace, [])
    return folders.workspace


def _rewrite(folders: Folders, location: str, line: str | None) -> None:
    with _alone(folders):
        before = _lines(folders.workspace)
        after = [one for one in before if _location(one) != location]
        if line is not None:
            place = next((i for i, one in enumerate(before) if _location(one) == location), None)
            after.insert(len(after) if place is None else place, line)
        if after != before or not folders.workspace.exists():
            _write(folders.workspace, after)


def _alone(folders: Folders) -> AbstractContextManager[None]:
    return held(folders.lock("workspace"), _LOCK_SECONDS)


def _lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    return [
        line
        for line in file.read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.startswith(("#", "load_from"))
    ]


def _entry(line: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(line.removeprefix("  - "))["grpc_server"]
    return found


def _location(line: str) -> str:
    return _entry(line)["location_name"]


def _write(file: Path, lines: list[str]) -> None:
    with whole(file) as unfinished:
        unfinished.write_text(_HEAD + ("".join([_BEGIN, *lines]) if lines else _EMPTY))
