"""Code locations whose runs begin and end at once, for a real daemon.

Belongs here: a job for each team. Does not: any expectation.
"""

import dagster as dg


def location(team: str) -> dg.Definitions:
    """A job of a team, that claims to be another's."""

    @dg.op(name=f"{team}_work")
    def work() -> None:
        return

    @dg.job(
        name="load",
        tags={"team": "forged", "user": "forged"},
        executor_def=dg.in_process_executor,
    )
    def load() -> None:
        work()

    return dg.Definitions(jobs=[load])


ants = location("ants")
bees = location("bees")
cats = location("cats")
