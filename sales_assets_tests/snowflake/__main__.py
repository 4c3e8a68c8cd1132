"""The Snowflake stand-in from the command line: `serve` it, or make a key pair for it.

python -m sales_assets_tests.snowflake key rsa_key.p8
python -m sales_assets_tests.snowflake serve --port 8085 --key rsa_key.p8 --folder .snowflake
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True)
Key = Annotated[Path, typer.Argument(help="The private key's file.")]


@app.command()
def key(path: Key) -> None:
    """Make a private key for signing in."""
    from sales_assets_tests.snowflake.keys import write_private_key

    write_private_key(path)


@app.command()
def serve(
    key: Annotated[Path, typer.Option(help="The private key whose owner may sign in.")],
    folder: Annotated[Path, typer.Option(help="Where the databases are kept.")],
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 8085,
    s3_endpoint_url: Annotated[str, typer.Option(help="Where buckets of stages are.")] = "",
    passphrase: Annotated[str, typer.Option(help="What opens the key, if it is sealed.")] = "",
) -> None:
    """Serve until interrupted."""
    import uvicorn

    from sales_assets_tests.snowflake.control import Control
    from sales_assets_tests.snowflake.keys import public_key
    from sales_assets_tests.snowflake.server import build_app

    folder.mkdir(parents=True, exist_ok=True)
    s3 = None
    if s3_endpoint_url:
        import boto3

        s3 = boto3.client("s3", endpoint_url=s3_endpoint_url)
    served = build_app(folder, public_key(key, passphrase or None), Control(), s3)
    uvicorn.run(served, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    app()
