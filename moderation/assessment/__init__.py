"""What the model is asked about one listing, and what its answer is worth.

Knows nothing of providers, merchants, routing or the database.
"""
