"""The part of an unknown file that is looked at: its first lines, and its last ones.

Belongs here: reading a bounded part of a file, unpacked. Does not: its encoding (`encodings`), or
what its lines are (`layout`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sales_assets.contracts.unpacking import members, raw_blocks
from sales_assets.errors import DropError, UsageError

MOST_BYTES = 1 << 20
"""Bytes of the beginning that are looked at, unpacked."""
MOST_LINES = 10_000
"""Lines of the beginning that are looked at."""
_TAIL = 1 << 16
_MOST_UNPACKED = 64 << 20
"""Bytes of a packed file that are read on to find its end; a plain one is opened at its end."""


@dataclass(frozen=True)
class Sample:
    """The bytes of a file that are looked at.

    `head` begins the file and ends anywhere unless the file is `complete`; `tail` are its last
    bytes, where they were cheap to read. In an archive it is the text `member` that is looked at,
    the first of `members`.
    """

    file: Path
    head: bytes
    tail: bytes
    complete: bool
    member: str = ""
    members: int = 1

    @property
    def name(self) -> str:
        """The name of the text itself, without its packing."""
        name = Path(self.member or self.file.name).name
        for ending in (".gz", ".zst"):
            if name.lower().endswith(ending):
                return name[: -len(ending)]
        return name


def read_sample(file: Path) -> Sample:
    """Read a file's sample; UsageError if it is not there, DropError if it is no CSV."""
    if not file.exists():
        raise UsageError(f"{file}: there is no such file")
    if not file.is_file():
        raise UsageError(f"{file}: is a folder; name a file in it")
    if file.stat().st_size == 0:
        raise DropError(f"{file}: is empty (0 bytes); give a file with some lines")
    texts = members(file, str(file))
    head, tail, complete = _ends(file, texts[0])
    if not head:
        raise DropError(f"{file}: holds no text; give a file with some lines")
    return Sample(file, head, tail, complete, texts[0], len(texts))


def _ends(file: Path, member: str) -> tuple[bytes, bytes, bool]:
    head, tail, seen = b"", b"", 0
    is_packed = file.name.lower().endswith((".gz", ".zst", ".zip"))
    for block in raw_blocks(file, str(file), member):
        seen += len(block)
        if len(head) < MOST_BYTES:
            head += block
        tail = (tail + block)[-_TAIL:]
        if not is_packed and len(head) >= MOST_BYTES:
            break
        if seen > _MOST_UNPACKED:
            return _cut(head), b"", False
    if not is_packed and file.stat().st_size > seen:
        with file.open("rb") as stream:
            stream.seek(-_TAIL, 2)
            tail = stream.read()
        return _cut(head), tail, False
    cut = _cut(head)
    complete = len(cut) == seen
    return cut, b"" if complete else tail, complete


def _cut(head: bytes) -> bytes:
    """The first bytes without what goes beyond the bounds."""
    at = -1
    head = head[:MOST_BYTES]
    if head.count(b"\n") <= MOST_LINES:
        return head
    for _ in range(MOST_LINES):
        at = head.index(b"\n", at + 1)
    # The second byte of a line feed in UTF-16 belongs to it.
    return head[: at + 2] if head[at + 1 : at + 2] == b"\0" else head[: at + 1]
