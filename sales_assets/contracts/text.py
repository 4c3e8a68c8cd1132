"""A drop's text as lines and fields: counting them fast, and splitting one line with care.

Belongs here: what a line and a field are. Does not: DuckDB's reader (`reader`), or what the
fields mean (`sql`). A line ends at a line feed, as editors count; blank lines are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO

from sales_assets.contracts.model import Dialect

BLOCK = 1 << 20
"""Bytes that are looked at together."""


def split_line(dialect: Dialect, text: str) -> list[str]:
    """The fields of one line, by RFC 4180; a quote inside an unquoted field is text.

    Raises ValueError that says why the line has no fields: which quote is not closed, or what
    stands beside one.
    """
    delimiter, quote = dialect.delimiter, dialect.quote_char
    if quote not in text and "\r" not in text:
        return text.split(delimiter)
    if text.count(quote) % 2:
        raise ValueError("a quote is not closed")
    fields: list[str] = []
    start = 0
    while True:
        if text.startswith(quote, start):
            end = _closing_quote(text, quote, start + 1)
            fields.append(text[start + 1 : end].replace(quote * 2, quote))
            end += 1
            if end < len(text) and text[end] != delimiter:
                raise ValueError(f"field {len(fields)} goes on after its closing quote")
        else:
            end = text.find(delimiter, start)
            end = len(text) if end < 0 else end
            field = text[start:end]
            if field.startswith(" ") and field.lstrip(" ").startswith(quote):
                raise ValueError(f"field {len(fields) + 1} has a blank before its quote")
            if "\r" in field:
                raise ValueError(f"field {len(fields) + 1} holds a carriage return")
            fields.append(field)
        if end == len(text):
            return fields
        start = end + 1


def _closing_quote(text: str, quote: str, start: int) -> int:
    while True:
        end = text.find(quote, start)
        if end < 0:
            raise ValueError("a quote is not closed")
        if not text.startswith(quote, end + 1):
            return end
        start = end + 2


def count_lines(stream: IO[bytes], dialect: Dialect) -> tuple[int, bool]:
    """Count the lines that are not blank, and say whether both readers take them alike."""
    lines = pending = 0
    plain = True
    is_plain = _plain_test(dialect)
    while block := stream.read(BLOCK):
        block += stream.readline()  # whole lines only, so that no line lies across two blocks
        plain = plain and is_plain(block)
        if (
            block.startswith((b"\n", b"\r"))
            or b"\n\n" in block
            or (b"\r" in block and b"\n\r" in block)
        ):
            # Blank lines are rare: only a block that has some is split into lines.
            for text in block.split(b"\n")[: None if not block.endswith(b"\n") else -1]:
                if text.rstrip(b"\r"):
                    plain = plain and not pending
                    lines, pending = lines + 1, 0
                else:
                    pending += 1
        else:
            plain = plain and not pending
            lines, pending = lines + block.count(b"\n") + (not block.endswith(b"\n")), 0
    return lines, plain


def _plain_test(dialect: Dialect) -> Callable[[bytes], bool]:
    """A test of whole lines for what DuckDB's reader takes otherwise than `split_line`.

    It keeps NUL bytes, reads past bytes that are not UTF-8 in columns that nobody asks for, may
    end a line at a carriage return, lets a quoted field go on in the next line, and drops blanks
    around quotes. All of it is searched for at the speed of memory; only lines that have a blank
    beside a quote and beside a delimiter are split.
    """
    quote, delimiter = dialect.quote_char.encode(), dialect.delimiter.encode()
    neither = bytes(set(range(256)) - {*quote, *b"\n"})
    q, d = re.escape(quote), re.escape(delimiter)
    before = [re.compile(start + b" +" + q) for start in (d, b"\n", rb"\A")]
    after = [re.compile(q + b" +([\r\n" + d + q + rb"]|\Z)")]

    def quotes_are_plain(block: bytes) -> bool:
        # Of whole lines, keep the quotes and the ends: pairs vanish, an odd one stays.
        if quote in block.translate(None, neither).replace(quote * 2, b""):
            return False
        patterns = [*before] if b" " + quote in block else []
        patterns += after if quote + b" " in block else []
        return all(
            _can_be_split(dialect, line)
            for pattern in patterns
            for line in _lines_with(pattern, quote, block)
        )

    return lambda block: (
        b"\0" not in block
        and (b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"))
        and (block.isascii() or _is_utf8(block))
        and (quote not in block or quotes_are_plain(block))
    )


def _lines_with(pattern: re.Pattern[bytes], quote: bytes, block: bytes) -> Iterator[bytes]:
    """The lines that hold the quote of a match."""
    end = 0
    while match := pattern.search(block, max(end - 1, 0)):
        at = match.start() + match.group().index(quote)
        end = block.find(b"\n", at) + 1 or len(block) + 1
        yield block[block.rfind(b"\n", 0, at) + 1 : end]


def _can_be_split(dialect: Dialect, line: bytes) -> bool:
    try:
        split_line(dialect, line.decode().rstrip("\r\n"))
    except ValueError:
        return False
    return True


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
