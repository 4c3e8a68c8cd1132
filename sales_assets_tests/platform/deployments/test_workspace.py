from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from dagster._core.workspace.load_target import WorkspaceFileTarget
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.workspace import (
    ensure_workspace,
    remove_location,
    set_socket,
    socket_of,
)

NAMES = st.sampled_from(["alpha", "beta", "gamma", "a_b", "on"])


def _lines(folders: Folders, without: str) -> list[str]:
    lines = folders.workspace.read_text().splitlines(keepends=True)
    return [line for line in lines if line.startswith("  - ") and f'"{without}"' not in line]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, st.sampled_from(["/s/1", "/s/2 ü", '/s/"3', None])), max_size=8))
def test_a_change_of_one_location_leaves_the_lines_of_the_others_as_they_are(
    changes: list[tuple[str, str | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        folders = Folders(Path(folder))
        ensure_workspace(folders)
        expected: dict[str, str] = {}
        for name, socket in changes:
            others = _lines(folders, name)
            if socket is None:
                remove_location(folders, name)
                expected.pop(name, None)
            else:
                set_socket(folders, name, Path(socket))
                expected[name] = socket
            assert _lines(folders, name) == others
            assert socket_of(folders, name) == (Path(socket) if socket else None)
        loaded = yaml.safe_load(folders.workspace.read_text())["load_from"]
        found = [one["grpc_server"] for one in loaded]
        assert {one["location_name"]: one["socket"] for one in found} == expected


def test_locations_that_change_at_the_same_time_are_all_there(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    names = [f"team_{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: set_socket(folders, name, Path(f"/s/{name}")), names))
    target = WorkspaceFileTarget([str(folders.workspace)])
    assert {origin.location_name for origin in target.create_origins()} == set(names)


def test_dagster_takes_a_workspace_without_locations(tmp_path: Path) -> None:
    file = ensure_workspace(Folders(tmp_path))
    assert list(WorkspaceFileTarget([str(file)]).create_origins()) == []
