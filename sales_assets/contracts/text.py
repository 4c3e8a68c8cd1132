"""One line of text and its fields, and whether DuckDB's reader would find the same ones.

Belongs here: what a field is, and what a comment. Does not: which lines are data (`lines`),
DuckDB's reader (`reader`), or what the fields mean (`sql`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sales_assets.contracts.model import WHITESPACE, Dialect

LONGEST_RECORD = 50
"""Lines that one record may have; a quote that is not closed by then is taken for a stray one."""


def is_comment(dialect: Dialect, line: bytes) -> bool:
    """Whether a line is a comment by its first signs."""
    comment = dialect.comment_char.encode()
    return bool(comment) and line.startswith(comment)


def split_line(dialect: Dialect, text: str) -> list[str]:
    """The fields of one record, by RFC 4180; a quote inside an unquoted field is text.

    Line feeds may stand in quoted fields. Raises ValueError that says why the record has no
    fields: which quote is not closed, or what stands beside one.
    """
    delimiter, quote = dialect.delimiter, dialect.quote_char
    if delimiter == WHITESPACE:
        return _split_at_blanks(quote, text)
    if not quote or (quote not in text and "\r" not in text):
        if "\r" in text:
            raise ValueError("the line holds a carriage return")
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
            if "\r" in field or "\n" in field:
                sign = "carriage return" if "\r" in field else "line feed"
                raise ValueError(f"field {len(fields) + 1} holds a {sign}")
            fields.append(field)
        if end == len(text):
            return fields
        start = end + 1


def _split_at_blanks(quote: str, text: str) -> list[str]:
    """Fields that stand apart by runs of blanks and tabs; quoted ones may hold blanks."""
    q = re.escape(quote)
    field = rf"{q}(?:[^{q}]|{q}{q})*{q}(?=[ \t]|$)|[^ \t]+" if quote else r"[^ \t]+"
    fields: list[str] = []
    for found in re.findall(field, text):
        if "\r" in found:
            raise ValueError(f"field {len(fields) + 1} holds a carriage return")
        if not quote or not found.startswith(quote):
            fields.append(found)
        elif len(found) < 2 or not found.endswith(quote):
            raise ValueError("a quote is not closed")
        elif quote in found[1:-1].replace(quote * 2, ""):
            raise ValueError(f"field {len(fields) + 1} goes on after its closing quote")
        else:
            fields.append(found[1:-1].replace(quote * 2, quote))
    return fields


def _closing_quote(text: str, quote: str, start: int) -> int:
    while True:
        end = text.find(quote, start)
        if end < 0:
            raise ValueError("a quote is not closed")
        if not text.startswith(quote, end + 1):
            return end
        start = end + 2


def plain_test(dialect: Dialect) -> Callable[[bytes], bool]:
    """A test of whole lines in UTF-8 for what DuckDB's reader takes otherwise than `split_line`.

    It keeps NUL bytes, reads past bytes that are not UTF-8 in columns that nobody asks for, may
    end a line at a carriage return, lets a quoted field go on in the next line, and drops blanks
    around quotes. All of it is searched for at the speed of memory; only lines that have a blank
    beside a quote and beside a delimiter are split.
    """
    if dialect.delimiter == WHITESPACE:
        return _never
    quote, delimiter = dialect.quote_char.encode(), dialect.delimiter.encode()
    if not quote:
        return _has_plain_signs
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

    return lambda block: _has_plain_signs(block) and (quote not in block or quotes_are_plain(block))


def _never(_: bytes) -> bool:
    return False


def _has_plain_signs(block: bytes) -> bool:
    return (
        b"\0" not in block
        and (b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"))
        and (block.isascii() or _is_utf8(block))
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
