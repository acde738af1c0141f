"""The Django project: wiring only, no word of the marketplace."""

from reviewhub.celery import app as celery_app

__all__ = ["celery_app"]
