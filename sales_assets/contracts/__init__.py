"""Contracts: an ODCS file becomes a `SourceContract`, and that the SQL which reads its drops.

Belongs here: what a contract can say, and how text turns into typed, judged rows.
Does not: where files, objects and tables live (`resources`), or when to run (`assets`).
"""
