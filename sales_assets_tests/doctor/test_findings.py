from __future__ import annotations

import json
from io import StringIO

from rich.console import Console

from sales_assets.doctor.findings import as_json, ok, problem, table, warning

FINDINGS = [
    ok("disk", "80 GB are free"),
    warning("[pools]", "no [limit]", "set one"),
    problem("home", "cannot be written to", "choose another"),
]


def test_a_person_reads_what_was_found_and_what_to_do_letter_by_letter() -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(table(FINDINGS))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["OK", "disk", "80", "GB", "are", "free"] in lines
    assert ["WARNING", "[pools]", "no", "[limit]"] in lines
    assert ["→", "choose", "another"] in lines


def test_a_program_reads_the_same() -> None:
    first, second, _ = json.loads(as_json(FINDINGS))
    assert first == {"check": "disk", "severity": "OK", "found": "80 GB are free", "to_do": ""}
    assert second["to_do"] == "set one"
