"""Reading a contract file: YAML, checked against the standard's own JSON schema.

Belongs here: what the Open Data Contract Standard itself demands. Does not: what this
project demands beyond it (`load`). https://bitol-io.github.io/open-data-contract-standard/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from sales_assets.errors import ContractError

try:  # libyaml, where PyYAML was built with it, is ten times as fast
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

UNSETTLED = "TODO: "
"""What begins a value that somebody has to settle before the contract says anything."""
_FREE = frozenset({"physicalName", "description", "transformDescription", "purpose", "usage"})
"""Words whose texts are not ours to read."""
_LONGEST = 300
"""Characters of a message that may quote a whole contract."""


def _schema() -> Any:
    return json.loads(OpenDataContractStandard.json_schema())  # type: ignore[no-untyped-call]


@cache
def _quick() -> jsonschema_rs.Draft201909Validator:
    """Says in 1 ms, not in 40, that a contract is right; what is wrong `jsonschema` tells better.

    A code location reads the contracts of all its sources each time that it is loaded.
    """
    return jsonschema_rs.Draft201909Validator(_schema())


@cache
def _validator() -> Draft201909Validator:
    return Draft201909Validator(_schema())


def _faults(content: Any) -> list[jsonschema.ValidationError]:
    """What the standard's schema refuses."""
    # It raises for what JSON cannot hold, as a key that is no text.
    with suppress(ValueError):
        if _quick().is_valid(content):
            return []
    return sorted(_validator().iter_errors(content), key=lambda e: list(map(str, e.path)))


class _Loader(SafeLoader):
    """YAML without its dates, of which the standard's schema knows nothing, or repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise ConstructorError(None, None, f"'{key.value}' is there twice", key.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}


def read_odcs(file: Path) -> OpenDataContractStandard:
    """Read one ODCS v3 file.

    Raises ContractError naming the file and every field that the standard refuses.
    """
    try:
        # SafeLoader's subclass: it builds plain values only, as safe_load does.
        content: Any = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{file}: not a YAML file: {error}") from error
    except OSError as error:
        raise ContractError(f"{file}: cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise ContractError(f"{file}: is no contract; an ODCS v3 file is a YAML mapping")
    version = str(content.get("apiVersion", ""))
    if not version.startswith("v3."):
        raise ContractError(
            f"{file}: apiVersion is '{version}'; write apiVersion: v3.1.0 (ODCS version 3)"
        )
    if open_questions := list(_unsettled(content)):
        raise ContractError(
            f"{file}: is not settled yet; answer each TODO, as the comment above it says:\n  "
            + "\n  ".join(open_questions)
        )
    problems = [f"{_field(error.absolute_path)}: {_told(error)}" for error in _faults(content)]
    if problems:
        raise ContractError(
            f"{file}: does not follow the Open Data Contract Standard:\n  " + "\n  ".join(problems)
        )
    try:
        return OpenDataContractStandard(**content)
    except ValidationError as error:
        told = [f"{_field(item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ContractError(
            f"{file}: does not follow the Open Data Contract Standard:\n  " + "\n  ".join(told)
        ) from error


def _unsettled(content: Any, path: tuple[Any, ...] = ()) -> Iterator[str]:
    """Where a contract holds a question instead of a value."""
    if isinstance(content, str) and content.startswith(UNSETTLED):
        yield f"{_field(path)}: {content}"
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(content, dict):
        entries = content.items()
    elif isinstance(content, list):
        # The name of an entry says more than its number.
        names = [
            item.get("name") or item.get("property") if isinstance(item, dict) else None
            for item in content
        ]
        entries = [
            (name or at, item) for at, (name, item) in enumerate(zip(names, content, strict=True))
        ]
    for key, item in entries:
        if key not in _FREE:
            yield from _unsettled(item, (*path, key))


def _told(error: jsonschema.ValidationError) -> str:
    instance = error.instance
    if (
        error.message == "'map' is a required property"
        and isinstance(instance, dict)
        and "logicalType" not in instance
    ):
        # The standard's schema takes a property without a type for a map.
        return "logicalType is missing; give string, number, date or the like"
    return error.message[:_LONGEST]


def _field(path: Any) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the contract"
