"""A person finishes what the machine asked about."""
