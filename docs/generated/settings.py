"""The reference of settings, from their class.

Belongs here: how a setting is shown. Does not: any setting (`sales_assets.settings`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import SecretStr

from sales_assets.settings import PREFIX, PROJECT, Settings

_KINDS = {
    bool: "true or false",
    date: "date, like 2024-01-31",
    Decimal: "number",
    float: "number",
    int: "whole number",
    Path: "folder or file",
    SecretStr: "text, never shown",
    str: "text",
}
_LIMITS = {"gt": "more than {}", "ge": "{} or more", "lt": "less than {}", "le": "at most {}"}


def settings() -> str:
    """Every setting, in the order of the class: name, type, default, meaning."""
    return "\n".join(
        f"::::{{confval}} {PREFIX}{name.upper()}\n"
        f":type: {_kind(field.annotation)}{''.join(_limits(field.metadata))}\n"
        f":default: {_default(field.default)}\n\n"
        f"{field.description}\n"
        "::::\n"
        for name, field in Settings.model_fields.items()
    )


def _kind(annotation: Any) -> str:
    """What may be written, in words; KeyError for a type that this module does not know."""
    [kind] = [of for of in get_args(annotation) or (annotation,) if of is not NoneType]
    if issubclass(kind, StrEnum):
        return " or ".join(f"`{value}`" for value in kind)
    return _KINDS[kind]


def _limits(metadata: list[Any]) -> Iterator[str]:
    for limit in metadata:
        for word, told in _LIMITS.items():
            if hasattr(limit, word):
                yield f", {told.format(getattr(limit, word))}"


def _default(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case Path() if value.is_relative_to(PROJECT):
            return f"`{value.relative_to(PROJECT)}` in the project's folder"
        case SecretStr():
            return f"`{value.get_secret_value()}`"
        case bool():
            return f"`{str(value).lower()}`"
        case float() if value.is_integer():
            value = int(value)
    return f"`{value}`"
