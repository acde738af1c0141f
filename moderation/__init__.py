"""Reviewhub's one app: a listing flows through its packages one way."""
