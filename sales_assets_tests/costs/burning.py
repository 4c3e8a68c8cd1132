"""A process that does a run whose steps burn CPU, for tests of metering.

    python -m sales_assets_tests.costs.burning HOME waited|living|endless

Belongs here: the run. Does not: any expectation. Prints, as JSON, what the operating system says
that the process and its children used when the run had ended.

Without `from __future__ import annotations`: Dagster reads the assets' annotations as objects.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg

from sales_assets.instance.embedded import embedded_instance

CHILD = 1.0
"""CPU seconds that a child burns."""
_BURN = "import time\nwhile time.process_time() < {0}: pass\nprint('burnt', flush=True)\n"
_STAY = "import sys; sys.stdin.read()"


def burn(seconds: float, *, stay: bool = False) -> subprocess.Popen[bytes]:
    """A child that has burnt so many CPU seconds, and with `stay` still lives."""
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", _BURN.format(seconds) + (_STAY if stay else "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


@dg.asset
def first() -> None:
    """Hardly does anything."""


@dg.asset(deps=[first])
def waited() -> None:
    """Waits for its child."""
    burn(CHILD).communicate()


@dg.asset(deps=[first])
def living() -> None:
    """Leaves its child behind, which the next one ends."""
    _children.append(burn(CHILD, stay=True))


@dg.asset(deps=[living])
def after() -> None:
    """Ends that child."""
    _children.pop().communicate()


@dg.asset(deps=[first])
def endless() -> None:
    """Burns until it is killed."""
    while True:
        time.process_time()


_children: list[subprocess.Popen[bytes]] = []
STORIES = {"waited": [first, waited], "living": [first, living, after], "endless": [first, endless]}


def main(home: Path, story: str) -> None:
    """Do the run, and tell."""
    with embedded_instance(home / "dagster") as instance:
        dg.materialize(STORIES[story], instance=instance)
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"cpu": sum(one.ru_utime + one.ru_stime for one in used)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
