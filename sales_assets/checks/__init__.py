"""Asset checks: what has to hold before anyone may trust a number.

Belongs here: checks, their sentences and their severities. Does not: dbt's tests, which are
checks of the marts by themselves (dbt_project). Checks that fail as errors block what is
downstream; checks carry no partition, so a result names the days that it is about.
"""
