"""A process whose run writes to the warehouse of a shared installation: `writer FOLDER NUMBER`.

Belongs here: the run, which fails if another one is writing. Does not: any expectation.
"""

import sys
import time
from pathlib import Path

import dagster as dg

from sales_assets.instance.embedded import embedded_instance
from sales_assets.settings import Settings
from sales_assets.workers import warehouse_pool

PATIENCE_SECONDS = 120


def main(folder: Path, number: str) -> None:
    """Wait until the run of the other process is under way too, then write."""
    settings = Settings.load()

    @dg.op
    def read() -> None:
        (folder / f"{number}.reading").touch()
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(list(folder.glob("*.reading"))) < 2:
            assert time.monotonic() < give_up
            time.sleep(0.05)

    @dg.op(pool=warehouse_pool(settings), ins={"after": dg.In(dg.Nothing)})
    def write() -> None:
        with (folder / "writing").open("x"):  # fails if it is there
            time.sleep(0.5)
        (folder / "writing").unlink()

    @dg.job(executor_def=dg.in_process_executor)
    def load() -> None:
        write(after=read())

    with embedded_instance(settings.dagster_home, settings) as instance:
        load.execute_in_process(instance=instance)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
