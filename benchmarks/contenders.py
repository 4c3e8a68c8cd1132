"""Who does the job: the lower bound, this project, a pandas script and a tutorial-style project.

Belongs here: how each is made ready, which commands do its work, and where its totals are. Does
not: measuring (`measuring`), or rounds and sizes (`run`).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import yaml

from benchmarks.generate import FIRST_DAY
from benchmarks.measuring import PROJECT, clean_environment, cost_of

CONTRACT = Path(__file__).parent / "benchmark.odcs.yaml"
COMMAND = (sys.executable, "-m", "sales_assets")
TOO_LARGE = "a day of this size takes it many GiB of memory"
READ_TOTALS = (
    "import duckdb, json, sys; "
    "[row] = duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchall(); "
    "print(json.dumps(dict(zip(('lines', 'rejected', 'amount'), row))))"
)


@dataclass(frozen=True)
class Size:
    """So many days of so many lines."""

    days: int
    rows: int

    @classmethod
    def of(cls, text: str) -> Size:
        """From text like 30x1000; raises ValueError for another one."""
        days, rows = map(int, text.split("x"))
        if days < 1 or rows < 1:
            raise ValueError(f"{text} holds nothing")
        return cls(days, rows)

    def __str__(self) -> str:
        return f"{self.days}x{self.rows}"

    @property
    def keys(self) -> Sequence[str]:
        """The days, as Dagster names partitions."""
        first = date.fromisoformat(FIRST_DAY)
        return [str(first + timedelta(days=number)) for number in range(self.days)]


@dataclass(frozen=True)
class Contender(ABC):
    """One way to do the job: for some files, in a home that is made anew for each round.

    Beyond `most_days` or `most_rows` it is run only if it is asked for by name.
    """

    files: Path
    home: Path
    size: Size
    european: bool = False

    name: ClassVar[str]
    title: ClassVar[str]
    most_days: ClassVar[int] = sys.maxsize
    most_rows: ClassVar[int] = sys.maxsize
    too_many_days: ClassVar[str] = ""
    """Why it is left out beyond `most_days`."""
    accepted: ClassVar[str] = "revenue"
    rejected: ClassVar[str] = "rejected"
    amount: ClassVar[str] = "SELECT sum(net_revenue) FROM daily_revenue"
    reads_european: ClassVar[bool] = False
    """Whether it reads the files of a German spreadsheet, where these are asked for."""

    @classmethod
    def left_out(cls, size: Size) -> str | None:
        """Why a size is not run unless it is asked for by name."""
        if size.days > cls.most_days:
            return cls.too_many_days
        return TOO_LARGE if size.rows > cls.most_rows else None

    def prepare(self) -> None:
        """Make a fresh home ready; not measured."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)

    @abstractmethod
    def commands(self) -> Iterator[Sequence[str]]:
        """The commands whose cost is measured, one after the other."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of the commands."""
        return clean_environment()

    def totals(self) -> dict[str, Any]:
        """Lines, rejected lines and revenue that the database of the home holds."""
        query = (
            f"SELECT (SELECT count(*) FROM {self.accepted}) + "
            f"(SELECT count(*) FROM {self.rejected}), (SELECT count(*) FROM {self.rejected}), "
            f"({self.amount})::DECIMAL(38, 4)::VARCHAR"
        )
        file = str(self.home / "warehouse.duckdb")
        _, text = cost_of([sys.executable, "-c", READ_TOTALS, file, query])
        found: dict[str, Any] = json.loads(text)
        return found


class Script(Contender):
    """A module that is told where the files are and where to work."""

    def commands(self) -> Iterator[Sequence[str]]:
        """One process."""
        yield [sys.executable, "-m", f"benchmarks.{self.name}", str(self.files), str(self.home)]


class LowerBound(Script):
    """DuckDB by hand, set-wise."""

    name, title = "lower_bound", "lower bound (DuckDB by hand)"


