"""Hiding a private team, in all that the webserver answers, from whoever is not in it.

Belongs here: what a person sees of the workspace and of Dagster's storages. Does not: what they
may do with what they see (`permissions`), or who they are (`access`).
"""
