"""The assets: what each dataset is made of, in a few lines each.

Belongs here: keys, dependencies and what is recorded of a materialisation. Does not: how text
becomes rows (`contracts`), or where things lie (`resources`).
"""
