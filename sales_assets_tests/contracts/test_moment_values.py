"""How text becomes a date, a time or a timestamp, in its format and time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.logical import LogicalType
from sales_assets_tests.contracts.builders import Desk, column
from sales_assets_tests.contracts.column_values import reasons, values

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
