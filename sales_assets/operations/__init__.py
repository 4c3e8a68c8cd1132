"""What needs somebody now, per team: late, failing, parked, costly.

Belongs here: gathering that from what the other parts say, and showing it on a page and in the
terminal. Does not: any rule of what is late (`checks.delivery`, `healing`, Dagster's freshness),
failing (`alerts`, checks), parked (`healing`) or costly (`costs`, `checks.budgets`).

It only reads, and never opens the warehouse: a run may be writing there, and for hours.
"""
