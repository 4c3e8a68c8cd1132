"""Inputs of the fuzzer: one of the corpus' contracts and the bytes of a drop.

Belongs here: how such an input is written as bytes, and the corpus' drops as seeds. Does not: what
is promised of it (`reader`, `walk`).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sales_assets.contracts.model import Dialect, SourceContract
from sales_assets.contracts.unpacking import PACKED
from sales_assets_tests.contracts.test_corpus import (
    CASES,
    SIGNS,
    contract_of,
    drops_of,
    read_case,
)

__all__ = ["SIGNS", "Input", "Inputs", "seeds"]

HEAD = 4
"""Bytes before those of the drop: two for the contract, one for a choice, one for `LAYOUTS`."""
PACK = 2
"""The bit of the choice that packs the drop; the others are the targets' own."""
LAYOUTS: tuple[dict[str, Any], ...] = (
    {"quoted_newlines": True},
    {"comment_char": "#"},
    {"footer": "T"},
    {"header_search": True},
    {"comment_rows": (3,)},
    {"missing_values": ("", "2", "tea")},
    {"quote_char": "'"},
    {"delimiter": ";"},
)
"""What each bit of a byte adds to the layout of a contract that does not say it: the corpus'
contracts are of one thing each, and here they meet."""


@dataclass(frozen=True)
class Input:
    """A drop, the contract that it is read by, and a number that chooses how."""

    case: str
    contract: SourceContract
    name: str
    content: bytes
    choice: int


class Inputs:
    """The contracts of the corpus, each loaded once, with inputs for them.

    The drop's bytes are not taken with atheris' `FuzzedDataProvider`, so that seeds can be written
    and run without it.
    """

    def __init__(self, folder: Path) -> None:
        self._known: list[tuple[str, SourceContract, str]] = []
        for case in CASES:
            (name,) = drops_of(case)
            contract = contract_of(read_case(case), folder / "contracts" / case)
            self._known.append((case, contract, name))

    def read(self, data: bytes) -> Input | None:
        """The input that the fuzzer's bytes mean; None if they are too few."""
        if len(data) < HEAD:
            return None
        case, contract, name = self._known[int.from_bytes(data[:2]) % len(self._known)]
        content, choice = data[HEAD:], data[2]
        # Hardly any change of packed bytes leaves something that can be unpacked.
        if choice & PACK and content and not name.endswith(PACKED):
            name, content = f"{name}.gz", gzip.compress(content, mtime=0)
        return Input(case, _laid_out(contract, data[3]), name, content, choice)


def _laid_out(contract: SourceContract, bits: int) -> SourceContract:
    dialect, usual = contract.dialect, Dialect()
    for number, layout in enumerate(LAYOUTS):
        (name,) = layout
        is_free = getattr(dialect, name) == getattr(usual, name)
        if name == "header_search":
            is_free &= dialect.header and dialect.header_row is None
        if bits >> number & 1 and is_free:
            dialect = replace(dialect, **layout)
    return replace(contract, dialect=dialect)


def seeds() -> dict[str, bytes]:
    """The corpus' drops by the names of their cases, written as `Inputs.read` reads them."""
    return dict(_seeds())


def _seeds() -> Iterator[tuple[str, bytes]]:
    for number, case in enumerate(CASES):
        (content,) = drops_of(case).values()
        yield case, number.to_bytes(2) + bytes([number % 256, 0]) + content
