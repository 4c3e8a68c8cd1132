"""Stand-ins of S3 and Snowflake to try the production profile with: `serve`, `ready`, `stop`.

python -m sales_assets_tests.production serve &
python -m sales_assets_tests.production ready
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from sales_assets_tests.snowflake.keys import public_key, write_private_key

app = typer.Typer(add_completion=False, no_args_is_help=True)
Port = Annotated[int, typer.Option(help="Port of Snowflake on loopback; S3 has the next one.")]
KEY = "snowflake_key.p8"


@app.command()
def serve(
    port: Port = 8085,
    folder: Annotated[Path, typer.Option(help="Where the key and databases are kept.")] = Path(
        ".stand_ins"
    ),
    bucket: Annotated[str, typer.Option(help="A bucket that is made.")] = "sales",
) -> None:
    """Serve until stopped. S3 forgets everything then; Snowflake does not."""
    import boto3
    import uvicorn
    from moto.server import ThreadedMotoServer

    from sales_assets_tests.snowflake.control import Control
    from sales_assets_tests.snowflake.server import build_app

    folder.mkdir(parents=True, exist_ok=True)
    key = folder / KEY
    if not key.exists():
        write_private_key(key)
    s3_server = ThreadedMotoServer(ip_address="127.0.0.1", port=port + 1, verbose=False)
    s3_server.start()
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port + 1}",
        region_name="us-east-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
    )
    s3.create_bucket(Bucket=bucket)
    served = build_app(folder / "databases", public_key(key), Control(), s3)
    (folder / "databases").mkdir(exist_ok=True)
    uvicorn.run(served, host="127.0.0.1", port=port, log_level="warning")


@app.command()
def ready(port: Port = 8085) -> None:
    """Wait until it is served."""
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/control/sessions", timeout=5)
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


@app.command()
def stop(port: Port = 8085) -> None:
    """Stop what is served."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/control/quit", data=b"")
    urllib.request.urlopen(request, timeout=5)


if __name__ == "__main__":
    app()
