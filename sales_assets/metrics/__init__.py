"""The installation as Prometheus sees it: numbers, rules that judge them, dashboards for people.

Belongs here: what is measured and how, who serves it, what is written to `deploy`. Does not:
telling anybody of what is wrong by itself, which works without Prometheus.
"""
