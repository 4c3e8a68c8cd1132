"""What stands in the place of personal values: pseudonyms, which are keyed hashes, and masks.

Belongs here: the words, the keys and the hash in SQL. Does not: which values are personal (the
contract's `classification`), or where they stand (`judging`).

A pseudonym is HMAC-SHA256 (RFC 2104), cut to 128 bits, of the value as text. Without the key nobody
can tell, not even by trying all e-mail addresses, whose it is; the same value has the same one in
all sources that use the same key.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column, Mapping, Reference, SourceContract
from sales_assets.contracts.problems import Problems
from sales_assets.errors import UsageError
from sales_assets.key_file import make_key

if TYPE_CHECKING:
    import duckdb

MASK = "***"
"""Stands for a personal value where a person reads what was rejected."""
WITHHELD = "(withheld: such a line may hold personal data; see the line of the file)"
"""Stands for a line whose fields cannot be told apart, if some of them are personal."""
_BLOCK = 64
"""SHA-256 works on blocks of 64 bytes (FIPS 180-4); a key of HMAC may be as long."""
_BYTES = 32
_INNER, _OUTER = 0x36, 0x5C
"""RFC 2104's ipad and opad."""


def pseudonym(text: str) -> str:
    """The SQL of a text's pseudonym: 32 hexadecimal digits, NULL for NULL."""
    inner = f"unhex(sha256(getvariable('pseudonym_inner') || encode({text})))"
    return f"left(sha256(getvariable('pseudonym_outer') || {inner}), 32)"


def set_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection the key; it is bound, so that no statement or error message shows it."""
    padded = key.ljust(_BLOCK, b"\0")
    for name, pad in (("inner", _INNER), ("outer", _OUTER)):
        block = bytes(byte ^ pad for byte in padded)
        connection.execute(f"SET VARIABLE pseudonym_{name} = ?::BLOB", [block])


def personal_names(columns: Sequence[Column], references: Sequence[Reference]) -> set[str]:
    """The names, as expressions have them, of all columns with personal values."""
    names = {column.name for column in columns if column.is_personal}
    for reference in references:
        names |= {f"{reference.name}.{c.name}" for c in reference.columns if c.is_personal}
    return names


def is_pseudonym(contract: SourceContract, mapping: Mapping) -> bool:
    """Whether a canonical column comes from personal values, and so holds pseudonyms."""
    return not personal_names(contract.columns, contract.references).isdisjoint(mapping.sources)


def needs_key(contract: SourceContract) -> bool:
    """Whether anything of the contract's personal values leaves the staged lines."""
    return any(is_pseudonym(contract, mapping) for mapping in contract.mappings) or (
        contract.across_days is not None
        and any(contract.column(name).is_personal for name in contract.keys[0])
    )


def refuse_clear_values(
    problems: Problems, mappings: Sequence[Mapping], personal: Collection[str]
) -> None:
    """Refuse mappings that use personal columns for anything but a text that may be missing."""
    texts = {c.name for c in MAPPED_COLUMNS if c.type is LogicalType.STRING and not c.required}
    for mapping in mappings:
        used = [name for name in mapping.sources if name in personal]
        if used and mapping.name not in texts:
            problems.add(
                f"schema.revenue.{mapping.name}.transformLogic",
                f"uses {', '.join(used)}, of which only pseudonyms may leave the staged lines",
                "use other columns, or classify it as internal",
            )


def read_key(folder: Path, name: str, *, make: bool = True) -> bytes:
    """The key in `folder/name.key`; if there is none yet, one is made at random, if it may be.

    Raises UsageError for a file that is no key, and for a missing one that may not be made, or
    cannot be, as in a folder that is mounted from a secret.
    """
    file = folder / f"{name}.key"
    if not file.exists():
        if not make:
            raise _missing(file, "each machine would make another one")
        try:
            make_key(file, _BYTES)
        except OSError as error:
            raise _missing(file, f"none can be made: {error.strerror}") from error
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read as hexadecimal digits ({error})") from error
    if not _BYTES <= len(key) <= _BLOCK:
        raise UsageError(
            f"{file}: holds {len(key)} bytes; a key of pseudonyms has {_BYTES} to {_BLOCK}"
        )
    return key


def _missing(file: Path, reason: str) -> UsageError:
    return UsageError(
        f"{file}: there is no such key of pseudonyms ({reason}); put one there that is the same on "
        f"all machines, {_BYTES} random bytes as `openssl rand -hex {_BYTES}` writes them, or name "
        "the folder that has it by SALES_ASSETS_PSEUDONYM_KEYS"
    )
