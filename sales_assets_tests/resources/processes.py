"""Other processes for tests: they come from a server that has imported the project already.

Starting one costs some milliseconds then, instead of the seconds of the imports.
"""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["sales_assets_tests.harness", "duckdb", "pytest"])
