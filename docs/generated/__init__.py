"""What pages do not say themselves: Markdown made of code and kept elsewhere, at build time.

Belongs here: a module for each such text, and the directives that put one into a page. Does not:
what is said (it is in the code, the dbt project and the README).
"""
