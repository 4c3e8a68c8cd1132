"""A chaos run by itself: `python -m sales_assets_tests.chaos --seconds 600 --seed 1`.

Belongs here: the command, and what it prints. Does not: anything that happens.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

from sales_assets_tests.chaos.conducting import conduct


def main() -> None:
    """Run, print what came and how it was told, and exit with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything it began ends too
    os.environ |= {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "a-secret"}
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        verdict = conduct(Path(folder), given.seed, given.seconds, partial(print, flush=True))
    print(verdict)
    sys.exit(0 if verdict.is_well else 1)


if __name__ == "__main__":
    main()
