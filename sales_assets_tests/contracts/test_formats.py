"""Date formats of the standard against DuckDB's and Python's own."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.formats import (
    file_day_format,
    has_offset,
    strptime_format,
    text_pattern,
)


@pytest.mark.parametrize(
    ("jdk", "strptime"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("dd.MM.yy", "%d.%m.%y"),
        ("d/M/yyyy", "%-d/%-m/%Y"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("yyyy-MM-dd HH:mm:ss.SSS", "%Y-%m-%d %H:%M:%S.%g"),
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "%Y-%m-%d %H:%M:%S.%f"),
        ("hh:mm a", "%I:%M %p"),
        ("EEE, d MMM yyyy", "%a, %-d %b %Y"),
        ("yyyy-MM-dd HH:mm:ssXXX", "%Y-%m-%d %H:%M:%S%z"),
        ("HH 'o''clock'", "%H o'clock"),
        ("yyyy''MM", "%Y'%m"),
        ("yyyy'%'MM", "%Y%%%m"),
        ("yyyy%MM", "%Y%%%m"),
        ("yyyyMMdd", "%Y%m%d"),
    ],
)
def test_a_format_of_the_standard_becomes_one_of_strptime(jdk: str, strptime: str) -> None:
    assert strptime_format(jdk) == strptime


@pytest.mark.parametrize(
    "jdk",
    ["", "YYYY", "yyyyy", "z", "VV", "yyyy[-MM]", "yyyy'", "n", "u-MM-dd", "SS", "#", "{yyyy}"],
)
def test_a_format_without_translation_is_refused(jdk: str) -> None:
    with pytest.raises(ValueError, match=r"is not (one of|a date format)"):
        strptime_format(jdk)


FORMATS = (
    "yyyy-MM-dd HH:mm:ss",
    "dd.MM.yyyy HH:mm:ss",
    "d/M/yyyy H:mm:ss",
    "MMM d, yyyy HH:mm:ss",
    "EEEE d MMMM yyyy HH:mm:ss",
    "yyyyMMddHHmmss",
    "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy/MM/dd hh:mm:ss a",
    "d.M.yyyy h:mm:ss a",
    "HH'h'mm'm'ss's' 'on' dd-MM-yyyy",
)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(FORMATS),
    st.builds(
        datetime.combine,
        st.dates(date(1900, 1, 1), date(2999, 12, 31)),
        st.times().map(lambda moment: moment.replace(microsecond=0)),
    ),
)
def test_what_duckdb_writes_in_a_format_it_reads_and_the_pattern_matches(
    jdk: str, moment: datetime
) -> None:
    strptime = strptime_format(jdk)

    (row,) = duckdb.execute(
        "SELECT text, try_strptime(text, $1), regexp_full_match(text, $2) "
        "FROM (SELECT strftime($3::TIMESTAMP, $1) AS text)",
        [strptime, text_pattern(jdk), moment],
    ).fetchall()

    assert row[1:] == (moment, True)


@pytest.mark.parametrize(
    ("jdk", "texts", "others"),
    [
        (
            "yyyy-MM-dd",
            ["2024-01-05"],
            ["2024-1-05", " 2024-01-05", "2024-01-05 ", "24-01-05", "2024-01-055", "2024_01_05"],
        ),
        ("d/M/yyyy", ["5/1/2024", "05/01/2024"], ["005/1/2024", "5/1/24", " 5/1/2024"]),
        ("dd.MM.yyyy", ["05.01.2024"], ["05x01x2024", "5.1.2024"]),
        ("HH:mm", ["08:05"], ["8:05", "08:5", "08:05:00"]),
        ("HH:mmXXX", ["08:05Z", "08:05+02:00", "08:05-0230", "08:05+02"], ["08:05", "08:05 +02"]),
    ],
)
def test_a_pattern_matches_texts_of_exactly_its_format(
    jdk: str, texts: list[str], others: list[str]
) -> None:
    def matches(text: str) -> bool:
        row = duckdb.execute(
            "SELECT regexp_full_match($1, $2)", [text, text_pattern(jdk)]
        ).fetchone()
        assert row is not None
        return bool(row[0])

    assert [text for text in texts if not matches(text)] == []
    assert [text for text in others if matches(text)] == []


def test_only_formats_with_x_say_the_offset() -> None:
    assert has_offset("yyyy-MM-dd HH:mm:ssXXX")
    assert has_offset("HHX")
    assert not has_offset("yyyy-MM-dd HH:mm:ss")
    assert not has_offset("yyyy-MM-dd'X'")


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)))
@pytest.mark.parametrize("jdk", ["yyyy-MM-dd", "yyyyMMdd", "dd_MM_yy", "d.M.yyyy"])
def test_a_file_of_a_day_says_that_day(jdk: str, day: date) -> None:
    python = file_day_format(jdk)

    assert datetime.strptime(day.strftime(python), python).date() == day  # noqa: DTZ007


@pytest.mark.parametrize("jdk", ["yyyy", "MM-dd", "yyyy-MM", "HH:mm", "dd"])
def test_a_file_format_that_does_not_say_the_day_is_refused(jdk: str) -> None:
    with pytest.raises(ValueError, match="does not say year, month and day"):
        file_day_format(jdk)


def test_a_file_format_that_python_cannot_read_is_refused() -> None:
    with pytest.raises(ValueError, match="bad directive"):
        file_day_format("yyyy-MM-dd SSS")
