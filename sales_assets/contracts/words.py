"""The words of a contract that are read, each with its meaning.

Belongs here: which words there are, and what each says, in Markdown: the site's reference is made
of it, and the readers of custom properties take no other. Does not: reading and checking what they
say (`dialects`, `fields`, `rules`, `load` and their neighbours).

Custom properties are named as in the Frictionless Table Dialect and Table Schema, where those have
the word. Everything else is the Open Data Contract Standard's.
https://specs.frictionlessdata.io/csv-dialect/, https://specs.frictionlessdata.io/table-schema/,
https://bitol-io.github.io/open-data-contract-standard/
"""

from __future__ import annotations

CONTRACT_WORDS = {
    "partitionDay": "Where the day of a line comes from: `{column: NAME}`, a date or timestamp "
    "column, or `{fileName: 'regular expression with (?P<day>...)', format: yyyy-MM-dd}`. "
    "Required.",
    "overlappingDrops": "What several files that hold the same day mean. `latest`: the one with "
    "the newest modification time is the whole day. `latestByName`: the one with the last name is. "
    "`union`: their lines add up. Required where a column says the day; else `union` by default.",
    "history": "The days that the source has: `{start: 2024-01-01, end: 2025-01-01}`. `end` is not "
    "included, and left out while the source goes on. Required.",
    "calendar": "The days on which a drop is due: `{weekdays: [mon, tue], closed: [2024-12-25]}`. "
    "By default every day. A day without a drop is then empty or missing.",
    "pseudonymKey": "Name of the key that makes pseudonyms of personal values, by default "
    "`default`. Another name makes all rows anew.",
}
"""Custom properties of the contract."""

FILE_WORDS = {
    "delimiter": "One ASCII sign, neither letter nor digit, or `whitespace` for runs of blanks and "
    "tabs. By default a comma.",
    "quoteChar": 'One ASCII sign, neither letter nor digit, or `""` for files without quoting. By '
    'default `"`.',
    "quotedNewlines": "Whether a quoted field may go on in the next line; by default false. A "
    "record that needs more than 50 lines is taken for an unclosed quote.",
    "header": "False for files without a header: the contract's columns are then the file's, in "
    "their order.",
    "headerRows": "`[4]` if the header is line 4 and a preamble stands before it, or `search` for "
    "the first of 100 lines that has all columns.",
    "commentRows": "Numbers of lines that are no data, for a preamble without a header.",
    "commentChar": "Lines that begin with it are no data.",
    "footer": "A regular expression; lines at the end of the file that match it from their "
    "beginning are no data.",
    "missingValues": "Texts that stand for no value, beside the empty one.",
    "decimalChar": "The decimal sign of all numbers of the file; by default a point.",
    "groupChar": "The sign between groups of three digits; by default there is none. A blank "
    "stands for no-break blanks too, an apostrophe for a typographic one.",
}
"""Custom properties of the file, in `servers[0]`; also of a reference, in its object."""

REFERENCE_WORDS = {
    **FILE_WORDS,
    "encoding": "As that of `servers[0]`, for this file.",
}
"""Custom properties of a reference's object, for a file that is laid out otherwise than drops."""

LINES_WORDS = {
    "uniqueAcrossDays": "`earliest` or `latest`: which day's line counts where a primary key is "
    "there on several days. Without it a key is unique within its day only.",
}
"""Custom properties of the object `lines`."""

COLUMN_WORDS = {
    "decimalChar": "As that of the file, for this column.",
    "groupChar": "As that of the file, for this column.",
    "currencySymbols": "Texts that may stand before or behind the number, as `[$, EUR]`.",
    "accounting": "Whether `(1.00)` and `1.00-` are negative, and `-` is zero.",
    "percent": "Whether the number is followed by %, and a hundredth of it is meant.",
    "minorUnits": "`2` where the number counts hundredths, as cents; 0 to 6.",
    "formats": "Further formats, tried in this order after `format`.",
    "trueValues": "Texts for true; by default `[true]` in any case.",
    "falseValues": "Texts for false; by default `[false]` in any case.",
}
"""Custom properties of a column."""

