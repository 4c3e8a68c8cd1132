"""The query that types, maps and judges the lines of one contract's drops.

Belongs here: SQL over whole lines. Does not: the SQL of one column (`sql`), reading the text
(`reader`), or running the query (`staging`).

The query is a row of steps over the text of the lines: `typed` (each column in its type, NULL
where the text does not fit), `ruled` (what is wrong with the columns), `tried` (the contract's
expressions), `mapped` (the canonical columns) and `judged` (what is wrong with those). `reasons`
is NULL for a line that fulfils the contract. No step repeats work of its own, since the
optimizer that would find it has to be off (`staging`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sales_assets.contracts.canonical import KINDS, MAPPED_COLUMNS, CanonicalColumn
from sales_assets.contracts.days import DayFromColumn, DayFromFileName
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column, LineRule, Mapping, Reference, SourceContract
from sales_assets.contracts.pseudonyms import MASK, WITHHELD, is_pseudonym, pseudonym
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.sql import (
    Rule,
    cast_column,
    column_rules,
    contradiction,
    parsed,
    text_column,
    written_column,
)


def partition_day(contract: SourceContract) -> str:
    """The day of a typed line; NULL for a line whose day column is blank or does not fit."""
    if isinstance(contract.day, DayFromColumn):
        return f"CAST({quoted(contract.day.column)} AS DATE)"
    return '"file_day"'


def judged_query(contract: SourceContract, lines: str, files: str) -> str:
    """Type, map and judge the lines of a relation.

    `lines`: file_no, line, malformed (VARCHAR, NULL if the line has the right fields),
    malformed_text, and `<name>__text` for each column.
    `files`: file_no, file, file_sha256, file_day (the day of an undated line).
    Result: source, partition_date, the canonical columns, the extra columns, file, file_sha256,
    line, text (of rejected lines, or of all where keys may yet reject some), reasons (NULL for an
    accepted line), and `exchanged`: a date's text that fits only with day and month exchanged.
    """
    names = {column.name for column in MAPPED_COLUMNS}
    tried = [item for m in contract.mappings if (item := _tried(contract, m))]
    kept = [quoted(c.name) for c in contract.columns if c.name not in names]
    kept += [quoted(reference.qualified_key) for reference in contract.references]
    texts = [text_column(column) for column in contract.columns]
    mapped = [item for column in MAPPED_COLUMNS for item in _mapped(contract, column)]
    canonical = [quoted(column.name) for column in MAPPED_COLUMNS]
    extras = [quoted(column.name) for column in contract.extra_columns]
    of_mapped = list(_mapped_rules(contract))
    withheld = literal(WITHHELD) if contract.has_personal_columns else "malformed_text"
    return f"""
WITH {ruled_steps(contract, lines, files, day=partition_day(contract))}
), tried AS (
    SELECT {", ".join(["*", *tried])} FROM ruled
), mapped AS (
    SELECT file_no, file, file_sha256, line, partition_date, exchanged, column_reasons,
        malformed, malformed_text, {", ".join([*texts, *kept, *mapped])}
    FROM tried
), judged AS (
    SELECT *, {_reasons(of_mapped)} AS mapped_reasons FROM mapped
)
SELECT
    {literal(contract.name)} AS source, partition_date, {", ".join([*canonical, *extras])},
    file, file_sha256, line,
    CASE WHEN column_reasons IS NULL THEN mapped_reasons
        WHEN malformed IS NOT NULL THEN column_reasons
        ELSE list_concat(column_reasons, mapped_reasons) END AS reasons,
    CASE WHEN {"true" if contract.keys else "reasons IS NOT NULL"} THEN
        CASE WHEN malformed IS NULL THEN {_line_text(contract)} ELSE {withheld} END END AS text,
    file_no, exchanged
