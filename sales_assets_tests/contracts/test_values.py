"""How the text of a column becomes a value, and every way in which it is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column, NumberFormat
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.sql import (
    cast_column,
    column_rules,
    parsed,
    text_column,
)
from sales_assets_tests.contracts.builders import Desk, column, desk


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("values")) as made:
        yield made


def typed(tools: Desk, of: Column, texts: Sequence[str | None], select: str) -> list[Any]:
    """An expression over the text and the value of a column, for each of some texts."""
    rows = ", ".join(f"({n}, {'NULL' if t is None else literal(t)})" for n, t in enumerate(texts))
    items = ", ".join(filter(None, ["*", cast_column(of)]))
    return tools.connection.execute(
        f"SELECT {select} FROM (SELECT *, {parsed(of)} AS {quoted(of.name)} FROM (SELECT {items} "
        f"FROM (SELECT __n, CAST(t AS VARCHAR) AS {text_column(of)} "
        f"FROM (VALUES {rows}) AS v(__n, t)))) ORDER BY __n"
    ).fetchall()


def values(tools: Desk, of: Column, *texts: str | None) -> list[Any]:
    """The typed values of some texts."""
    return [value for (value,) in typed(tools, of, texts, quoted(of.name))]


def reasons(tools: Desk, of: Column, text: str | None) -> list[str]:
    """Every reason why a text is wrong."""
    select = ", ".join(f"CASE WHEN {r.broken} THEN {r.reason} END" for r in column_rules(of))
    (row,) = typed(tools, of, [text], select or "NULL")
    return [reason for reason in row if reason is not None]


NUMBER = column("price", LogicalType.NUMBER)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("+5", "5"),
        ("-5", "-5"),
        ("-0", "0"),
        ("007", "7"),
        ("5.", "5"),
        ("5.1", "5.1"),
        ("5.1234", "5.1234"),
        ("5.12340000", "5.1234"),
        ("5.00000000000000000000", "5"),
        ("-0.0001", "-0.0001"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("-99999999999999.9999", "-99999999999999.9999"),
        # never rounded
        ("5.12345", None),
        ("5.00001", None),
        ("0.00005", None),
        ("-0.00004999", None),
        # not in the type
        ("100000000000000", None),
        ("99999999999999.99999", None),
        ("1" * 60, None),
        # not a plain number
        (".5", None),
        ("-.5", None),
        ("1e3", None),
        ("1E-2", None),
        ("1_000", None),
        ("1,000", None),
        ("1.000,00", None),
        ("1 000", None),
        (" 5", None),
        ("5 ", None),
        ("\t5", None),
        ("5\u00a0", None),
        ("- 5", None),
        ("--5", None),
        ("5-", None),
        ("5.1.2", None),
        ("$5", None),
        ("5%", None),
        ("0x10", None),
        ("\u0665", None),
        ("\uff15", None),
        ("NaN", None),
        ("nan", None),
        ("inf", None),
        ("-Infinity", None),
        ("-", None),
        (".", None),
        ("five", None),
        ("true", None),
    ],
)
def test_a_number_is_taken_exactly_or_not_at_all(tools: Desk, text: str, value: str | None) -> None:
    expected = None if value is None else Decimal(value)

    assert values(tools, NUMBER, text) == [expected]
    told = f"price: '{text}' is no number with at most 4 decimals"
    assert reasons(tools, NUMBER, text) == ([told] if expected is None else [])


def test_a_reason_has_no_blank_behind_a_quote_but_that_of_the_value_which_it_refuses() -> None:
    spaced = replace(NUMBER, number=NumberFormat(decimal_char=",", group_char=" "))
    [rule] = column_rules(spaced)
    assert rule.reason.endswith(" 4 decimals, decimal '','', groups of three with a blank'")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.decimals(Decimal("-99999999999999.9999"), Decimal("99999999999999.9999"), places=4),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["", "+", "0"]),
    st.sampled_from(["", "0", "000000"]),
)
def test_every_decimal_of_the_type_is_read_as_it_is_written(
    tools: Desk, numbers: list[Decimal], before: str, after: str
) -> None:
    texts = [f"{number:f}{after}" for number in numbers]
    texts = [text if text.startswith("-") else before + text for text in texts]

    assert values(tools, NUMBER, *texts) == numbers


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("0123456789.-+eE_ "), max_size=26), st.integers(0, 18))
@example("1.23456", 4)
@example("9" * 18, 0)
def test_a_number_that_is_taken_is_what_python_makes_of_the_text(
    tools: Desk, text: str, scale: int
) -> None:
    (value,) = values(tools, column("n", LogicalType.NUMBER, sql_type=f"DECIMAL(18,{scale})"), text)

    if value is not None:
        assert value == Decimal(text)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 38).flatmap(lambda width: st.tuples(st.just(width), st.integers(0, width))),
    st.decimals(allow_nan=False, allow_infinity=False),
)
def test_a_type_takes_the_numbers_that_fit_it_and_no_others(
    tools: Desk, digits: tuple[int, int], number: Decimal
) -> None:
    width, scale = digits
    assume(-60 < number.adjusted() < 60)
    assume(len(number.as_tuple().digits) < 60)
    of = column("n", LogicalType.NUMBER, sql_type=f"DECIMAL({width},{scale})")
    text = f"{number:f}"

    rounded = number.quantize(Decimal(1).scaleb(-scale), context=Context(prec=200))
    fits = number == rounded and abs(number) < Decimal(10) ** (width - scale)

    assert values(tools, of, text) == [number if fits else None]


INTEGER = column("qty", LogicalType.INTEGER)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("0005", 5),
        ("-0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("1.0", None),
        ("1.5", None),
        ("1.", None),
        ("1e3", None),
        ("1_000", None),
        ("1,000", None),
        (" 5", None),
        ("5 ", None),
        ("0x1F", None),
        ("0b1", None),
        ("true", None),
        ("\u0665", None),
    ],
)
def test_an_integer_is_whole_as_it_is_written(tools: Desk, text: str, value: int | None) -> None:
    assert values(tools, INTEGER, text) == [value]
    assert reasons(tools, INTEGER, text) == (
        [f"qty: '{text}' is no integer"] if value is None else []
    )


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_every_integer_of_64_bits_is_read(tools: Desk, numbers: list[int]) -> None:
    assert values(tools, INTEGER, *map(str, numbers)) == numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("False", False), ("1", None), ("yes", None), ("t", None)],
)
def test_a_boolean_is_true_or_false(tools: Desk, text: str, value: bool | None) -> None:
    flag = column("flag", LogicalType.BOOLEAN)

    assert values(tools, flag, text) == [value]
    assert reasons(tools, flag, text) == (
        [f"flag: '{text}' is no boolean"] if value is None else []
    )


DATE = column("day", LogicalType.DATE)


@pytest.mark.parametrize(
    "text",
    [
        "2021-1-5",
        "2021-01-5",
        "2021-02-30",
        "2021-13-01",
        "2021-00-10",
        " 2021-01-01",
        "2021-01-01 ",
        " 2021-1-05",
        "2021-1-05 ",
        "2021-01-01x",
        "2021-01-01 00:00",
        "2021-01-01T00:00:00",
        "2021/01/01",
        "01.01.2021",
        "20210101",
        "21-01-01",
        "0000-01-01",
        "12021-01-01",
        "2021-01-01 (BC)",
        "infinity",
        "-infinity",
        "epoch",
        "today",
        "٢٠٢١-01-01",
        "1e3",
        "44197",
    ],
)
def test_a_date_that_is_written_otherwise_is_none(tools: Desk, text: str) -> None:
    assert values(tools, DATE, text) == [None]
    assert reasons(tools, DATE, text) == [f"day: '{text}' is no date of the form yyyy-MM-dd"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.dates(), min_size=1, max_size=50))
def test_every_date_is_read_as_iso_8601_writes_it(tools: Desk, days: list[date]) -> None:
    assert values(tools, DATE, *(day.isoformat() for day in days)) == days


@pytest.mark.parametrize(
    ("format_", "text", "value"),
    [
        ("dd.MM.yyyy", "05.01.2021", date(2021, 1, 5)),
        ("dd.MM.yyyy", "5.1.2021", None),
        ("dd.MM.yyyy", " 5.1.2021", None),
        ("dd.MM.yyyy", "05.01.2021 ", None),
        ("d.M.yyyy", "5.1.2021", date(2021, 1, 5)),
        ("d.M.yyyy", "05.01.2021", date(2021, 1, 5)),
        ("MM/dd/yy", "01/05/21", date(2021, 1, 5)),
        ("MM/dd/yy", "13/05/21", None),
        ("d MMM yyyy", "5 Jan 2021", date(2021, 1, 5)),
        ("d MMM yyyy", "5 Jan  2021", None),
        ("yyyyMMdd", "20210105", date(2021, 1, 5)),
        ("yyyyMMdd", "20210230", None),
        ("yyyy-MM-dd HH:mm:ss", "2021-01-05 23:59:59", date(2021, 1, 5)),
        ("'KW' dd.MM.yyyy", "KW 05.01.2021", date(2021, 1, 5)),
        ("yyyy'''s' MM dd", "2021's 01 05", date(2021, 1, 5)),
        ("yyyy'''s' MM dd", "2021s 01 05", None),
    ],
)
def test_a_date_is_read_in_the_contracts_format(
    tools: Desk, format_: str, text: str, value: date | None
) -> None:
    of = column("day", LogicalType.DATE, format=format_)

    assert values(tools, of, text) == [value]
    assert reasons(tools, of, text) == (
        [f"day: '{text}' is no date of the form {format_}"] if value is None else []
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("08:05:00", time(8, 5)),
        ("23:59:59", time(23, 59, 59)),
        ("24:00:00", None),
        ("08:05", None),
        ("8:05:00", None),
        (" 8:05:00", None),
        ("08:60:00", None),
        ("08:05:00.5", None),
        ("08:05:00 PM", None),
    ],
)
def test_a_time_is_read_in_its_format(tools: Desk, text: str, value: time | None) -> None:
    assert values(tools, column("at", LogicalType.TIME), text) == [value]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the type has no zone


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2021-01-05 08:05:00", utc(2021, 1, 5, 8, 5)),
        ("2021-01-05 24:00:00", None),
        ("2021-01-05T08:05:00", None),
        ("2021-01-05  8:05:00", None),
        ("2021-1-05 08:05:00 ", None),
        ("2021-01-05", None),
        ("2021-01-05 08:05:00.5", None),
        ("2021-01-05 08:05:00+02", None),
        ("2021-02-29 08:05:00", None),
        ("infinity", None),
        ("2021-01-05 (BC) 08:05", None),
    ],
)
def test_a_timestamp_is_read_in_its_format(tools: Desk, text: str, value: datetime | None) -> None:
    of = column("at", LogicalType.TIMESTAMP)

    assert values(tools, of, text) == [value]
    assert reasons(tools, of, text) == (
        [f"at: '{text}' is no timestamp of the form yyyy-MM-dd HH:mm:ss"] if value is None else []
    )


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.lists(
        st.builds(
            datetime.combine,
            st.dates(date(1980, 1, 1), date(2037, 12, 31)),
            st.times().map(lambda t: t.replace(microsecond=0)),
        ),
        min_size=1,
        max_size=20,
    ),
)
def test_a_timestamp_of_a_time_zone_is_kept_in_utc(
    tools: Desk, name: str, moments: list[datetime]
) -> None:
    zone = ZoneInfo(name)
    # An hour that the clocks leave out or pass twice is no single moment.
    moments = [
        m
        for m in moments
        if m.replace(tzinfo=zone, fold=0).utcoffset() == m.replace(tzinfo=zone, fold=1).utcoffset()
    ]
    assume(moments)
    of = column("at", LogicalType.TIMESTAMP, time_zone=name)

    found = values(tools, of, *(moment.isoformat(sep=" ") for moment in moments))

    assert found == [
        moment.replace(tzinfo=zone).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
        for moment in moments
    ]


def test_the_hour_that_the_clocks_leave_out_is_still_one_moment(tools: Desk) -> None:
    of = column("at", LogicalType.TIMESTAMP, time_zone="Europe/Berlin")

    (found,) = values(tools, of, "2021-03-28 02:30:00")

    assert found - utc(2021, 3, 28) in {timedelta(hours=0.5), timedelta(hours=1.5)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2021-01-05T08:05:00+02:00", utc(2021, 1, 5, 6, 5)),
        ("2021-01-05T08:05:00-0330", utc(2021, 1, 5, 11, 35)),
        ("2021-01-05T08:05:00+02", utc(2021, 1, 5, 6, 5)),
        ("2021-01-05T08:05:00Z", utc(2021, 1, 5, 8, 5)),
        ("2021-01-05T08:05:00", None),
        ("2021-01-05T08:05:00 +02:00", None),
        ("2021-01-05T08:05:00CET", None),
    ],
)
def test_a_timestamp_with_its_offset_is_kept_in_utc(
    tools: Desk, text: str, value: datetime | None
) -> None:
    of = column("at", LogicalType.TIMESTAMP, format="yyyy-MM-dd'T'HH:mm:ssXXX")

    assert values(tools, of, text) == [value]


def test_blank_is_no_value_and_wrong_only_where_one_is_required(tools: Desk) -> None:
    for logical in LogicalType:
        free = column("c", logical)
        due = column("c", logical, required=True)

        assert values(tools, free, None) == [None]
        assert reasons(tools, free, None) == []
        assert reasons(tools, due, None) == ["c: is required and blank"]


@pytest.mark.parametrize(
    ("of", "right", "wrong", "told"),
    [
        (
            column("c", enum=("a", "it's")),
            ["a", "it's"],
            ["A", "a ", "b"],
            "is not one of a, it's",
        ),
        (
            column("c", LogicalType.NUMBER, minimum="0.5"),
            ["0.5", "0.5001", "7"],
            ["0.4999", "-1"],
            "is below 0.5",
        ),
        (
            column("c", LogicalType.NUMBER, maximum="0.5"),
            ["0.5", "-7"],
            ["0.5001"],
            "is above 0.5",
        ),
        (
            column("c", LogicalType.NUMBER, exclusive_minimum="0"),
            ["0.0001"],
            ["0", "-0.0001"],
            "is not above 0",
        ),
        (
            column("c", LogicalType.INTEGER, exclusive_maximum="10"),
            ["9", "-10"],
            ["10", "11"],
            "is not below 10",
        ),
        (
            column("c", LogicalType.DATE, minimum="2021-01-01"),
            ["2021-01-01"],
            ["2020-12-31"],
            "is below 2021-01-01",
        ),
        (
            column("c", LogicalType.TIMESTAMP, maximum="2021-01-01 00:00:00"),
            ["2021-01-01 00:00:00"],
            ["2021-01-01 00:00:01"],
            "is above 2021-01-01 00:00:00",
        ),
        (
            column("c", LogicalType.TIME, maximum="20:00:00"),
            ["20:00:00"],
            ["20:00:01"],
            "is above 20:00:00",
        ),
        (
            column("c", pattern="[A-Z]'?[0-9]+"),
            ["A1", "B'22"],
            ["a1", "A1 ", "xA1", ""],
            "does not match [A-Z]'?[0-9]+",
        ),
        (column("c", min_length=2), ["ab", "éé"], ["a", "é"], "is shorter than 2"),
        (column("c", max_length=2), ["ab", "éé", "a"], ["abc"], "is longer than 2"),
    ],
)
def test_a_value_has_to_fulfil_its_columns_rule(
    tools: Desk, of: Column, right: list[str], wrong: list[str], told: str
) -> None:
    for text in right:
        assert reasons(tools, of, text) == []
    for text in wrong:
        assert reasons(tools, of, text) == [f"c: '{text}' {told}"]


def test_every_reason_is_kept(tools: Desk) -> None:
    of = column(
        "c", LogicalType.INTEGER, enum=("1", "2"), minimum="0", pattern="[0-9]", max_length=1
    )

    assert reasons(tools, of, "-10") == [
        "c: '-10' is not one of 1, 2",
        "c: '-10' does not match [0-9]",
        "c: '-10' is below 0",
        "c: '-10' is longer than 1",
    ]


@settings(deadline=None, max_examples=30)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20))
@example("it's")
@example("'; DROP TABLE revenue; --")
def test_any_text_of_a_contract_or_a_drop_is_only_text(tools: Desk, text: str) -> None:
    of = column("c", enum=(text + "x",), header=text)

    assert values(tools, of, text) == [text]
    assert reasons(tools, of, text) == [f"c: '{text}' is not one of {text}x"]
    assert reasons(tools, of, text + "x") == []