OPTION_WORDS = {
    "minimum": "The least value.",
    "maximum": "The greatest value.",
    "exclusiveMinimum": "The value has to be greater.",
    "exclusiveMaximum": "The value has to be less.",
    "minLength": "The fewest characters.",
    "maxLength": "The most characters.",
    "pattern": "A regular expression that the whole text has to match.",
    "format": "How dates and times are written, by the letters below. By default `yyyy-MM-dd`, "
    "`HH:mm:ss`, or both with a blank.",
    "timezone": "Whether the text says its offset from UTC; its format then has `XXX` or the like.",
    "defaultTimezone": "The IANA time zone of moments that say no offset; by default UTC.",
}
"""What `logicalTypeOptions` may say."""

SERVICE_LEVEL_WORDS = {
    "latency": "In days: how far before its drop's day a line may be dated, where the file's name "
    "says the day. By default 0; a line that is older is rejected.",
    "exchangeRateAge": "In days, 1 to 31: how long before a line's day its exchange rate may be "
    "of. By default 7, which is longer than the European Central Bank is ever closed.",
    "frequency": "In days: how often a drop comes. By default 1.",
    "timeOfAvailability": "By when the drop of a day is there, so many days later as `frequency` "
    'says: `"06:00+00:00"`, in UTC if no offset is stated. Without it, by the end of that day.',
}
"""Names of `slaProperties` that something here keeps to; all others are for people."""

