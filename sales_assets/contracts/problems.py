"""What is wrong with a contract, gathered so that all of it is told at once.

Belongs here: that list and the checks on single words that several modules need. Does not:
what each field of a contract may say (`fields`, `rules`, `load`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import CustomProperty

from sales_assets.errors import ContractError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_?")


@dataclass
class Problems:
    """What is wrong with a contract so far."""

    found: list[str] = field(default_factory=list)

    def add(self, where: str, what: str, fix: str) -> None:
        """Note that the field `where` is wrong, and what to write instead."""
        self.found.append(f"{where}: {what}" + (f"; {fix}" if fix else ""))

    def raise_if_any(self, file: Path) -> None:
        """Raise ContractError with every problem, if there is one."""
        if self.found:
            raise ContractError(f"{file}:\n  " + "\n  ".join(self.found))

    def identifier(self, where: str, name: object) -> str:
        """A name that is safe as a part of keys, folders and SQL.

        `__` is kept for the columns that the generated SQL adds.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self.add(where, f"is '{name or ''}'", "use lower-case letters, digits and single _")
            return ""
        return name

    def properties(
        self, where: str, entries: Sequence[CustomProperty] | None, known: set[str]
    ) -> dict[str, Any]:
        """The values of `customProperties`, each of which has to be known and there once."""
        values: dict[str, Any] = {}
        for index, entry in enumerate(entries or []):
            if entry.property not in known:
                self.add(
                    f"{where}[{index}].property",
                    f"'{entry.property}' is unknown",
                    f"use one of {', '.join(sorted(known))}",
                )
            elif entry.property in values:
                self.add(
                    f"{where}[{index}].property", f"'{entry.property}' is there twice", "keep one"
                )
            else:
                values[entry.property] = entry.value
        return values
