"""What the installation uses: metering runs and processes, the ledger of it, prices, the bill.

Belongs here: all of that. Does not: the asset that publishes it (`assets.costs`), its check
(`checks.budgets`) or the command (`cli.costs_command`). See docs/decisions/0038.
"""
