"""The outside world: landing zone, drop catalogue, object store, warehouse, dbt.

Belongs here: one module for each thing outside the process, behind an interface that does not
say where it runs. Does not: what the data means (`contracts`), or when to run (`assets`).
"""
