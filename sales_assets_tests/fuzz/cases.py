"""Inputs of the fuzzer: one of the corpus' contracts and the bytes of a drop.

Belongs here: how such an input is written as bytes, and the corpus' drops as seeds. Does not: what
is promised of it (`reader`, `walk`).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.unpacking import PACKED
from sales_assets_tests.contracts.test_corpus import (
    CASES,
    SIGNS,
    contract_of,
    drops_of,
    read_case,
)

__all__ = ["SIGNS", "Input", "Inputs", "seeds"]

HEAD = 3
"""Bytes before those of the drop: two for the contract, one for a choice."""
PACK = 2
"""The bit of the choice that packs the drop; the others are the targets' own."""


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
        return Input(case, contract, name, content, choice)


def seeds() -> dict[str, bytes]:
    """The corpus' drops by the names of their cases, written as `Inputs.read` reads them."""
    return dict(_seeds())


def _seeds() -> Iterator[tuple[str, bytes]]:
    for number, case in enumerate(CASES):
        (content,) = drops_of(case).values()
        yield case, number.to_bytes(2) + bytes([number % 256]) + content