FROM judged
"""


def ruled_steps(contract: SourceContract, lines: str, files: str, *, day: str) -> str:
    """The steps from the text of lines up to `ruled`, whose parenthesis the caller closes.

    `day` is the day of a typed line. Lines are joined with the references, each a table of its
    own (`reference_table`) whose key is unique.
    """
    written = [item for column in contract.columns if (item := written_column(column))]
    casts = [item for column in contract.columns if (item := cast_column(column))]
    typed = [f"{parsed(column)} AS {quoted(column.name)}" for column in contract.columns]
    of_columns = [_masked(c, rule) for c in contract.columns for rule in column_rules(c)]
    of_columns += [_not_referred(contract, reference) for reference in contract.references]
    of_columns += map(_line_rule, contract.line_rules)
    of_files = ["lines.*", "files.file", "files.file_sha256", "files.file_day"]
    joined = "".join(
        f" LEFT JOIN {reference_table(reference.name)} "
        f"ON {quoted(reference.column)} = {quoted(reference.qualified_key)}"
        for reference in contract.references
    )
    return f"""read AS (
    SELECT {", ".join([*of_files, *written, *([] if written else casts)])}
    FROM {lines} AS lines JOIN {files} AS files USING (file_no)
), cast_ AS (
    SELECT {", ".join(["*", *(casts if written else [])])} FROM read
), typed AS (
    SELECT {", ".join(["*", *typed])} FROM cast_
), ruled AS (
    SELECT *, {_exchanged(contract)} AS exchanged,
        coalesce({day}, file_day) AS partition_date,
        CASE WHEN malformed IS NOT NULL THEN [malformed] ELSE {_reasons(of_columns)} END
            AS column_reasons
    FROM typed{joined}"""


def reference_table(name: str) -> str:
    """The table of a reference's lines, whose columns are named as expressions name them."""
    return quoted(f"reference {name}")


def _not_referred(contract: SourceContract, reference: Reference) -> Rule:
    """The rule that a value is in the reference."""
    column = contract.column(reference.column)
    before = literal(f"{column.name}: '")
    after = literal(f"' is not in {reference.name} ({reference.path})")
    reason = f"{before} || {text_column(column)} || {after}"
    return _masked(column, Rule(_is_unknown(reference), reason))


def _is_unknown(reference: Reference) -> str:
    """Whether a line has a value that is not in the reference."""
    return f"{quoted(reference.column)} IS NOT NULL AND {quoted(reference.qualified_key)} IS NULL"


def _exchanged(contract: SourceContract) -> str:
    """The text of the first column that contradicts the stated order of day and month, or NULL."""
    cases = " ".join(
        f"WHEN {wrong} THEN {literal(MASK) if column.is_personal else text_column(column)}"
        for column in contract.columns
        if (wrong := contradiction(column))
    )
    return f"CASE {cases} END" if cases else "CAST(NULL AS VARCHAR)"


def _is_copied(contract: SourceContract, mapping: Mapping, column: CanonicalColumn) -> bool:
    """Whether the canonical column is a column of the drop, unchanged and in the same type."""
    return (
        not is_pseudonym(contract, mapping)
        and mapping.direct
        and contract.column(mapping.sources[0]).sql_type == column.sql_type
    )


def _tried(contract: SourceContract, mapping: Mapping) -> str | None:
    """The value of an expression in its own type, NULL where it raises an error."""
    column = next(column for column in MAPPED_COLUMNS if column.name == mapping.name)
    if _is_copied(contract, mapping, column):
        return None
    return f"TRY({mapping.expression}) AS {quoted(column.name + '__tried')}"


def _mapped(contract: SourceContract, column: CanonicalColumn) -> Iterable[str]:
    """The select items of one canonical column: its value, and what the rules need of it."""
    name, tried = quoted(column.name), quoted(f"{column.name}__tried")
    mapping = next((m for m in contract.mappings if m.name == column.name), None)
    if mapping is None:
        yield f"CAST(NULL AS {column.sql_type}) AS {name}"
    elif _is_copied(contract, mapping, column):
        yield f"{mapping.expression} AS {name}"
    else:
        value = f"TRY_CAST({tried} AS {column.sql_type})"
        yield f"{pseudonym(value) if is_pseudonym(contract, mapping) else value} AS {name}"
        yield tried
        if _can_fail(column, mapping):
            failed = (
                f"CASE WHEN {tried} IS NULL THEN TRY(({mapping.expression}) IS NULL) IS NULL END"
            )
            yield f"{failed} AS {quoted(column.name + '__failed')}"


def _can_fail(column: CanonicalColumn, mapping: Mapping) -> bool:
    """Whether no value can mean an error in the expression, as of a cast or an overflow."""
    return not column.required and not mapping.direct and bool(mapping.sources)


def _reasons(rules: Sequence[Rule]) -> str:
    """All reasons of the broken rules, or NULL; the list is built for wrong lines only."""
    if not rules:
        return "CAST(NULL AS VARCHAR[])"
    broken = " OR ".join(f"({rule.broken})" for rule in rules)
    told = ", ".join(f"CASE WHEN {rule.broken} THEN {rule.reason} END" for rule in rules)
    return f"CASE WHEN {broken} THEN list_filter([{told}], lambda r: r IS NOT NULL) END"


def _line_rule(rule: LineRule) -> Rule:
    """A rule of the contract; a line for which it cannot be computed breaks it."""
    broken = f"coalesce(TRY(({rule.condition}) IS TRUE), true)"
    return Rule(broken, literal(f"{rule.name}: {rule.description}"))


def _masked(column: Column, rule: Rule) -> Rule:
    """A rule whose reason does not show a personal value."""
    if not column.is_personal or "||" not in rule.reason:
        return rule
    return Rule(rule.broken, literal(f"{column.name}: {MASK} is not what the contract describes"))


def _line_text(contract: SourceContract) -> str:
    """The line's fields joined again, quoted where they have to be; personal ones masked."""
    delimiter, quote = contract.dialect.delimiter, contract.dialect.quote_char
    fields = []
    for column in contract.columns:
        text = f"coalesce({text_column(column)}, '')"
        if column.is_personal:
            fields.append(f"CASE WHEN {text} <> '' THEN {literal(MASK)} ELSE '' END")
            continue
        special = f"contains({text}, {literal(delimiter)}) OR contains({text}, {literal(quote)})"
        escaped = f"replace({text}, {literal(quote)}, {literal(quote * 2)})"
        fields.append(
            f"CASE WHEN {special} THEN {literal(quote)} || {escaped} || {literal(quote)} "
            f"ELSE {text} END"
        )
    return f"array_to_string([{', '.join(fields)}], {literal(delimiter)})"


def _mapped_rules(contract: SourceContract) -> Iterable[Rule]:
    columns = {column.name: column for column in MAPPED_COLUMNS}
    for mapping in contract.mappings:
        column = columns[mapping.name]
        value, tried = quoted(column.name), quoted(f"{column.name}__tried")
        exact = column.type in {LogicalType.NUMBER, LogicalType.INTEGER}
        if exact and not _is_copied(contract, mapping, column):
            yield Rule(
                f"{value} IS DISTINCT FROM {tried}",
                f"'{column.name}: ' || CAST({tried} AS VARCHAR) || ' does not fit "
                f"{column.sql_type} exactly'",
            )
            value = tried
        told = f"{column.name}: the contract's expression over {', '.join(mapping.sources)}"
        told = told if mapping.sources else f"{column.name}: the contract's constant"
        if column.required:
            # Where a column is wrong already, this would only say so again.
            wrong = [_is_wrong_source(contract, name) for name in mapping.sources]
            unless = f" AND NOT ({' OR '.join(wrong)})" if wrong else ""
            yield Rule(f"{value} IS NULL{unless}", literal(f"{told} gave no value"))
        elif _can_fail(column, mapping):
            yield Rule(quoted(f"{column.name}__failed"), literal(f"{told} failed"))
    kinds = ", ".join(map(literal, KINDS))
    yield Rule(
        f'"kind" NOT IN ({kinds})',
        f"'kind: ''' || \"kind\" || ''' is not one of {', '.join(KINDS)}'",
    )
    yield Rule(
        "NOT regexp_full_match(\"currency\", '[A-Z]{3}')",
        "'currency: ''' || \"currency\" || ''' is no ISO 4217 code'",
    )
    if isinstance(contract.day, DayFromFileName):
        days = contract.late_tolerance.days
        yield Rule(
            f'"order_date" > "partition_date" OR "order_date" < "partition_date" - {days}',
            "'order_date: ' || CAST(\"order_date\" AS VARCHAR) || ' is not in the file''s day ' "
            f"|| CAST(\"partition_date\" AS VARCHAR) || ' (late lines: {days} days)'",
        )


def _is_wrong_source(contract: SourceContract, name: str) -> str:
    """Whether a rule says already why a column, or one of a reference, has no value."""
    for reference in contract.references:
        if name in reference.qualified:
            wrong = _is_wrong(contract.column(reference.column))
            return f"({wrong} OR ({_is_unknown(reference)}))"
    return _is_wrong(contract.column(name))


def _is_wrong(column: Column) -> str:
    """Whether a rule of the column says already why it has no value."""
    missing = f"{quoted(column.name)} IS NULL"
    return missing if column.required else f"({missing} AND {text_column(column)} IS NOT NULL)"
