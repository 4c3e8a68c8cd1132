"""Raw readings, in a file that grows by each of them.

Belongs here: keeping readings with the machine and the code they belong to. Does not: what is made
of them (`tables`, `growth_tables`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks.measuring import code_digest, machine


@dataclass
class Readings:
    """Readings of one machine and one state of the code.

    Each has a `kind`, what tells it from others of its kind (a size, a round), and figures: CPU
    seconds (`cpu`, user and system), seconds (`wall`), the peak of the largest process
    (`mebibytes`) and others that its kind has.
    """

    path: Path
    machine: dict[str, str]
    code: str
    readings: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The readings of a file, whatever they were measured on."""
        return cls(path, **json.loads(path.read_text()))

    @classmethod
    def open(cls, path: Path, *, fresh: bool) -> Self:
        """Those of a file to go on with, or none.

        Raises SystemExit if the file's are of another code or machine.
        """
        now = cls(path, machine(), code_digest())
        if fresh or not path.exists():
            return now
        there = cls.read(path)
        if (there.code, there.machine) != (now.code, now.machine):
            raise SystemExit(
                f"{path} has readings of another code or machine ({there.code}, now {now.code}); "
                "begin anew with --fresh, or write to another file with --out"
            )
        return there

    def of(self, **key: object) -> list[dict[str, Any]]:
        """The readings with these values, in the order in which they came."""
        return [reading for reading in self.readings if key.items() <= reading.items()]

    def add(self, **reading: object) -> None:
        """Add one and write the file, whole or not at all."""
        self.readings.append(reading)
        content = asdict(self)
        del content["path"]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps(content, indent=1) + "\n")
        unfinished.replace(self.path)
