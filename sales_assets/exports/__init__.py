"""The marts in the forms that people's tools read, and what their columns mean.

Belongs here: the files and what is in them, a module for each form. Does not: when they are made
(`assets.exports`), where they are put (`resources.report_folder`), or the marts (dbt_project).
"""
