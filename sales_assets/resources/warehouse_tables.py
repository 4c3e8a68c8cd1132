"""The tables that the pipeline writes itself: their columns, types and what each column means.

Belongs here: that description, whatever the product. Does not: what is done with the tables
(`warehouse`), or the models above them (dbt_project).
"""

from __future__ import annotations

from sales_assets.contracts.canonical import REJECTED_COLUMNS, REVENUE_COLUMNS

LEDGER_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("source", "VARCHAR", "The contract's source."),
    ("partition_date", "DATE", "The UTC day of the drop."),
    ("fingerprint", "VARCHAR", "Hash of the files' bytes, the contract and the parser."),
    ("contract_version", "VARCHAR", "Version of the contract that the lines were judged by."),
    ("files", "VARCHAR", "The day's files with their SHA-256 and lines, as JSON."),
    ("lines", "BIGINT", "Lines that the files hold for the day."),
    ("accepted", "BIGINT", "Lines that became rows of revenue."),
    ("rejected", "BIGINT", "Lines that became rows of rejected."),
    ("amount", "DECIMAL(38,4)", "Sum of the accepted amounts, in the lines' currencies."),
    ("net_amount", "DECIMAL(38,4)", "Sum of the accepted net amounts, in their currencies."),
    ("loaded_at", "TIMESTAMP", "When the rows were written, in UTC."),
)
RESTATED_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("source", "VARCHAR", "The contract's source."),
    ("partition_date", "DATE", "The UTC day of a drop that was restated."),
    ("order_date", "DATE", "An order date that the replaced rows had."),
    ("customer_id", "VARCHAR", "A customer that the replaced rows had."),
)
LINE_KEY_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("source", "VARCHAR", "The contract's source; only those whose keys are unique across days."),
    ("partition_date", "DATE", "The UTC day of the drop."),
    ("line_key", "VARCHAR", "SHA-256 of the key's values."),
    ("file", "VARCHAR", "The drop, relative to the landing zone."),
    ("line", "BIGINT", "The line in the file, from 1."),
    ("text", "VARCHAR", "The line's text, personal values masked, should it be rejected."),
    ("counts", "BOOLEAN", "Whether the line is in revenue; else it is in outweighed."),
)
MOVED_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("source", "VARCHAR", "The contract's source."),
    ("partition_date", "DATE", "The UTC day whose load brought or took a key."),
    ("moved_date", "DATE", "Another day, whose line of that key began or ceased to count."),
)
EXCHANGE_RATE_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("rate_date", "DATE", "The day of the publication."),
    ("currency", "VARCHAR", "The currency (ISO 4217)."),
    ("rate", "DECIMAL(18,6)", "Units of the currency for one euro, as they were published."),
    ("object_key", "VARCHAR", "The object with the answer that the rate is from."),
    ("loaded_at", "TIMESTAMP", "When the row was written, in UTC."),
)
RATE_DAY_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("day", "DATE", "A day of which the rates were asked for."),
    ("expected_rate_date", "DATE", "The publication that is due for it."),
)
QUARANTINED_RATE_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("rate_date", "DATE", "The day of the publication."),
    ("currency", "VARCHAR", "The currency (ISO 4217)."),
    ("value", "VARCHAR", "What the API said; empty if it said nothing of the currency."),
    ("reason", "VARCHAR", "Why the rate may not enter."),
    ("object_key", "VARCHAR", "The object with the answer."),
    ("seen_at", "TIMESTAMP", "When it was seen first, in UTC."),
)
CONVERSION_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("source", "VARCHAR", "The contract's source."),
    ("partition_date", "DATE", "The UTC day of the drop."),
    ("order_date", "DATE", "An order date of its sales."),
    ("currency", "VARCHAR", "A currency of these."),
    ("reporting_currency", "VARCHAR", "What they were converted to."),
    ("rate_date", "DATE", "The publication that they were converted at."),
    ("currency_rate", "DECIMAL(18,6)", "Units of their currency for one euro."),
    ("reporting_rate", "DECIMAL(18,6)", "Units of the reporting currency for one euro."),
    ("expected_rate_date", "DATE", "The publication that was due."),
    ("rules", "VARCHAR", "By which rules a rate could be used."),
)
UNFINISHED_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("partition_date", "DATE", "A day of drops that a build of the models began with."),
)

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "revenue": tuple((c.name, c.sql_type) for c in REVENUE_COLUMNS),
    "rejected": tuple(
        (c.name, "VARCHAR[]" if c.name == "reasons" else c.sql_type) for c in REJECTED_COLUMNS
    ),
    "ledger": tuple((name, sql_type) for name, sql_type, _ in LEDGER_COLUMNS),
    "restated": tuple((name, sql_type) for name, sql_type, _ in RESTATED_COLUMNS),
    "outweighed": tuple((c.name, c.sql_type) for c in REVENUE_COLUMNS),
    "line_keys": tuple((name, sql_type) for name, sql_type, _ in LINE_KEY_COLUMNS),
    "moved": tuple((name, sql_type) for name, sql_type, _ in MOVED_COLUMNS),
    "exchange_rates": tuple((name, sql_type) for name, sql_type, _ in EXCHANGE_RATE_COLUMNS),
    "rate_days": tuple((name, sql_type) for name, sql_type, _ in RATE_DAY_COLUMNS),
    "quarantined_rates": tuple((name, sql_type) for name, sql_type, _ in QUARANTINED_RATE_COLUMNS),
    "conversions": tuple((name, sql_type) for name, sql_type, _ in CONVERSION_COLUMNS),
    "unfinished_marts": tuple((name, sql_type) for name, sql_type, _ in UNFINISHED_COLUMNS),
}
"""The tables that the pipeline writes itself: name -> (column, type in ANSI terms)."""
