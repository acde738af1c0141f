"""The way to a language model: one typed client, guarded, with its price.

Knows nothing of listings, verdicts or routing; every failure is a value.
"""
