"""The currencies that a contract's lines can have, read from the expression of `currency`.

Belongs here: which texts an expression can give, found without any line. Does not: what is allowed
in an expression (`expressions`), how old a rate may be (`service_levels`), or exchange rates.

Rates are asked for by currency, before a line is converted, so the contract has to tell them all.
There may be more than any line has, but never fewer: an expression that leaves it open is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from sales_assets.contracts.bind import engine
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column, Dialect, Reference
from sales_assets.contracts.model import Mapping as MappedColumn
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.quoting import literal

_WHERE = "schema.revenue.currency"
_CODE = re.compile(r"[A-Z]{3}")


def read_currencies(
    problems: Problems,
    mappings: Sequence[MappedColumn],
    columns: Sequence[Column],
    dialect: Dialect,
    references: Sequence[Reference],
) -> tuple[str, ...]:
    """The ISO 4217 codes that the canonical column `currency` can have, sorted.

    None of them, and no problem more, if its expression is missing or wrong already.
    """
    mapping = next((mapping for mapping in mappings if mapping.name == "currency"), None)
    told = (f"{_WHERE}:", f"{_WHERE}.")
    if mapping is None or any(problem.startswith(told) for problem in problems.found):
        return ()
    known = dict(_values(column.name, column, dialect) for column in columns)
    for reference in references:
        own = zip(reference.qualified, reference.columns, strict=True)
        known |= dict(_values(name, column, reference.dialect) for name, column in own)
    reading = _Reading(known)
    codes = reading.values(sqlglot.parse_one(mapping.expression, dialect="duckdb"))
    if reading.open:
        problems.add(
            _WHERE,
            f"{' and '.join(reading.open)} may hold any text",
            "rates are asked for by currency, so state the column's enum, or map it by CASE",
        )
    elif wrong := sorted(code for code in codes if not _CODE.fullmatch(code)):
        problems.add(
            _WHERE,
            f"may be {', '.join(map(repr, wrong))}, which is no ISO 4217 code",
            "give codes like 'EUR': mend the expression or the column's enum, or map it by CASE",
        )
    elif not codes:
        problems.add(_WHERE, "never has a value", "give a code in quotes, like 'EUR'")
    return tuple(sorted(codes))


def _values(name: str, column: Column, dialect: Dialect) -> tuple[str, frozenset[str] | None]:
    """The texts that a column holds on sound lines, by its name; None if that may be any."""
    if not column.enum or column.type is not LogicalType.STRING:
        return name, None  # an enum is of the file's text: of other types the value is another one
    return name, frozenset(column.enum) - frozenset(dialect.missing_values)


@dataclass
class _Reading:
    """What expressions can give; NULL is no text, and so it is in no result.

    `known` has the texts of each column, None where they may be any. `open` names what may hold any
    text of all that was read.
    """

    known: Mapping[str, frozenset[str] | None]
    open: list[str] = field(default_factory=list)

    def values(self, node: exp.Expr) -> frozenset[str]:
        """Every text that an expression can give, or more."""
        match node:
            case exp.Literal() if node.is_string:
                return frozenset({node.name})
            case exp.Column() if (texts := self.known.get(node.name)) is not None:
                return texts
            case exp.Upper() | exp.Trim() if _is_of_one_text(node):
                return _applied(node, self.values(node.this))
            case exp.Nullif(expression=exp.Literal(is_string=True) as gone):
                return self.values(node.this) - {gone.name}
        results = _results(node)
        if results is None:
            told = _shown(node)
            self.open += [told] if told not in self.open else []
            return frozenset()
        return frozenset().union(*map(self.values, results))


def _is_of_one_text(function: exp.Expr) -> bool:
    """Whether nothing but one text decides what a function gives."""
    further = function.args.get("expression")
    return further is None or isinstance(further, exp.Literal)


def _results(node: exp.Expr) -> list[exp.Expr] | None:
    """The parts of an expression of which one is its value, or NULL; None if that is not sure."""
    match node:
        case exp.Null():
            found = []
        case exp.Case():
            # Without an ELSE the value is NULL, with which a line is rejected.
            branches = [branch.args["true"] for branch in node.args["ifs"]]
            found = [*branches, node.args.get("default")]
        case exp.Coalesce():
            found = [node.this, *node.expressions]
        case exp.Paren() | exp.Nullif():
            found = [node.this]
        case exp.Cast() if node.to.this in exp.DataType.TEXT_TYPES:
            found = [node.this]
        case _:
            return None
    return [part for part in found if part is not None]


def _applied(function: exp.Expr, texts: Iterable[str]) -> frozenset[str]:
    """What DuckDB's function gives for each of some texts: its own idea of letters and blanks."""
    if not (rows := ", ".join(f"({literal(text)})" for text in texts)):
        return frozenset()
    call = function.copy()
    call.set("this", exp.column("text", quoted=True))
    query = f"SELECT {call.sql(dialect='duckdb')} FROM (VALUES {rows}) AS known(text)"
    return frozenset(text for (text,) in engine().cursor().execute(query).fetchall())


def _shown(node: exp.Expr) -> str:
    """An expression as its author could have written it."""
    plain = node.copy()
    for name in plain.find_all(exp.Identifier):
        name.set("quoted", False)
    return f"'{plain.sql(dialect='duckdb')}'"
