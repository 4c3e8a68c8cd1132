"""When things run: sensors, schedules, declarative conditions and what follows a failure.

Belongs here: deciding which days of which assets to ask for. Does not: what a run does (`assets`).
"""
