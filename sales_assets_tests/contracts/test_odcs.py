"""Reading contract files: both validators of the standard's schema say the same of a contract."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts import odcs
from sales_assets.errors import ContractError
from sales_assets_tests.harness import PROJECT

FILES = sorted((PROJECT / "sales_assets" / "sources").glob("*.yaml"))
VALUES = [
    None,
    7,
    {1: "a"},
    b"bytes",
    -1.5,
    True,
    "a text",
    "",
    [],
    {},
    ["a text"],
    {"name": 3},
    "2024-01-01",
]


def content(file: Path) -> Any:
    return yaml.load(file.read_text(), Loader=odcs._Loader)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values of a contract."""
    if path:
        yield path
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, (*path, key))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_shipped_contract_follows_the_standard(file: Path) -> None:
    assert odcs._faults(content(file)) == []
    assert odcs._validator().is_valid(content(file))


@settings(deadline=None)  # a busy machine may take its time
@given(st.data())
def test_both_validators_accept_and_refuse_the_same_changed_contracts(data: Any) -> None:
    changed = deepcopy(content(data.draw(st.sampled_from(FILES))))
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(list(places(changed))))
        node = changed
        for key in path:
            node = node[key]
        if data.draw(st.booleans()):
            del node[last]
        else:
            node[last] = data.draw(st.sampled_from(VALUES))
        if not changed:
            break

    assert bool(odcs._faults(changed)) != odcs._validator().is_valid(changed)


def test_a_key_that_is_no_text_is_a_fault_of_the_contract_and_not_of_the_program(
    tmp_path: Path,
) -> None:
    file = tmp_path / "odd.odcs.yaml"
    file.write_text(f"{FILES[0].read_text()}\n1: one\n")

    with pytest.raises(ContractError, match=r"odd\.odcs\.yaml"):
        odcs.read_odcs(file)
