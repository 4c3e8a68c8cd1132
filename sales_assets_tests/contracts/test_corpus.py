"""A corpus of small nasty drops: for each, the lines that are accepted and those that are not.

Belongs here: running the cases of `corpus/`, one folder each, with the drop as it lies in the
landing zone and its `case.yaml`. Does not: any expectation; those are written by hand from
`docs/decisions/0008-reading-any-csv.md`, never by running the code.

A `case.yaml` says `about`, `server` (encoding and dialect), `columns` (of `schema.lines`),
`revenue` (expressions of canonical columns), `day` (another partitionDay), and either `refused`
(texts that the error holds) or `accepted` (lines and their values) and `rejected` (lines and a
part of each reason). Every line is in one of the two, by its number, or by its file's name too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reader import DropFile
from sales_assets.contracts.reading import LineReader
from sales_assets.errors import DropError
from sales_assets_tests.contracts import builders
from sales_assets_tests.contracts.builders import DAY, Desk, Judged, changed, load

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir())
CASE_FILE = "case.yaml"
KEYS = {"about", "server", "columns", "revenue", "day", "accepted", "rejected", "refused"}
REVENUE = {
    "order_date": f"DATE '{DAY}'",
    "amount": "0",
    "net_amount": "0",
    "currency": "'EUR'",
    "kind": "'sale'",
}
"""How canonical columns are filled of which a case says nothing."""


WAYS = ["as usual", "from a copy", "every line by itself"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with builders.desk(tmp_path_factory.mktemp("corpus")) as made:
        yield made


def read_case(name: str) -> dict[str, Any]:
    """What a case says."""
    content: dict[str, Any] = yaml.safe_load((CORPUS / name / CASE_FILE).read_text("utf-8"))
    return content


def drops_of(name: str) -> dict[str, bytes]:
    """The files of a case by name, less the one that says what to expect."""
    files = sorted(file for file in (CORPUS / name).iterdir() if file.name != CASE_FILE)
    return {file.name: file.read_bytes() for file in files}


def contract_of(case: dict[str, Any], folder: Path) -> SourceContract:
    """The contract of a case, loaded from a file as every contract is."""
    dialect = dict(case.get("server", {}))
    encoding = {"encoding": dialect.pop("encoding")} if "encoding" in dialect else {}
    properties = [{"property": key, "value": value} for key, value in dialect.items()]
    server = {**builders.TILL["servers"][0], **encoding, "customProperties": properties}
    types = {column.name: column.type.value for column in MAPPED_COLUMNS}
    revenue = [
        {"name": column, "logicalType": types[column], "transformLogic": str(expression)}
        for column, expression in {**REVENUE, **case.get("revenue", {})}.items()
    ]
    content = changed("servers.0", server)
    content = changed("schema.0.properties", case["columns"], content)
    content = changed("schema.1.properties", revenue, content)
    if "day" in case:
        content = changed("customProperties.0.value", case["day"], content)
        union = {"property": "overlappingDrops", "value": "union"}
        content = changed("customProperties.+", union, content)
    return load(folder, content)


def comparable(value: Any) -> Any:
    """A value as a case writes it, but for decimals, which are compared as such."""
    match value:
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case bool():
            return str(value).lower()
        case None | Decimal():
            return value
        case _:
            return str(value)


def accepted_lines(found: Judged, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The accepted lines with the values that a case names of them, in its order."""
    named = {(line.get("file"), line["line"]): line for line in wanted}
    has_files = any("file" in line for line in wanted)
    result = []
    for row in found.accepted:
        line = named.get((row["file"] if has_files else None, row["line"]), {})
        names = [key for key in line if key not in {"line", "file"}]
        result.append(
            ({"file": row["file"]} if has_files else {})
            | {"line": row["line"]}
            | {key: comparable(row[key]) for key in names}
        )
    return result


