"""What a contract may say of how its files, and the values in them, are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets.contracts.model import WHITESPACE, Dialect, NumberFormat
from sales_assets_tests.contracts.builders import LINES, changed, load, problems

WRONG: dict[str, tuple[str, Any, str, str]] = {
    # name: (path, value, the field that is told, the fix)
    "an encoding that is not read": (
        "servers.0.encoding",
        "utf-7",
        "servers[0].encoding: 'utf-7' is not read",
        "use UTF-8",
    ),
    "an unknown word of the dialect": (
        "servers.0.customProperties",
        [{"property": "escapeChar", "value": "/"}],
        "servers[0].customProperties[0].property: 'escapeChar' is unknown",
        "use one of commentChar, commentRows, decimalChar, delimiter",
    ),
    "a delimiter of two characters": (
        "servers.0.customProperties",
        [{"property": "delimiter", "value": "||"}],
        "servers[0].customProperties.delimiter: is '||'",
        "give one ASCII sign",
    ),
    "a delimiter that quotes": (
        "servers.0.customProperties",
        [{"property": "delimiter", "value": '"'}],
        "servers[0].customProperties.quoteChar: is the delimiter '\"' too",
        "give two characters",
    ),
    "missing values that are no texts": (
        "servers.0.customProperties",
        [{"property": "missingValues", "value": [0]}],
        "servers[0].customProperties.missingValues: is [0]",
        "give a list of texts",
    ),
    "a missing value with a quote": (
        "servers.0.customProperties",
        [{"property": "missingValues", "value": ["", '"']}],
        "servers[0].customProperties.missingValues: has '\"', with a delimiter, a quote",
        "give the texts as they are inside of a field",
    ),
    "a missing value with the delimiter": (
        "servers.0.customProperties",
        [{"property": "missingValues", "value": ["-,-"]}],
        "servers[0].customProperties.missingValues: has '-,-', with a delimiter, a quote",
        "give the texts as they are inside of a field",
    ),
    "a header row and no header": (
        "servers.0.customProperties",
        [{"property": "header", "value": False}, {"property": "headerRows", "value": [2]}],
        "servers[0].customProperties.headerRows: is there without a header",
        "leave it out",
    ),
    "two header rows": (
        "servers.0.customProperties",
        [{"property": "headerRows", "value": [1, 2]}],
        "servers[0].customProperties.headerRows: has 2 rows",
        "give one, like [4]",
    ),
    "a header row zero": (
        "servers.0.customProperties",
        [{"property": "headerRows", "value": [0]}],
        "servers[0].customProperties.headerRows: is [0]",
        "give line numbers",
    ),
    "a header that is neither there nor not": (
        "servers.0.customProperties",
        [{"property": "header", "value": "yes"}],
        "servers[0].customProperties.header: is 'yes'",
        "give true or false",
    ),
    "a comment of two characters": (
        "servers.0.customProperties",
        [{"property": "commentChar", "value": "//"}],
        "servers[0].customProperties.commentChar: is '//'",
        "give one ASCII sign",
    ),
    "a footer that is every line": (
        "servers.0.customProperties",
        [{"property": "footer", "value": ".*"}],
        "servers[0].customProperties.footer: matches every line",
        "describe the footer's lines",
    ),
    "a footer that is no pattern": (
        "servers.0.customProperties",
        [{"property": "footer", "value": "("}],
        "servers[0].customProperties.footer: '('",
        "use Python's syntax",
    ),
    "a decimal sign that is a digit": (
        "servers.0.customProperties",
        [{"property": "decimalChar", "value": "0"}],
        "schema.lines.qty.customProperties.decimalChar: is '0'",
        "give one sign",
    ),
    "groups like decimals": (
        "servers.0.customProperties",
        [{"property": "groupChar", "value": "."}],
        "schema.lines.qty.customProperties.groupChar: is '.' like decimalChar",
        "give two signs",
    ),
    "a currency symbol with a digit": (
        f"{LINES}.3.customProperties",
        [{"property": "currencySymbols", "value": ["$1"]}],
        "schema.lines.price.customProperties.currencySymbols: has '$1'",
        "give texts like $",
    ),
    "a currency symbol that stands in numbers": (
        f"{LINES}.3.customProperties",
        [{"property": "currencySymbols", "value": ["."]}],
        "schema.lines.price.customProperties.currencySymbols: has '.'",
        "give texts like $",
    ),
    "minor units that are no number of digits": (
        f"{LINES}.3.customProperties",
        [{"property": "minorUnits", "value": "cents"}],
        "schema.lines.price.customProperties.minorUnits: is 'cents'",
        "give 0 to 6",
    ),
    "more minor units than the type has decimals": (
        f"{LINES}.3.customProperties",
        [{"property": "minorUnits", "value": 5}],
        "schema.lines.price.customProperties: DECIMAL(18,4) has no room for 5 more decimals",
        "DECIMAL(18,5)",
    ),
    "formats of a number": (
        f"{LINES}.3.customProperties",
        [{"property": "formats", "value": ["yyyy"]}],
        "schema.lines.price.customProperties[0].property: 'formats' is unknown",
        "use one of accounting",
    ),
    "a percentage of money": (
        f"{LINES}.3.customProperties",
        [{"property": "percent", "value": True}, {"property": "minorUnits", "value": 2}],
        "schema.lines.price.customProperties.percent: goes with no other property of money",
        "keep one",
    ),
    "two formats that read a text as two days": (
        f"{LINES}.1",
        {
            "name": "sold_on",
            "logicalType": "date",
            "logicalTypeOptions": {"format": "dd/MM/yyyy"},
            "customProperties": [{"property": "formats", "value": ["MM/dd/yyyy"]}],
        },
        "schema.lines.sold_on.logicalTypeOptions.format: 'dd/MM/yyyy' and 'MM/dd/yyyy' take",
        "keep the one that the source means",
    ),
    "a further format that is none": (
        f"{LINES}.1.customProperties",
        [{"property": "formats", "value": ["YYYY"]}],
        "schema.lines.sold_on.customProperties.formats: 'YYYY' is not one of",
        "write it like",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_dialect_is_refused_with_its_field_and_the_fix(name: str, tmp_path: Path) -> None:
    path, value, told, fix = WRONG[name]

    found = problems(tmp_path, changed(path, value))

    assert [line for line in found if line.startswith(told) and fix in line], found


def test_a_contract_describes_how_its_files_and_numbers_are_written(tmp_path: Path) -> None:
    words = {
        "delimiter": "whitespace",
        "quoteChar": "",
        "quotedNewlines": True,
        "headerRows": [4],
        "commentRows": [6, 5],
        "commentChar": "#",
        "footer": "Total",
        "decimalChar": ",",
    }
    content = changed(
        "servers.0.customProperties", [{"property": k, "value": v} for k, v in words.items()]
    )
    content = changed("servers.0.encoding", "windows-1252", content)
    own = {"decimalChar": ".", "groupChar": ",", "currencySymbols": ["$"], "minorUnits": 2}
    properties = [{"property": k, "value": v} for k, v in own.items()]
    content = changed(f"{LINES}.3.customProperties", properties, content)

    till = load(tmp_path, content)

    assert till.dialect == Dialect(
        WHITESPACE,
        "",
        "cp1252",
        quoted_newlines=True,
        header_row=4,
        comment_rows=(5, 6),
        comment_char="#",
        footer="Total",
    )
    assert till.column("qty").number == NumberFormat(",")
    assert till.column("price").number == NumberFormat(".", ",", ("$",), minor_units=2)
    assert till.column("receipt").number.is_plain
