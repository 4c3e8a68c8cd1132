"""In which encoding an unknown text is, and how sure that is.

Belongs here: the encoding of a sample, and its text. Does not: what stands in it (`layout`). Only
what can be told by plain rules is: UTF-8 and UTF-16 are plain to see, and of the encodings of one
byte for each sign those are tried that spreadsheets and tills of Western Europe write.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from sales_assets.inferring.sample import Sample

_SINGLE = {"windows-1252": "cp1252", "CP850": "cp850", "CP437": "cp437", "macintosh": "mac_roman"}
"""Names in a contract and in Python; of equally likely ones the first is taken."""
_LETTERS = frozenset("äöüßÄÖÜéèêëàâáçñóòôíìîïúùûÉÈÀÇÑÁÓÍÚæøåÆØÅœãõ")
_SIGNS = frozenset("€£§°\u2019\u2013…²³½®©™«»ºª¿¡")
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


@dataclass(frozen=True)
class Encoded:
    """The encoding by its names in a contract and in Python, and why, if that is unsure."""

    name: str
    codec: str
    note: str = ""

    def text(self, content: bytes) -> str:
        """Bytes as text; what does not decode becomes a replacement character."""
        return content.decode(self.codec, errors="replace").removeprefix("\ufeff")


def encoding_of(sample: Sample) -> Encoded:
    """Decide the encoding of a sample."""
    head, everything = sample.head, sample.head + b"\n" + sample.tail
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoded("UTF-16", "utf-16")
    if wide := _wide(head):
        return wide
    wrong = _undecodable(everything)
    if not wrong:
        return Encoded("UTF-8", "utf-8")
    bad = sum(wrong.values())
    if head.startswith(codecs.BOM_UTF8) or len(_MULTIBYTE.findall(everything)) > bad:
        return Encoded(
            "UTF-8", "utf-8", f"nearly all of it is UTF-8, but not {bad} bytes: {_shown(head)}"
        )
    scores = {name: _score(everything, codec) for name, codec in _SINGLE.items()}
    name = max(scores, key=lambda each: scores[each])
    codec = _SINGLE[name]
    return Encoded(
        name,
        codec,
        f"it is no UTF-8; {name} is the likeliest, in which {_shown(head, codec)}; "
        "look whether that is right",
    )


def _wide(head: bytes) -> Encoded | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    even, odd = head[:4000:2].count(0), head[1:4000:2].count(0)
    half = max(len(head[:4000]) // 2, 1)
    if max(even, odd) < 0.4 * half or min(even, odd) > 0.1 * half:
        return None
    name = "UTF-16LE" if odd > even else "UTF-16BE"
    return Encoded(name, name, f"every other byte is zero, as in {name} without a mark")


def _undecodable(content: bytes) -> Counter[int]:
    """The bytes that are no UTF-8, less those that were cut at an end of the sample."""
    wrong: Counter[int] = Counter()
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for sign in re.findall("[\udc80-\udcff]", decoder.decode(content)):
        wrong[ord(sign) - 0xDC00] += 1
    return wrong


def _score(content: bytes, codec: str) -> int:
    """How likely it is that the signs beyond ASCII are meant, each by its neighbours."""
    score = 0
    for match in list(re.finditer(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?", content))[:5000]:
        text = match.group().decode(codec, errors="replace")
        in_word = text[:1].isascii() or text[-1:].isascii()
        for sign in text:
            if sign.isascii():
                continue
            if sign in _LETTERS:
                score += 2 if in_word else 1
            elif sign in _SIGNS:
                score += 0 if in_word else 1
            else:
                score -= 2
    return score


def _shown(content: bytes, codec: str = "") -> str:
    """The first word that is not ASCII, with its bytes and its line."""
    match = re.search(rb"[^\s,;|]{0,12}[\x80-\xff][^\s,;|]{0,12}", content)
    if match is None:
        return "bytes behind the sample"
    line = content.count(b"\n", 0, match.start()) + 1
    raw = "".join(chr(byte) if 32 < byte < 127 else f"\\x{byte:02x}" for byte in match.group())
    if not codec:
        return f"{raw} (line {line})"
    return f"{raw} is {match.group().decode(codec, errors='replace')!r} (line {line})"
