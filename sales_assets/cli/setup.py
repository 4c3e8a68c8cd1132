"""`sales-assets setup`: what an administrator has to set up, printed.

Belongs here: these commands and what they print. Does not: what the rights are (`setup`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

setup_app = typer.Typer(
    no_args_is_help=True,
    help="What an administrator sets up for these settings, with least rights; it is only printed.",
)
AccountOption = Annotated[
    str | None,
    typer.Option(
        "--aws-account",
        help="Number of the AWS account; default: that of the queue, if there is one.",
    ),
]


class Part(StrEnum):
    """What `setup aws` prints."""

    POLICY = "policy"
    LIFECYCLE = "lifecycle"
    QUEUE = "queue"
    NOTIFICATION = "notification"
    SNOWFLAKE = "snowflake"
    TRUST = "trust"


@setup_app.command()
def snowflake(
    reader: Annotated[
        bool, typer.Option("--reader", help="Also a role, named ..._READER, that only reads.")
    ] = False,
    aws_account: AccountOption = None,
) -> None:
    """Print SQL that makes database, warehouse, role and user, and the stage if one is set."""
    from sales_assets.settings import Settings
    from sales_assets.setup.snowflake_script import snowflake_script

    script, left = snowflake_script(Settings.load(), reader=reader, account=aws_account)
    typer.echo(script, nl=False)
    if left:
        typer.echo(f"Still to do: {left}.", err=True)


@setup_app.command()
def aws(
    part: Annotated[
        Part,
        typer.Option(
            "--part",
            "-p",
            help="policy: what the installation may do. lifecycle: rules of the bucket. queue: "
            "who may send to the queue of drops. notification: what the bucket tells it. "
            "snowflake: what Snowflake may do, and trust: that it may.",
        ),
    ] = Part.POLICY,
    aws_account: AccountOption = None,
) -> None:
    """Print JSON for IAM, S3 or SQS. Words in capitals are for you to replace."""
    import json

    from sales_assets.settings import Settings
    from sales_assets.setup import aws_events, aws_policy

    settings = Settings.load()
    match part:
        case Part.POLICY:
            document = aws_policy.pipeline_policy(settings, aws_account)
        case Part.LIFECYCLE:
            document = aws_events.lifecycle(settings)
        case Part.QUEUE:
            document = aws_events.queue_policy(settings, aws_account)
        case Part.NOTIFICATION:
            document = aws_events.notification(settings)
        case Part.SNOWFLAKE:
            document = aws_policy.snowflake_policy(settings, aws_account)
        case Part.TRUST:
            document = aws_policy.snowflake_trust(settings)
    typer.echo(json.dumps(document, indent=2))
    if part in {Part.LIFECYCLE, Part.QUEUE, Part.NOTIFICATION}:
        typer.echo("AWS replaces all that was there: merge it with what is in use.", err=True)