class PlainPandas(Script):
    """A script with pandas, one day after the other."""

    name, title = "plain_pandas", "plain pandas script"
    most_rows = 1_000_000


class Project(Contender):
    """`sales-assets materialize` with every asset, check and model."""

    name, title = "project", "this project"
    amount = "SELECT sum(net_revenue) FROM marts.daily_revenue"
    reads_european = True

    def prepare(self) -> None:
        """The contract, the files in the landing zone, and the parsed dbt project."""
        super().prepare()
        (self.home / "contracts").mkdir()
        text = contract(european=self.european)
        (self.home / "contracts" / CONTRACT.name).write_text(text)
        link(self.files, self.home / "landing" / "benchmark" / "sales")
        cost_of([*COMMAND, "prepare"], self.environment)

    @property
    def environment(self) -> Mapping[str, str]:
        """A home of its own."""
        return clean_environment(
            SALES_ASSETS_HOME=str(self.home), SALES_ASSETS_CONTRACTS=str(self.home / "contracts")
        )

    def commands(self) -> Iterator[Sequence[str]]:
        """One command for all days."""
        yield [*COMMAND, "materialize", "--from", self.size.keys[0], "--to", self.size.keys[-1]]


class SourcesOnly(Project):
    """The project's run without the models: what dbt adds to a command that does little else."""

    name, title = "sources_only", "this project without dbt"
    amount = "SELECT sum(net_amount) FROM revenue"
    most_days, too_many_days = 1, "it is for what a single day costs"

    def commands(self) -> Iterator[Sequence[str]]:
        """The same command, told to leave the models out."""
        for command in super().commands():
            yield [*command, "--no-marts"]


class Tutorial(Contender):
    """One run a day through Dagster's command line, with the default (multiprocess) executor."""

    name, title = "tutorial", "tutorial-style Dagster"
    accepted, rejected = "sales.revenue", "sales.rejected"
    amount = "SELECT sum(net_revenue) FROM marts.daily_revenue"
    most_days, too_many_days = 1, "each day takes it half a minute"
    most_rows = 1_000_000

    def prepare(self) -> None:
        """Its dbt project, parsed as its documentation tells to at deployment, and an instance."""
        super().prepare()
        folder = self.home / "dbt_project"
        shutil.copytree(
            PROJECT / "benchmarks" / "tutorial" / "dbt_project",
            folder,
            ignore=shutil.ignore_patterns("target", "logs"),
        )
        link(self.files, self.home / "landing")
        (self.home / "dagster").mkdir()
        (self.home / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        where = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
        cost_of([sys.executable, "-m", "dbt.cli.main", "parse", *where], self.environment)

    @property
    def environment(self) -> Mapping[str, str]:
        """Its folder, and an instance that keeps what happened."""
        return clean_environment(
            TUTORIAL_HOME=str(self.home), DAGSTER_HOME=str(self.home / "dagster")
        )

    def commands(self) -> Iterator[Sequence[str]]:
        """One command for each day."""
        materialize = [sys.executable, "-m", "dagster", "asset", "materialize"]
        chosen = ["-m", "benchmarks.tutorial.definitions", "--select", "*", "--partition"]
        for day in self.size.keys:
            yield [*materialize, *chosen, day]


CONTENDERS: dict[str, type[Contender]] = {
    one.name: one for one in (LowerBound, Project, SourcesOnly, PlainPandas, Tutorial)
}
"""All of them, in the order of a round."""


def contract(*, european: bool) -> str:
    """The contract of the generated files."""
    content = yaml.safe_load(CONTRACT.read_text())
    if european:
        words = {"delimiter": ";", "decimalChar": ","}
        content["servers"][0] |= {
            "encoding": "windows-1252",
            "customProperties": [{"property": k, "value": v} for k, v in words.items()],
        }
    return yaml.safe_dump(content)


def link(files: Path, folder: Path) -> None:
    """The generated files in a folder, without copying them."""
    folder.mkdir(parents=True)
    for file in files.glob("*.csv"):
        os.link(file, folder / file.name)