def expected_lines(found: Judged, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines that a case wants accepted, with decimals where decimals were found."""
    decimals = {
        key for row in found.accepted for key, value in row.items() if isinstance(value, Decimal)
    }
    return [
        {
            key: Decimal(value) if key in decimals and value is not None else value
            for key, value in line.items()
        }
        for line in wanted
    ]


def in_order(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines in the order of their files and numbers."""
    return sorted(lines, key=lambda line: (line.get("file", ""), line["line"]))


def read_as(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file be read in one of the ways, whatever it is like."""
    lines = LineReader.lines

    def forced(
        reader: LineReader,
        contract: SourceContract,
        plain: Sequence[DropFile],
        others: Sequence[DropFile],
        *,
        every_line: bool,
    ) -> AbstractContextManager[str]:
        return lines(
            reader,
            contract,
            [],
            [*plain, *others],
            every_line=every_line or way == "every line by itself",
        )

    if way != "as usual":
        monkeypatch.setattr(LineReader, "lines", forced)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_case_is_judged_as_the_specification_says(
    desk: Desk, tmp_path: Path, name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_as(way, monkeypatch)
    case = read_case(name)
    contract = contract_of(case, tmp_path)
    if "refused" in case:
        with pytest.raises(DropError) as caught:
            desk.judge(contract, drops_of(name))
        assert [text for text in case["refused"] if text not in str(caught.value)] == [], str(
            caught.value
        )
        return

    found = desk.judge(contract, drops_of(name))

    has_files = any("file" in line for line in (*case["accepted"], *case["rejected"]))
    rejected = [
        ({"file": row["file"]} if has_files else {})
        | {"line": row["line"], "reasons": row["reasons"]}
        for row in found.rejected
    ]
    wanted = in_order(case["rejected"])
    assert [line | {"reasons": None} for line in in_order(rejected)] == [
        line | {"reasons": None} for line in wanted
    ], rejected
    assert in_order(accepted_lines(found, case["accepted"])) == in_order(
        expected_lines(found, case["accepted"])
    )
    for line, told in zip(wanted, in_order(rejected), strict=True):
        assert len(told["reasons"]) == len(line["reasons"]), told
        assert all(any(part in why for why in told["reasons"]) for part in line["reasons"]), told


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_one_drop_and_what_to_expect_of_it(name: str) -> None:
    case = read_case(name)

    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name)
    assert len(drops_of(name)) == 1
    assert set(case) <= KEYS
    assert case["about"]
    assert case["columns"]
    assert ("refused" in case) != ({"accepted", "rejected"} <= set(case))
    assert ("accepted" in case) == ("rejected" in case)
    assert case.get("refused", True)
    for line in case.get("accepted", []):
        values = [value for key, value in line.items() if key != "line"]
        assert all(value is None or isinstance(value, str) for value in values), line
    assert all(line["reasons"] for line in case.get("rejected", []))


def test_the_corpus_is_kept_as_it_is_to_the_byte() -> None:
    assert (CORPUS / ".gitattributes").read_text("utf-8") == "* -text\n"
    assert (CORPUS / "line_ends_mixed" / f"{DAY}.csv").read_bytes().count(b"\r\n") == 2


SIGNS = [
    b'"',
    b",",
    b";",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b"\xff",
    b" ",
    b"\t",
    b"#",
    b"(",
    b"-",
    b"9",
]


def mutated(content: bytes, random: Random) -> bytes:
    """A drop with some of its bytes changed, left out, repeated or exchanged."""
    found = bytearray(content)
    for _ in range(random.randrange(1, 6)):
        at, other = (random.randrange(len(found) + 1) for _ in range(2))
        match random.randrange(5):
            case 0:
                found[at:at] = random.choice(SIGNS)
            case 1:
                del found[at : at + random.randrange(1, 5)]
            case 2:
                found[at : at + 1] = bytes([random.randrange(256)])
            case 3:
                found[at:at] = found[other : other + random.randrange(30)]
            case _:
                lines = bytes(found).split(b"\n")
                random.shuffle(lines)
                found = bytearray(b"\n".join(lines))
    return bytes(found)


def outcome(desk: Desk, contract: SourceContract, drops: dict[str, bytes]) -> list[str]:
    """Every row that drops become, or that they are refused; anything else is an error."""
    try:
        found = desk.judge(contract, drops)
    except DropError:
        return ["refused"]
    return sorted(repr(sorted(row.items())) for row in (*found.accepted, *found.rejected))


@pytest.mark.long
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CASES), st.randoms(use_true_random=False))
def test_whatever_becomes_of_a_drop_it_is_judged_or_refused_alike_in_every_way(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, name: str, random: Random
) -> None:
    contract = contract_of(read_case(name), tmp_path_factory.mktemp("mutated"))
    drops = {file: mutated(content, random) for file, content in drops_of(name).items()}

    found = []
    for way in WAYS:
        with pytest.MonkeyPatch.context() as monkeypatch:
            read_as(way, monkeypatch)
            found.append(outcome(desk, contract, drops))

    assert found[0] == found[1] == found[2]
