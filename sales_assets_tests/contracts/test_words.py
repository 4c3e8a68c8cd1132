"""Every word of a contract that is read is explained, and no other is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import open_data_contract_standard.model as standard
import pytest
from pydantic import BaseModel

from sales_assets.contracts import words
from sales_assets.contracts.dialects import COLUMN_PROPERTIES
from sales_assets.contracts.fields import NOT_ENFORCED, OPTIONS
from sales_assets.contracts.load import load_contracts
from sales_assets_tests.contracts.builders import TILL, changed, write_contract
from sales_assets_tests.harness import PROJECT

PLACES = {
    standard.OpenDataContractStandard: "",
    standard.Description: "description.",
    standard.Team: "team.",
    standard.TeamMember: "team.members[].",
    standard.Support: "support[].",
    standard.Server: "servers[].",
    standard.ServiceLevelAgreementProperty: "slaProperties[].",
    standard.SchemaObject: "schema[].",
    standard.SchemaProperty: "schema[].properties[].",
    standard.EnumValue: "schema[].properties[].enum[].",
    standard.Relationship: "schema[].properties[].relationships[].",
    standard.DataQuality: "schema[].quality[].",
    standard.CustomProperty: "customProperties[].",
}
"""Where each of the standard's classes stands in a file."""
HOW = {"customProperties[].property", "customProperties[].value"}
"""How every custom property is written."""
REFUSED = {f"schema[].properties[].{word}" for word in NOT_ENFORCED} | {
    "schema[].relationships",
    "schema[].properties[].quality",
}
"""Looked at only to refuse them, somewhere or everywhere."""


class Compared(str):
    """A text that remembers what it was compared with."""

    seen: set[str]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            self.seen.add(str(other))
        return super().__eq__(other)

    __hash__ = str.__hash__


REFERRING: dict[str, Any] = {
    **TILL,
    "support": [{"channel": "till", "tool": "slack"}],
    "schema": [
        *TILL["schema"],
        {
            "name": "states",
            "physicalName": "shop/states.csv",
            "properties": [
                {"name": "state", "logicalType": "string", "required": True, "primaryKey": True}
            ],
        },
    ],
}
"""A contract that says what the others do not."""


@pytest.fixture
def contracts(tmp_path: Path) -> list[Path]:
    """Folders of contracts that say all that can be said."""
    link = [{"type": "foreignKey", "to": "states.state"}]
    content = changed("schema.0.properties.4.relationships", link, REFERRING)
    write_contract(tmp_path / "referring", content)
    return [
        PROJECT / "sales_assets" / "sources",
        PROJECT / "sales_assets_tests" / "data",
        tmp_path / "referring",
    ]


def test_every_field_of_the_standard_that_is_read_is_explained(
    contracts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: set[str] = set()

    def spying(self: BaseModel, name: str) -> Any:
        found = type(self).model_fields.get(name)
        if found is not None:
            read.add(f"{PLACES[type(self)]}{found.alias or name}")
        return object.__getattribute__(self, name)

    for kind in PLACES:
        monkeypatch.setattr(kind, "__getattribute__", spying)
    load_contracts(contracts)
    monkeypatch.undo()
    explained = words.STANDARD_WORDS.keys() - {"apiVersion"}  # which is looked at in the YAML
    assert read - explained - HOW - REFUSED == set()
    assert explained - read == set()


def test_every_service_level_that_is_read_is_explained(
    contracts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def spying(self: BaseModel, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name != "property":
            return value
        told = Compared(value)
        told.seen = seen
        return told

    monkeypatch.setattr(standard.ServiceLevelAgreementProperty, "__getattribute__", spying)
    load_contracts(contracts)
    assert seen == words.SERVICE_LEVEL_WORDS.keys()


def test_columns_have_exactly_the_words_and_options_that_are_explained() -> None:
    assert set().union(*COLUMN_PROPERTIES.values()) == words.COLUMN_WORDS.keys()
    assert set().union(*OPTIONS.values()) == words.OPTION_WORDS.keys()


def test_every_explained_field_is_one_of_the_standard() -> None:
    schema = json.loads(standard.OpenDataContractStandard.json_schema())  # type: ignore[no-untyped-call]
    known = {"apiVersion", *schema["properties"]}
    assert {word.split(".")[0].removesuffix("[]") for word in words.STANDARD_WORDS} <= known


@pytest.mark.parametrize("name", [name for name in vars(words) if name.endswith("_WORDS")])
def test_a_meaning_is_a_sentence(name: str) -> None:
    for word, told in getattr(words, name).items():
        assert not told or told.rstrip().endswith("."), word
