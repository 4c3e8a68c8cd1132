"""How the mistakes of a contract are told: each with its field and the fix, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets.errors import ContractError
from sales_assets_tests.contracts.builders import (
    GONE,
    LINES,
    REVENUE,
    changed,
    load,
    problems,
)

COLUMN = f"{LINES}.3"
RULE = "schema.1.quality.0"
WRONG: dict[str, tuple[str, Any, str, str]] = {
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
    "a column of an unknown type": (
        f"{COLUMN}.logicalType",
        "object",
        "schema.lines.price.logicalType: is 'object'",
        "use string, integer, number, boolean, date, time, timestamp",
    ),
    "a column twice": (
        f"{LINES}.+",
        {"name": "price", "physicalName": "Price", "logicalType": "number"},
        "schema.lines.price.name: is there twice",
        "give each column its own name",
    ),
    "a header twice": (
        f"{COLUMN}.physicalName",
        "Quantity",
        "schema.lines.price.physicalName: 'Quantity' is there twice",
        "keep one of them",
    ),
    "a column without a name": (
        f"{LINES}.3.name",
        "",
        "schema.lines.properties[3].name: is ''",
        "use lower-case letters",
    ),
    "a column with a capital beside one without": (
        f"{LINES}.+",
        {"name": "Price", "physicalName": "Price", "logicalType": "number"},
        "schema.lines.properties[5].name: is 'Price'",
        "use lower-case letters",
    ),
    "a column whose name is kept for generated SQL": (
        f"{LINES}.+",
        {"name": "price__text", "logicalType": "string"},
        "schema.lines.properties[5].name: is 'price__text'",
        "single _",
    ),
    "an encrypted column": (
        f"{LINES}.0.encryptedName",
        "receipt_encrypted",
        "schema.lines.receipt.encryptedName: is not enforced",
        "nothing is encrypted",
    ),
    "quality of a column of the drop": (
        f"{LINES}.0.quality",
        [{"type": "text", "description": "is nice"}],
        "schema.lines.receipt.quality: is not checked",
        "move it to schema.lines",
    ),
    "quality of the drop": (
        "schema.0.quality",
        [{"type": "text", "description": "is nice"}],
        "schema.lines.quality[0]: is no rule of a line",
        "use type: sql and mustBe: 0",
    ),
    "a computed column of the drop": (
        f"{LINES}.0.transformLogic",
        "upper(receipt)",
        "schema.lines.receipt.transformLogic: is not used",
        "move it to schema.revenue",
    ),
    "an option that is not enforced": (
        f"{COLUMN}.logicalTypeOptions",
        {"multipleOf": 5},
        "schema.lines.price.logicalTypeOptions.multipleOf: is not enforced for number",
        "use exclusiveMaximum",
    ),
    "a physical type that is no decimal": (
        f"{COLUMN}.physicalType",
        "DOUBLE",
        "schema.lines.price.physicalType: is 'DOUBLE'",
        "use DECIMAL(18,4)",
    ),
    "a bound with more decimals than the type": (
        f"{COLUMN}.logicalTypeOptions",
        {"minimum": 0.00001},
        "schema.lines.price.logicalTypeOptions.minimum: '1e-05' is no number",
        "write it like 0.5, within DECIMAL(18,4)",
    ),
    "a bound beyond the type": (
        f"{COLUMN}.logicalTypeOptions",
        {"maximum": 1e20},
        "schema.lines.price.logicalTypeOptions.maximum: '1e+20' is no number",
        "write it like 0.5",
    ),
    "a bound that is no date": (
        f"{LINES}.1.logicalTypeOptions",
        {"minimum": "2024-02-30"},
        "schema.lines.sold_on.logicalTypeOptions.minimum: '2024-02-30' is no date",
        "write it like 2024-12-31",
    ),
    "a date format with optional parts": (
        f"{LINES}.1.logicalTypeOptions",
        {"format": "yyyy[-MM[-dd]]"},
        "schema.lines.sold_on.logicalTypeOptions.format",
        "write it like yyyy-MM-dd",
    ),
    "a date format of unknown letters": (
        f"{LINES}.1.logicalTypeOptions",
        {"format": "YYYY-MM-DD"},
        "schema.lines.sold_on.logicalTypeOptions.format: 'YYYY' is not one of",
        "yyyy",
    ),
    "an unknown time zone": (
        LINES + ".+",
        {
            "name": "at",
            "logicalType": "timestamp",
            "logicalTypeOptions": {"defaultTimezone": "Europe/Atlantis"},
        },
        "schema.lines.at.logicalTypeOptions.defaultTimezone: 'Europe/Atlantis' is unknown",
        "use an IANA name",
    ),
    "a time zone that is a continent": (
        LINES + ".+",
        {
            "name": "at",
            "logicalType": "timestamp",
            "logicalTypeOptions": {"defaultTimezone": "Europe"},
        },
        "schema.lines.at.logicalTypeOptions.defaultTimezone: 'Europe' is unknown",
        "use an IANA name",
    ),
    "a time zone beside an offset": (
        LINES + ".+",
        {
            "name": "at",
            "logicalType": "timestamp",
            "logicalTypeOptions": {
                "format": "yyyy-MM-dd HH:mm:ssXXX",
                "defaultTimezone": "Europe/Berlin",
            },
        },
        "schema.lines.at.logicalTypeOptions.defaultTimezone: is never used",
        "leave it out",
    ),
    "an offset that the format lacks": (
        LINES + ".+",
        {"name": "at", "logicalType": "timestamp", "logicalTypeOptions": {"timezone": True}},
        "schema.lines.at.logicalTypeOptions.timezone: is true, but",
        "add XXX to the format",
    ),
    "a pattern with look-around": (
        f"{LINES}.0.logicalTypeOptions",
        {"pattern": "(?=A)A"},
        "schema.lines.receipt.logicalTypeOptions.pattern: '(?=A)A'",
        "use RE2's syntax",
    ),
    "a value of the enumeration that YAML took for a boolean": (
        f"{LINES}.4.enum",
        [{"value": True}],
        "schema.lines.state.enum: has True",
        "write the text of the file in quotes",
    ),
    "a column that is named like a canonical one with another meaning": (
        f"{LINES}.+",
        {"name": "amount", "logicalType": "number"},
        "schema.lines.amount.name: the staged file has a canonical column 'amount'",
        "name it otherwise, like csv_amount",
    ),
    "a column that is named like one of the pipeline's": (
        f"{LINES}.+",
        {"name": "file_sha256", "logicalType": "string"},
        "schema.lines.file_sha256.name: the staged file has a canonical column",
        "keep the header in physicalName",
    ),
    "no mapping of a required canonical column": (
        f"{REVENUE}.3",
        GONE,
        "schema.revenue.amount: is missing",
        "map it: The line's amount",
    ),
    "a mapping of an unknown canonical column": (
        f"{REVENUE}.+",
        {"name": "discount", "logicalType": "number", "transformLogic": "price"},
        "schema.revenue.discount: is no canonical column",
        "use one of order_id",
    ),
    "a mapping of provenance": (
        f"{REVENUE}.+",
        {"name": "file", "logicalType": "string", "transformLogic": "'mine.csv'"},
        "schema.revenue.file: is no canonical column",
        "use one of",
    ),
    "a mapping twice": (
        f"{REVENUE}.+",
        {"name": "kind", "logicalType": "string", "transformLogic": "'return'"},
        "schema.revenue.kind: is there twice",
        "give it once",
    ),
    "a mapping of another type": (
        f"{REVENUE}.3.logicalType",
        "integer",
        "schema.revenue.amount.logicalType: is 'integer'",
        "amount is of type number",
    ),
    "a mapping without an expression": (
        f"{REVENUE}.3.transformLogic",
        GONE,
        "schema.revenue.amount.transformLogic: is missing",
        "say how the column is computed",
    ),
    "a canonical column that is required beyond the model": (
        f"{REVENUE}.0.required",
        True,
        "schema.revenue.order_id.required: is not enforced",
        "require the columns that it is from",
    ),
    "options of a canonical column": (
        f"{REVENUE}.3.logicalTypeOptions",
        {"minimum": 0},
        "schema.revenue.amount.logicalTypeOptions: is not enforced",
        "move it to schema.lines",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_contract_is_refused_with_its_field_and_the_fix(name: str, tmp_path: Path) -> None:
    path, value, told, fix = WRONG[name]

    found = problems(tmp_path, changed(path, value))

    assert [line for line in found if line.startswith(told) and fix in line], found


@pytest.mark.parametrize(
    ("logic", "told"),
    [
        ("(SELECT 1)", "sub-queries, aggregates and windows are not allowed"),
        ("SUM(price)", "sub-queries, aggregates and windows are not allowed"),
        ("SUM(price) OVER ()", "sub-queries, aggregates and windows are not allowed"),
        ("price * missing", "'missing' is not a column of the drop; it has receipt, sold_on"),
        ("price * 0 + epoch_ms(now())", "may give another value at another time"),
        ("price; DROP TABLE revenue", "has to be one SQL expression"),
        ("price AS amount", "has to be an expression without a name"),
        ("price *", "not an SQL expression"),
        ("lines.price", "name the column without a table"),
    ],
)
def test_an_expression_that_is_no_plain_one_is_refused(
    logic: str, told: str, tmp_path: Path
) -> None:
    (found,) = (
        line
        for line in problems(tmp_path, changed(f"{REVENUE}.3.transformLogic", logic))
        if line.startswith("schema.revenue.amount.transformLogic")
    )

    assert told in found


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("servers.0.formatt", "csv", "servers[0]: Unevaluated properties are not allowed"),
        ("version", GONE, "the contract: 'version' is a required property"),
        (f"{COLUMN}.required", "yes", "schema[0].properties[3].required: 'yes' is not of type"),
        (f"{COLUMN}.logicalType", GONE, "schema[0].properties[3]: logicalType is missing; give"),
        (f"{COLUMN}.logicalType", "varchar", "schema[0].properties[3].logicalType: 'varchar'"),
        (f"{RULE}.mustBe", GONE, "schema[1].quality[0]"),
    ],
)
def test_what_the_standard_refuses_is_told_with_its_field(
    path: str, value: Any, told: str, tmp_path: Path
) -> None:
    found = problems(tmp_path, changed(path, value))

    assert [line for line in found if line.startswith(told)], found


def test_all_problems_of_a_contract_are_told_at_once(tmp_path: Path) -> None:
    wrong = changed("name", "Till")
    for path, value in (
        ("servers.0.format", "json"),
        (f"{LINES}.0.partitioned", True),
        (f"{REVENUE}.3.transformLogic", "price / 3"),
        (f"{REVENUE}.4.transformLogic", "no_such_function(price)"),
        ("customProperties.1.value.start", "yesterday"),
        (f"{RULE}.query", "SELECT COUNT(*) FROM ${object} WHERE no_such_column = 1"),
        ("slaProperties.0.unit", "h"),
    ):
        wrong = changed(path, value, wrong)

    fields = {line.split(":")[0] for line in problems(tmp_path, wrong)}

    assert fields == {
        "name",
        "servers[0].format",
        "schema.lines.receipt.partitioned",
        "schema.revenue.amount.transformLogic",
        "schema.revenue.net_amount.transformLogic",
        "customProperties.history.start",
        "schema.revenue.quality[0].query",
        "slaProperties[0].unit",
    }


def test_a_column_that_says_the_day_needs_a_rule_for_drops_that_share_one(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, changed("customProperties.0.value", {"column": "sold_on"}))

    (told,) = str(caught.value).splitlines()[1:]
    assert "customProperties.overlappingDrops: is missing; give latest" in told
    assert "or union (their lines add up)" in told
