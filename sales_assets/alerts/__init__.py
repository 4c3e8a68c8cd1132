"""Alerts: what is wrong becomes an incident, and each incident is told once to each channel.

`problems` are found by `events` (Dagster's event log) and `states` (ticks, code locations, the
daemon), become `incidents`, and their messages wait in the `outbox` until a channel of `routes`
took them. `router` does one pass of all of it.
"""
