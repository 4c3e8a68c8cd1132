"""What an administrator sets up for an installation, written from its settings.

Belongs here: the SQL for Snowflake and the JSON for AWS that give the installation the rights it
uses, and no others. Does not: running any of it, or using the rights (`resources`).
"""