STANDARD_WORDS = {
    "apiVersion": "`v3.1.0`, or another 3.x.",
    "name": "The source: the second part of its assets' keys.",
    "version": "The contract's version, shown with what is made by it.",
    "domain": "A tag of the source's assets; by default the team.",
    "tags": "Tags of the source's assets.",
    "description": "",
    "description.purpose": "The description of the source's assets.",
    "team": "",
    "team.name": "The team: the first part of the assets' keys, their group and their owner.",
    "team.members": "",
    "team.members[].username": "E-mail addresses: owners of the assets.",
    "support": "",
    "support[].tool": "By what the team can be reached. Alerts about the source go there: by "
    "`email`, or to any address that apprise knows.",
    "support[].url": "The address: `mailto:somebody@example.com`, Slack's or Teams' webhook, or "
    "another of apprise. One that is a secret belongs into `alerts` of teams.yaml instead.",
    "support[].channel": "The address, if there is no `url`; a channel's name is for people alone.",
    "servers": "One entry: the landing zone.",
    "servers[].path": "A glob of the drops, relative to the landing zone. Files that end in .gz, "
    ".zst and .zip are unpacked; each file in a .zip is read by itself, and its own name says the "
    "day before the archive's does.",
    "servers[].format": "`csv`.",
    "servers[].encoding": "UTF-8 by default (a byte order mark is skipped), UTF-16, UTF-16LE, "
    "UTF-16BE, windows-1252, ISO-8859-1, CP437, CP850 or any other that Python knows and that "
    "holds ASCII.",
    "servers[].customProperties": "The layout of the files: see below.",
    "customProperties": "Days and drops: see below.",
    "slaProperties": "",
    "slaProperties[].property": "A name: see below.",
    "slaProperties[].value": "Whole days, or a time of day in quotes.",
    "slaProperties[].unit": "`d`; a time of day has none.",
    "schema": "`lines` describes the columns of a drop, `revenue` how the canonical columns come "
    "from them. Any other object is a reference: a file of the source that lines refer to, read "
    "and judged as drops are, and refused whole if a line of it is wrong.",
    "schema[].name": "`lines`, `revenue`, or the reference's name, by which expressions and rules "
    "over lines name its columns: `quantity * products.price`.",
    "schema[].physicalName": "Of a reference: its file, or a glob of it, in the landing zone. Of "
    "several files the newest counts, or the last by name with `overlappingDrops: latestByName`.",
    "schema[].businessName": "Of `lines`: the source's title.",
    "schema[].customProperties": "Of `lines` and of references: see below.",
    "schema[].quality": "Of `lines` and references: rules of single lines, and limits of what may "
    "be rejected. Of `revenue`: asset checks.",
    "schema[].properties": "The columns. Of `revenue`: those canonical columns that the source "
    "has.",
    "schema[].properties[].name": "The column's name in SQL. Of `revenue`: a canonical column.",
    "schema[].properties[].physicalName": "The text in the file's header; by default the name.",
    "schema[].properties[].description": "What the column means, shown in the catalogue.",
    "schema[].properties[].logicalType": "string, integer, number, boolean, date, time or "
    "timestamp.",
    "schema[].properties[].logicalTypeOptions": "Bounds and formats: see below.",
    "schema[].properties[].physicalType": "Of a number: `DECIMAL(18,4)` or the like.",
    "schema[].properties[].required": "Whether a blank value rejects the line.",
    "schema[].properties[].enum": "The only values; another rejects the line.",
    "schema[].properties[].enum[].value": "One of them.",
    "schema[].properties[].unique": "Whether the value is there once a day: the first line of the "
    "first file counts, later ones are rejected.",
    "schema[].properties[].primaryKey": "As `unique`, for all columns that have it together. Of a "
    "reference: what lines refer to.",
    "schema[].properties[].primaryKeyPosition": "The columns' order in the key.",
    "schema[].properties[].classification": "Anything but `public` and `internal` is personal: "
    "masked in rejected lines, and a pseudonym wherever a canonical column is made of it.",
    "schema[].properties[].customProperties": "How the text is written: see below.",
    "schema[].properties[].relationships": "Of `lines`: `[{type: foreignKey, to: products.id}]`, "
    "where the value has to be in a reference. A line whose value is not is rejected.",
    "schema[].properties[].relationships[].to": "The reference and its primary key.",
    "schema[].properties[].transformLogic": "Of `revenue`: a scalar SQL expression (DuckDB) over "
    "the columns of `lines` and of references.",
    "schema[].properties[].transformDescription": "The same in words, shown in the catalogue.",
    "schema[].quality[].name": "The rule's name, and the check's.",
    "schema[].quality[].description": "The rule in words: a check's description, or the reason by "
    "which a line is rejected.",
    "schema[].quality[].type": "`sql`, or `library` (the default) for a metric.",
    "schema[].quality[].query": "Of `lines` and references: `SELECT COUNT(*) FROM ${object} WHERE "
    "...`; the lines that it counts are rejected. Of `revenue`: one number over the rows of the "
    "days that are checked.",
    "schema[].quality[].metric": "`rowCount` of `revenue`, day by day; `invalidValues` of `lines`, "
    "in percent of a day's lines that may be rejected.",
    "schema[].quality[].unit": "`percent`, of `invalidValues`.",
    "schema[].quality[].severity": "`error` (the default) blocks what is downstream, `warning` "
    "only tells.",
    "schema[].quality[].mustBe": "The number has to be this one; 0 for rules of lines.",
    "schema[].quality[].mustNotBe": "The number must not be this one.",
    "schema[].quality[].mustBeGreaterThan": "The number has to be greater.",
    "schema[].quality[].mustBeGreaterOrEqualTo": "The number has to be as great.",
    "schema[].quality[].mustBeLessThan": "The number has to be less.",
    "schema[].quality[].mustBeLessOrEqualTo": "The number must not be greater.",
    "schema[].quality[].mustBeBetween": "Two numbers, both allowed.",
    "schema[].quality[].mustNotBeBetween": "Two numbers, neither allowed.",
}
"""Words of the standard, by their place in the file. One without a meaning only holds others."""
