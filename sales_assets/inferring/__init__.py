"""Proposing a contract for an unknown export: what `sales-assets infer` does.

Belongs here: guesses, each with its evidence, for a person to confirm. Does not: reading drops by
a contract (`contracts`), where nothing is guessed.
"""
