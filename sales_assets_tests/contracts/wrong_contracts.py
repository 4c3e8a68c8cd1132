"""Contracts with one mistake beside their columns, and what is told of each."""

from __future__ import annotations

from typing import Any

from sales_assets_tests.contracts.builders import GONE

WRONG_CONTRACTS: dict[str, tuple[str, Any, str, str]] = {
    # name: (path, value, the field that is told, the fix)
    "an unknown custom property": (
        "customProperties.+",
        {"property": "partitonDay", "value": 1},
        "customProperties[3].property: 'partitonDay' is unknown",
        "use one of calendar, history, overlappingDrops, partitionDay",
    ),
    "a custom property twice": (
        "customProperties.+",
        {"property": "history", "value": {"start": "2024-01-01"}},
        "customProperties[3].property: 'history' is there twice",
        "keep one",
    ),
    "a name that is no identifier": (
        "name",
        "Till 1",
        "name: is 'Till 1'",
        "use lower-case letters",
    ),
    "no team": ("team", GONE, "team.name: is ''", "use lower-case letters"),
    "two servers": (
        "servers.+",
        {"server": "b", "type": "local", "path": "b/*.csv", "format": "csv"},
        "servers: has 2 entries",
        "describe one landing zone",
    ),
    "a format that is no CSV": (
        "servers.0.format",
        "json",
        "servers[0].format: is 'json'",
        "use format: csv",
    ),
    "a path outside of the landing zone": (
        "servers.0.path",
        "../other/*.csv",
        "servers[0].path: is '../other/*.csv'",
        "give a glob below the landing zone",
    ),
    "an absolute path": ("servers.0.path", "/tmp/*.csv", "servers[0].path", "give a glob below"),
    "no partition day": (
        "customProperties.0",
        GONE,
        "customProperties.partitionDay: is missing",
        "give {column: NAME}",
    ),
    "a partition day that is no expression": (
        "customProperties.0.value.fileName",
        "(?P<day>",
        "customProperties.partitionDay: is wrong",
        "(?P<day>...)",
    ),
    "a partition day without the group": (
        "customProperties.0.value.fileName",
        r"(\d+)",
        "customProperties.partitionDay: is wrong: it has no group named day",
        "(?P<day>...)",
    ),
    "a partition day whose format lacks the year": (
        "customProperties.0.value.format",
        "MM-dd",
        "customProperties.partitionDay: is wrong: 'MM-dd' does not say year, month and day",
        "format: ...",
    ),
    "a partition day in a column that is no date": (
        "customProperties.0.value",
        {"column": "price"},
        "customProperties.partitionDay: 'price' is no date or timestamp column",
        "give {column: NAME}",
    ),
    "a partition day with another word": (
        "customProperties.0.value",
        {"column": "sold_on", "zone": "UTC"},
        "customProperties.partitionDay: is {",
        "give {column: NAME}",
    ),
    "an unknown rule for drops of one day": (
        "customProperties.+",
        {"property": "overlappingDrops", "value": "first"},
        "customProperties.overlappingDrops: is 'first'",
        "give latest (of several files",
    ),
    "no history": (
        "customProperties.1",
        GONE,
        "customProperties.history: is missing",
        "give {start",
    ),
    "an inverted history": (
        "customProperties.1.value",
        {"start": "2024-02-01", "end": "2024-02-01"},
        "customProperties.history: ends (2024-02-01) before it starts (2024-02-01)",
        "end is exclusive",
    ),
    "a history that starts on no date": (
        "customProperties.1.value.start",
        "2024-13-01",
        "customProperties.history.start: '2024-13-01' is no date",
        "write it as 2024-12-31",
    ),
    "a calendar with an unknown weekday": (
        "customProperties.2.value.weekdays",
        ["mon", "mittwoch"],
        "customProperties.calendar.weekdays: 'mittwoch' is no weekday",
        "use mon, tue",
    ),
    "a calendar whose weekdays are no list": (
        "customProperties.2.value.weekdays",
        5,
        "customProperties.calendar: is {",
        "give {weekdays: [mon, ...]",
    ),
    "a calendar that closes on no date": (
        "customProperties.2.value.closed",
        ["christmas"],
        "customProperties.calendar.closed: 'christmas' is no date",
        "write it as 2024-12-31",
    ),
    "a latency in hours": (
        "slaProperties.0.unit",
        "h",
        "slaProperties[0].unit: is 'h'",
        "give the latency in days: d",
    ),
    "a latency of half a day": (
        "slaProperties.0.value",
        0.5,
        "slaProperties[0].value: is 0.5",
        "give whole days",
    ),
    "a latency that is infinite": (
        "slaProperties.0.value",
        float("inf"),
        "slaProperties[0].value: is inf",
        "give whole days",
    ),
    "no object of the lines": (
        "schema.0.name",
        "rows",
        "schema[0].name: 'rows' is not read",
        "use lines and revenue",
    ),
    "an object more": (
        "schema.+",
        {"name": "customers"},
        "schema[2].name: 'customers' is not read",
        "use lines and revenue",
    ),
}
