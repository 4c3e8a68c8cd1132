"""What a contract says beyond its columns: days, history, calendar and quality.

Belongs here: reading and checking those fields. Does not: columns and mappings (`fields`), the
landing zone's files (`load`), numbers of days (`service_levels`), or whether DuckDB understands a
query (`bind`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from open_data_contract_standard.model import DataQuality, SchemaObject

from sales_assets.contracts.days import Calendar, DayFromColumn, DayFromFileName, History, Overlap
from sales_assets.contracts.expressions import counted_condition, single_select
from sales_assets.contracts.formats import file_day_format
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column, LineRule
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.quality import QualityRule, RejectedLimit, Severity

BUILT_IN_CHECKS = frozenset(
    {"lines_reconcile", "totals_match_staged", "row_count_in_band", "net_revenue_in_band"}
)
"""Checks that every revenue asset has; a rule of the same name would be a second one."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ALL = 100
"""Percent."""
_OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)


def read_day(
    problems: Problems, value: Any, columns: Sequence[Column]
) -> DayFromFileName | DayFromColumn:
    """How the day of a line is found: from the file's name or from one of its columns."""
    field = "customProperties.partitionDay"
    fix = "give {column: NAME} or {fileName: 'regular expression with (?P<day>...)', format: ...}"
    if isinstance(value, dict) and set(value) == {"column"}:
        name = value["column"]
        column = next((column for column in columns if column.name == name), None)
        if column is None or column.type not in {LogicalType.DATE, LogicalType.TIMESTAMP}:
            problems.add(field, f"'{name}' is no date or timestamp column of the drop", fix)
        return DayFromColumn(str(name))
    if isinstance(value, dict) and "fileName" in value and set(value) <= {"fileName", "format"}:
        try:
            pattern = re.compile(str(value["fileName"]))
            if "day" not in pattern.groupindex:
                raise ValueError("it has no group named day")
            return DayFromFileName(pattern, file_day_format(str(value.get("format", "yyyy-MM-dd"))))
        except (re.error, ValueError) as error:
            problems.add(field, f"is wrong: {error}", fix)
    else:
        problems.add(field, "is missing" if value is None else f"is {value!r}", fix)
    return DayFromColumn("")


def read_overlap(problems: Problems, value: Any, day: DayFromFileName | DayFromColumn) -> Overlap:
    """What several drops of one day mean; they add up by default if their names say the day.

    Where a column says it, nothing tells a restatement of a day from more lines of it.
    """
    if value is None and (isinstance(day, DayFromFileName) or not day.column):
        return Overlap.UNION
    field = "customProperties.overlappingDrops"
    fix = (
        "give latest (of several files that hold a day, the one with the newest modification time "
        "is the whole day), latestByName (the one with the last name) or union (their lines add up)"
    )
    try:
        return Overlap(value)
    except ValueError:
        problems.add(field, "is missing" if value is None else f"is {value!r}", fix)
        return Overlap.LATEST


def read_history(problems: Problems, value: Any) -> History:
    """The span of days that the source has."""
    field, fix = "customProperties.history", "give {start: 2024-01-01} and, if it ended, end: DATE"
    if not isinstance(value, dict) or not {"start"} <= set(value) <= {"start", "end"}:
        problems.add(field, "is missing" if value is None else f"is {value!r}", fix)
        return History(date.max)
    start = _date(problems, f"{field}.start", value["start"])
    end = _date(problems, f"{field}.end", value["end"]) if "end" in value else None
    if start is not None and end is not None and end <= start:
        problems.add(field, f"ends ({end}) before it starts ({start})", "end is exclusive")
    return History(start or date.max, end)


def read_calendar(problems: Problems, value: Any) -> Calendar:
    """The days on which a drop is due; every day unless the contract says otherwise."""
    if value is None:
        return Calendar()
    field = "customProperties.calendar"
    fix = "give {weekdays: [mon, ...], closed: [DATE, ...]}"
    if (
        not isinstance(value, dict)
        or not set(value) <= {"weekdays", "closed"}
        or not all(isinstance(entries, list) for entries in value.values())
    ):
        problems.add(field, f"is {value!r}", fix)
        return Calendar()
    weekdays = set()
    for name in value.get("weekdays", _WEEKDAYS):
        text = str(name).lower()
        found = [n for n, day in enumerate(_WEEKDAYS, start=1) if text in {day, day[:3]}]
        if not found:
            problems.add(f"{field}.weekdays", f"'{name}' is no weekday", "use mon, tue, ... sun")
        weekdays.update(found)
    closed = [_date(problems, f"{field}.closed", entry) for entry in value.get("closed", [])]
    return Calendar(frozenset(weekdays), frozenset(day for day in closed if day is not None))


