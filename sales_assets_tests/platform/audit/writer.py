"""A process that writes an audit log until it is told to end, or is killed.

Belongs here: the process. Does not: any expectation. It prints the number of each intent as soon as
that is kept: `python writer.py URL OPERATIONS [stay]`; with `stay` it ends no operation, and waits.
"""

from __future__ import annotations

import sys

from sales_assets.platform.audit.entries import Outcome
from sales_assets_tests.platform.audit.written import intent, opened

if __name__ == "__main__":
    url, operations, *stay = sys.argv[1:]
    with opened(url) as log:
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(int(operations)):
            number = log.intend(intent())
            print(number, flush=True)
            if stay:
                sys.stdin.readline()
            log.conclude(number, Outcome.SUCCEEDED)
