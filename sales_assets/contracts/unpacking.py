"""A drop's bytes as UTF-8 lines: what it is packed in, and in which encoding it is.

Belongs here: decompressing and decoding, as a stream in bounded memory. Does not: which lines are
data (`lines`), or what a field is (`text`).
"""

from __future__ import annotations

import codecs
import errno
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from sales_assets.errors import DropError

BLOCK = 1 << 20
"""Bytes that are looked at together."""
LONGEST_LINE = 16 * BLOCK
"""A longer line is no line of a CSV, and would have to be held in memory."""

PACKED = (".gz", ".zst", ".zip")
"""How the names of files end that are unpacked."""
BOM = b"\xef\xbb\xbf"
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive whose name does not end in .zip, or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive whose name does not end in .zst",
    b"\x1f\x8b": "a gzip archive whose name does not end in .gz",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_DAMAGED = (
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    struct.error,
    KeyError,
    ValueError,
)
"""What the libraries raise for archives that are cut, or whose tables point to nowhere."""
_MARK = "sales_assets.undecodable"


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Keep bytes that do not decode as lone surrogates, which are in no text."""
    assert isinstance(error, UnicodeDecodeError)
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in wrong), error.end


codecs.register_error(_MARK, _mark)


class Hash(Protocol):
    """A hash of hashlib that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Add some bytes."""


def is_zip(file: str) -> bool:
    """Whether a drop of this name holds texts of their own names."""
    return file.lower().endswith(".zip")


def members(path: Path, file: str) -> tuple[str, ...]:
    """The texts in a drop by name: those of a .zip in the order of their names, else one, ''.

    Raises DropError, naming `file`, for an archive that is damaged or holds none.
    """
    if not is_zip(path.name):
        return ("",)
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.namelist()
        if "" in found:
            raise zipfile.BadZipFile("a file in it has no name")
    except RuntimeError as error:
        raise _locked(file, error) from error
    except (*_DAMAGED, OSError) as error:
        raise _damaged(file, error) from error
    texts = [name for name in found if not (name.endswith("/") or _is_of_the_system(name))]
    if not texts or len(set(texts)) < len(texts):
        told = "holds no file" if not texts else "holds two files of one name"
        raise DropError(f"{file}: the archive {told}; pack the CSV files again")
    return tuple(sorted(texts))


def _is_of_the_system(name: str) -> bool:
    """Whether an archive's file was put there by an operating system, not by a person."""
    path = PurePosixPath(name)
    return path.name.startswith(".") or "__MACOSX" in path.parts


def whole_lines(
    path: Path, file: str, encoding: str, member: str = "", content: Hash | None = None
) -> Iterator[bytes]:
    """Blocks of whole lines in UTF-8; only the last one may lack its line feed.

    Bytes that do not decode stay bytes that are not UTF-8. What was read and unpacked is added to
    the hash `content`. Raises DropError, naming `file`, for a damaged archive, for a file of
    another kind, and for a line of more than `LONGEST_LINE` bytes.
    """
    rest: list[bytes] = []
    for block in _utf_8(_read(path, file, member, encoding, content), file, encoding):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*rest, block[:end]])
            rest = []
        if end < len(block):
            rest.append(block[end:])
            if sum(map(len, rest)) > LONGEST_LINE:
                raise DropError(
                    f"{file}: a line is longer than {LONGEST_LINE >> 20} MiB, or the file does not "
                    "have LF or CRLF line ends; export it with one line for each sale"
                )
    if rest:
        yield b"".join(rest)


def raw_blocks(path: Path, file: str, member: str = "") -> Iterator[bytes]:
    """The decompressed bytes in blocks, whatever their encoding is.

    Raises DropError, naming `file`, for a damaged archive and for a file of another kind.
    """
    return _read(path, file, member, "utf-16", None)  # of which no beginning is refused


def _read(
    path: Path, file: str, member: str, encoding: str, content: Hash | None
) -> Iterator[bytes]:
    """The decompressed bytes, a block at a time."""
    try:
        with ExitStack() as stack:
            stream = _opened(path, member, stack)
            for number, block in enumerate(iter(partial(stream.read, BLOCK), b"")):
                if number == 0:
                    _refuse_binary(block, file, encoding)
                if content is not None:
                    content.update(block)
                yield block
    except _DAMAGED as error:
        raise _damaged(file, error) from error
    except RuntimeError as error:
        raise _locked(file, error) from error
    except OSError as error:
        # Without a number it is Arrow's or bz2's word for a damaged archive, not the system's;
        # EINVAL is the system's answer to a place before the file's beginning.
        if error.errno not in {None, errno.EINVAL}:
            raise
        raise _damaged(file, error) from error


def _opened(path: Path, member: str, stack: ExitStack) -> IO[bytes]:
    name = path.name.lower()
    if name.endswith(".zip"):
        archive = stack.enter_context(zipfile.ZipFile(path))
        return stack.enter_context(archive.open(member))
    if name.endswith(".gz"):
        return cast("IO[bytes]", stack.enter_context(gzip.open(path, "rb")))
    if name.endswith(".zst"):
        import pyarrow as pa

        return cast(
            "IO[bytes]", stack.enter_context(pa.input_stream(str(path), compression="zstd"))
        )
    return stack.enter_context(path.open("rb"))


def _refuse_binary(block: bytes, file: str, encoding: str) -> None:
    for magic, kind in _MAGIC.items():
        if block.startswith(magic):
            raise DropError(f"{file}: is {kind}, not a CSV; export it as CSV")
    if block.startswith(_UTF_16) and not encoding.startswith("utf-16"):
        raise DropError(
            f"{file}: is UTF-16 text, the contract says {encoding}; export it so, or write "
            "encoding: UTF-16 into the contract"
        )


def _locked(file: str, error: RuntimeError) -> DropError:
    """The refusal of what zipfile knows of but cannot open: a password, a newer method."""
    return DropError(f"{file}: cannot be unpacked ({error}); pack it again without a password")


def _damaged(file: str, error: Exception) -> DropError:
    return DropError(f"{file}: the compressed file is damaged or incomplete: {error}")


def _utf_8(blocks: Iterable[bytes], file: str, encoding: str) -> Iterator[bytes]:
    if encoding == "utf-8":
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)(_MARK)
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise DropError(
            f"{file}: cannot be decoded ({error}); export it in {encoding.upper()}, or write "
            "UTF-16LE or UTF-16BE into the contract if it has no byte order mark"
        ) from error


def shown(line: bytes, encoding: str) -> str:
    """A line for people to read, with bytes that do not decode in hexadecimal."""
    if encoding != "utf-8":
        text = line.decode("utf-8", "surrogatepass")
        line = text.encode("utf-8", _SHOW)
    return line.decode(errors="backslashreplace").replace("\0", "\\0")


_SHOW = "sales_assets.shown"


def _in_hexadecimal(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    wrong = error.object[error.start : error.end]
    return "".join(f"\\x{ord(sign) - 0xDC00:02x}" for sign in wrong), error.end


codecs.register_error(_SHOW, _in_hexadecimal)
