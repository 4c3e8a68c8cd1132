"""The reference of commands, by typer's own generator.

Belongs here: calling it. Does not: any command (`sales_assets.cli`).
"""

from __future__ import annotations

import re


def commands() -> str:
    """Every command with its arguments and options, as Markdown."""
    import typer
    from typer.cli import get_docs_for_click

    from sales_assets.cli import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(
        obj=command, ctx=typer.Context(command), name="sales-assets", indent=1
    )
    # The usage is no command to type: `console` would say that it is one.
    return re.sub(r"```console\n\$ ", "```text\n", text)
