"""The HTTP API: parse, call a verb, answer."""

from moderation.api.build import api

__all__ = ["api"]
