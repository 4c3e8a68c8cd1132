"""The report: a page that says what revenue was and whether to trust it.

Belongs here: what the page shows and how it looks. Does not: when it is made (`assets.report`)
or where it is kept (`resources.report_folder`).
"""
