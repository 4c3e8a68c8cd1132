"""`sales-assets doctor`: what of an installation works, and what to do where it does not.

Belongs here: looking at settings, machine, services and rights, each by using it as the pipeline
does. Does not: mending anything, or whether the data are right (the asset checks say that).
"""
