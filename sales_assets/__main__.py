"""`python -m sales_assets`: the same as the script `sales-assets`."""

from sales_assets.cli.process import run

if __name__ == "__main__":
    run()
