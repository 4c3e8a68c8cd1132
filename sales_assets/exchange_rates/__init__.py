"""Exchange rates from a public API: asking, keeping, judging.

Belongs here: the API's clients, what guards the calls, what is known of past answers, and which
rates may enter. Does not: the asset (`assets.exchange_rates`), the warehouse's tables
(`resources`), or converting sales (dbt_project).
"""
