"""What a materialisation tells a person who opens one partition of an asset, or its plots.

Belongs here: the names of figures, and the tables and pictures beside them, as metadata of
Dagster's events. Does not: computing the figures (`contracts`, `resources`), or when a day is
recorded (`assets`). See docs/decisions/0023-what-a-materialisation-tells.md.
"""
