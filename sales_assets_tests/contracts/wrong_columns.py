"""Contracts with one mistake in a column or its mapping, and what is told of each."""

from __future__ import annotations

from typing import Any

from sales_assets_tests.contracts.builders import GONE, LINES, REVENUE

COLUMN = f"{LINES}.3"
WRONG_COLUMNS: dict[str, tuple[str, Any, str, str]] = {
    # name: (path, value, the field that is told, the fix)
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
