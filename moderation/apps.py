"""The app's registration with Django."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """Reviewhub's one app."""

    name = "moderation"
    default_auto_field = "django.db.models.BigAutoField"
