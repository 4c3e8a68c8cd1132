"""The standard's logical types and the SQL types that hold them.

Belongs here: that one table, and the digits of decimals. Does not: parsing text (`sql`).
"""

from __future__ import annotations

from enum import StrEnum

MONEY_TYPE = "DECIMAL(18,4)"
"""Money and quantities: exact, 14 digits before the point and 4 after it."""


class LogicalType(StrEnum):
    """The ODCS logical types that a column of a CSV can have."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"


SQL_TYPES = {
    LogicalType.STRING: "VARCHAR",
    LogicalType.INTEGER: "BIGINT",
    LogicalType.NUMBER: MONEY_TYPE,
    LogicalType.BOOLEAN: "BOOLEAN",
    LogicalType.DATE: "DATE",
    LogicalType.TIME: "TIME",
    LogicalType.TIMESTAMP: "TIMESTAMP",
}


def scale_of(sql_type: str) -> int:
    """The digits after the point of a DECIMAL type."""
    return int(sql_type.rstrip(")").partition(",")[2])


def limit_of(sql_type: str) -> int:
    """The first whole number that is too large for a DECIMAL type."""
    width = int(sql_type.partition("(")[2].partition(",")[0])
    return int(10 ** (width - scale_of(sql_type)))
