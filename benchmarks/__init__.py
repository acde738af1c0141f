"""Measured figures, each beside a limit or peer of the same run."""
