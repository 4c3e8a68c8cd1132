"""Pieces of YAML: any text of a file as the same text, and what people are told in comments.

Belongs here: scalars, comments, TODOs and placeholders. Does not: what the contract says
(`writing`).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from sales_assets.contracts.odcs import UNSETTLED

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./*@()-]*(?: [A-Za-z0-9_./*()]+)*")
_YAML_WORDS = frozenset(
    ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "none", "nan", "inf"]
)
_WIDTH = 100


def scalar(text: str) -> str:
    """A text as a YAML scalar that holds just this text, also inside of a flow mapping."""
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS and len(text) < _WIDTH:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable() and sign != "\ufeff":
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def comment(indent: int, text: str) -> Iterator[str]:
    """A comment at an indent, on as many lines as it needs; what cannot be seen is escaped."""
    shown = "".join(
        sign if sign.isprintable() and sign != "\ufeff" else _escaped(sign) for sign in text
    )
    lines = textwrap.wrap(
        shown, _WIDTH - indent - 4, break_long_words=False, break_on_hyphens=False
    )
    for number, line in enumerate(lines):
        yield " " * indent + ("# " if number == 0 else "#   ") + line


def todos(indent: int, texts: Iterable[str]) -> Iterator[str]:
    """What somebody has to settle, each as a comment."""
    for text in texts:
        yield from comment(indent, f"TODO: {text}.")


def placeholder(text: str) -> str:
    """A value that keeps the contract from being loaded until somebody settles it."""
    return scalar(f"{UNSETTLED}{text}")
