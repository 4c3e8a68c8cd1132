"""The site for analysts and engineers: `make docs`.

Belongs here: pages in Markdown, how Sphinx builds them (`conf`), and decisions. What code, settings
and models can say of themselves is made of them when the site is built (`generated`).
"""
