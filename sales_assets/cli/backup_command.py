"""`sales-assets backup` and `restore`: an installation's state outside of its home, and back.

Belongs here: these commands and what they print. Does not: what a backup is (`backup`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import err, out

if TYPE_CHECKING:
    from sales_assets.backup.making import Made
    from sales_assets.backup.restoring import Restored
    from sales_assets.backup.store import Backups

PlaceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[FOLDER]",
        help="Folder or s3://bucket/prefix of this installation's backups; default: "
        "SALES_ASSETS_BACKUP_TO.",
    ),
]
NameOption = Annotated[
    str | None, typer.Option("--name", help="Which backup there; default: the newest.")
]


def backup(
    place: PlaceArgument = None,
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys",
            help="Also keys and secrets of teams: who has the backup can undo pseudonyms.",
        ),
    ] = False,
    drops: Annotated[
        bool | None,
        typer.Option("--drops/--no-drops", help="Default: with drops, if they are in a folder."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="Delete all but the newest so many.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Make none; say whether one is whole.")
    ] = False,
    name: NameOption = None,
) -> None:
    """Back up databases, warehouse, drops and contracts, as they are at one moment.

    Runs may be under way. Files that an earlier backup there has are not copied again.
    """
    from sales_assets.backup.bucket_store import open_backups
    from sales_assets.backup.making import Wanted, forget_older, make_backup, open_for_backup
    from sales_assets.errors import UsageError
    from sales_assets.settings import Settings, find_dagster_home

    settings = Settings.load()
    backups = open_backups(settings, place)
    if verify:
        _verify(backups, name)
        return
    if name is not None:
        raise UsageError("--name is of --verify and of restore; a new backup has its time for one")
    instance = open_for_backup(find_dagster_home(settings))
    made = make_backup(settings, instance, backups, Wanted(with_keys, drops), err.print)
    if instance is not None:
        instance.dispose()
    _print_made(made, backups)
    if keep is not None and (old := forget_older(backups, keep)):
        out.print(f"Deleted: {', '.join(old)}")


def _print_made(made: Made, backups: Backups) -> None:
    manifest = made.manifest
    out.print(
        f"{made.name}: {len(manifest.files):,} files, {manifest.size / 1e6:,.1f} MB, of which "
        f"{made.new_files:,} files, {made.new_bytes / 1e6:,.1f} MB are new in {backups.address}; "
        f"as everything was at {manifest.moment:%Y-%m-%d %H:%M:%S} UTC.",
        soft_wrap=True,
    )
    for elsewhere in manifest.not_in_it:
        out.print(f"Not in it: {elsewhere}", soft_wrap=True, highlight=False)
    if manifest.with_keys:
        out.print(
            "It holds keys: who has it can undo pseudonyms and sign in as anybody. Guard it so.",
            soft_wrap=True,
        )


def _verify(backups: Backups, name: str | None) -> None:
    from sales_assets.backup.verifying import problems

    chosen = backups.chosen(name)
    found = list(problems(backups, chosen))
    for problem in found:
        err.print(f"[bold red]Damaged:[/] {problem}", soft_wrap=True)
    if found:
        raise typer.Exit(1)
    out.print(f"{chosen} is whole: every file is as it was, every database opens.")


def restore(
    place: PlaceArgument = None,
    name: NameOption = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="The home; default: SALES_ASSETS_HOME.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Move aside what is in the home; nothing is deleted.")
    ] = False,
) -> None:
    """Bring an installation back from a backup, wholly or not at all.

    Stop everything that uses the home first.
    """
    from sales_assets.backup.bucket_store import open_backups
    from sales_assets.backup.restoring import restore as restore_home
    from sales_assets.settings import Settings

    settings = Settings.load()
    if into is not None:
        settings = settings.model_copy(update={"home": into.absolute()})
    _print_restored(restore_home(settings, open_backups(settings, place), name, force=force))


def _print_restored(restored: Restored) -> None:
    from sales_assets.backup.manifest import versions

    manifest = restored.manifest
    out.print(
        f"{restored.home} is as it was at {manifest.moment:%Y-%m-%d %H:%M:%S} UTC "
        f"({restored.name}).",
        soft_wrap=True,
    )
    for path in restored.aside:
        out.print(f"What was there before is in {path}.", soft_wrap=True)
    if restored.ended_runs:
        out.print(f"{restored.ended_runs} runs that were under way then are ended as failed.")
    for name in restored.left:
        out.print(f"Left as it is, other than in the backup: {name}", soft_wrap=True)
    for elsewhere in manifest.not_in_it:
        out.print(f"Not in the backup: {elsewhere}", soft_wrap=True, highlight=False)
    for key in restored.missing_keys:
        err.print(
            f"[bold red]Missing:[/] {key}: put the key there before the next run; with another one "
            "every customer gets another pseudonym",
            soft_wrap=True,
        )
    made_by, here = manifest.versions["dagster"], versions()["dagster"]
    migrate = f"`dagster instance migrate` (from {made_by} to {here}); " if made_by != here else ""
    out.print(f"Next: {migrate}sales-assets doctor; sales-assets materialize --missing")
