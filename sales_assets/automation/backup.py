"""A backup every night, for whoever switches it on.

Belongs here: the job and its schedule. Does not: what a backup is (`backup`).

Without `from __future__ import annotations`: Dagster reads the op's annotations as objects.
"""

import dagster as dg

from sales_assets.settings import Settings


def build_backup_schedules(settings: Settings) -> tuple[dg.ScheduleDefinition, ...]:
    """Every day at 02:00 UTC, before `prune`; none without a place for backups.

    Off until somebody turns it on: it copies what is secret, and deletes what is older.
    """
    if settings.backup_to is None:
        return ()
    told = f"Backs the installation up to {settings.backup_to}, keeps {settings.backup_keep}."

    @dg.op(description=told)
    def back_up(context: dg.OpExecutionContext) -> None:
        # Not for loading the definitions.
        from sales_assets.backup.bucket_store import open_backups
        from sales_assets.backup.making import forget_older, make_backup

        backups = open_backups(settings, None)
        made = make_backup(settings, context.instance, backups, tell=context.log.info)
        old = forget_older(backups, settings.backup_keep)
        context.log.info(
            f"{made.name}: {made.manifest.size:,} bytes, of which {made.new_bytes:,} are new; "
            f"deleted: {', '.join(old) or 'none'}"
        )

    # In the run's own process wherever assets go to workers.
    @dg.job(name="backup", executor_def=dg.in_process_executor)
    def backing_up() -> None:
        back_up()

    return (
        dg.ScheduleDefinition(
            name="backup",
            job=backing_up,
            cron_schedule="0 2 * * *",
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.STOPPED,
            description=told,
        ),
    )