def _date(problems: Problems, field: str, value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        problems.add(field, f"'{value}' is no date", "write it as 2024-12-31")
        return None


def read_quality(problems: Problems, revenue: SchemaObject | None) -> tuple[QualityRule, ...]:
    """The quality rules on the canonical rows."""
    rules: dict[str, QualityRule] = {}
    for index, entry in enumerate((revenue.quality if revenue else None) or []):
        field = f"schema.revenue.quality[{index}]"
        for rule in _rule(problems, field, entry):
            if rule.name in rules:
                problems.add(f"{field}.name", f"'{rule.name}' is there twice", "name it otherwise")
            if rule.name in BUILT_IN_CHECKS:
                problems.add(
                    f"{field}.name",
                    f"'{rule.name}' is a check of every source",
                    "name it otherwise",
                )
            rules[rule.name] = rule
    return tuple(rules.values())


def read_line_rules(
    problems: Problems,
    lines: SchemaObject | None,
    columns: Sequence[Column],
    of_references: Sequence[str] = (),
) -> tuple[LineRule, ...]:
    """The quality rules on the drop's lines: the lines that such a query counts are rejected."""
    rules: dict[str, LineRule] = {}
    names = [*(column.name for column in columns), *of_references]
    table = (lines.name if lines else None) or "lines"
    for index, entry in enumerate((lines.quality if lines else None) or []):
        field = f"schema.{table}.quality[{index}]"
        if entry.metric is not None and table == "lines":
            continue  # a limit: see `read_rejected_limits`
        before = len(problems.found)
        name = problems.identifier(f"{field}.name", entry.name)
        if name in rules:
            problems.add(f"{field}.name", f"'{name}' is there twice", "name it otherwise")
        if entry.type != "sql" or entry.mustBe != 0 or isinstance(entry.mustBe, bool):
            problems.add(field, "is no rule of a line", "use type: sql and mustBe: 0")
        if entry.severity not in {None, Severity.ERROR}:
            problems.add(
                f"{field}.severity",
                f"is '{entry.severity}', but a line that breaks the rule is rejected",
                "leave it out, or move the rule to schema.revenue",
            )
        try:
            condition, sources = counted_condition(entry.query or "", table, names)
        except ValueError as error:
            problems.add(f"{field}.query", str(error), "SELECT COUNT(*) FROM ${object} WHERE ...")
            continue
        if len(problems.found) == before:
            description = entry.description or name.replace("_", " ")
            rules[name] = LineRule(name, description, condition, sources)
    return tuple(rules.values())


def read_rejected_limits(
    problems: Problems, lines: SchemaObject | None
) -> tuple[RejectedLimit, ...]:
    """How many percent of a day's lines may be rejected: the standard's metric invalidValues."""
    limits: list[RejectedLimit] = []
    for index, entry in enumerate((lines.quality if lines else None) or []):
        if entry.metric is None:
            continue
        field = f"schema.lines.quality[{index}]"
        operators = [name for name in _OPERATORS if getattr(entry, name) is not None]
        limit = getattr(entry, operators[0]) if len(operators) == 1 else None
        severity = entry.severity or Severity.ERROR
        if entry.metric != "invalidValues" or entry.type not in {None, "library"}:
            problems.add(field, "is not checked here", "use metric: invalidValues, or type: sql")
        elif entry.unit != "percent":
            problems.add(f"{field}.unit", f"is '{entry.unit}'", "use unit: percent")
        elif severity not in set(Severity):
            problems.add(f"{field}.severity", f"is '{severity}'", "use error or warning")
        elif operators not in (["mustBeLessThan"], ["mustBeLessOrEqualTo"]):
            problems.add(field, "has no limit", "use mustBeLessOrEqualTo or mustBeLessThan")
        elif not _is_number(limit) or not 0 <= Decimal(str(limit)) <= _ALL:
            problems.add(f"{field}.{operators[0]}", f"is {limit!r}", "give a number up to 100")
        elif severity in {known.severity for known in limits}:
            problems.add(field, f"is the second limit that is a {severity}", "keep one")
        else:
            inclusive = operators == ["mustBeLessOrEqualTo"]
            limits.append(RejectedLimit(Decimal(str(limit)), inclusive, Severity(severity)))
    return tuple(sorted(limits, key=lambda known: known.severity))


def _rule(problems: Problems, field: str, entry: DataQuality) -> Iterable[QualityRule]:
    """One rule, or none if it is wrong."""
    before = len(problems.found)
    name = problems.identifier(f"{field}.name", entry.name)
    query = None
    if entry.type == "sql":
        try:
            query = single_select(entry.query or "", "revenue")
        except ValueError as error:
            problems.add(f"{field}.query", str(error), "count what is wrong: SELECT COUNT(*) ...")
    elif entry.metric != "rowCount" or entry.type not in {None, "library"}:
        problems.add(field, "is not checked here", "use type: sql, or metric: rowCount")
    if entry.severity not in {None, *Severity}:
        problems.add(f"{field}.severity", f"is '{entry.severity}'", "use error or warning")
    operators = [name for name in _OPERATORS if getattr(entry, name) is not None]
    if len(operators) != 1:
        problems.add(field, "compares with nothing", f"give one of {', '.join(_OPERATORS)}")
        return
    operand = getattr(entry, operators[0])
    operands = operand if isinstance(operand, list) else [operand]
    if not operands or not all(map(_is_number, operands)):
        problems.add(f"{field}.{operators[0]}", f"is {operand!r}", "give a number")
    elif operands != sorted(operands):
        problems.add(f"{field}.{operators[0]}", f"is {operand!r}", "give the smaller number first")
    if len(problems.found) == before:
        yield QualityRule(
            name=name,
            description=entry.description or name.replace("_", " "),
            query=query,
            operator=operators[0],
            expected=tuple(Decimal(str(value)) for value in operands),
            severity=Severity(entry.severity or Severity.ERROR),
        )


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float | Decimal)
        and not isinstance(value, bool)
        and Decimal(str(value)).is_finite()
    )
