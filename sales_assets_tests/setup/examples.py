"""The examples in deploy/: what `sales-assets setup` prints for the settings of the README.

Belongs here: which commands they are of, and writing them. Does not: any expectation.

python -m sales_assets_tests.setup.examples
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from typer.testing import CliRunner

from sales_assets.cli import app
from sales_assets_tests.harness import PROJECT

DEPLOY = PROJECT / "deploy"
EXAMPLES = {
    DEPLOY / "snowflake" / "setup.sql": ["snowflake", "--reader"],
    **{
        DEPLOY / "aws" / f"{part}.json": ["aws", "--part", part]
        for part in ("policy", "lifecycle", "queue", "notification", "snowflake", "trust")
    },
}
OPTIONAL = {
    "SALES_ASSETS_LANDING_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/drops",
    "SALES_ASSETS_S3_KMS_KEY": "alias/sales",
    "SALES_ASSETS_SNOWFLAKE_STAGE": "staged",
    "SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH": "nowhere/snowflake_key.p8",
}
"""What the README names without a value, so that the examples show every part; and no key."""


def settings() -> dict[str, str]:
    """The settings of the README's chapter on production, with all that it calls optional."""
    chapter = (PROJECT / "README.md").read_text().partition("## Production")[2]
    block = re.search(r"```sh\n(export SALES_ASSETS_HOME=.*?)```", chapter, flags=re.DOTALL)
    assert block is not None
    return dict(re.findall(r"^export (\w+)=(\S+)$", block[1], flags=re.MULTILINE)) | OPTIONAL


def printed(arguments: list[str]) -> str:
    """What a command prints for these settings."""
    env = {name: None for name in os.environ if name.startswith("SALES_ASSETS_")} | settings()
    done = CliRunner().invoke(app, ["setup", *arguments], env=env, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    for file, command in EXAMPLES.items():
        write(file, printed(command))
