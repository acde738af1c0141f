"""Mounts the pages, the API, health and figures."""

from django.urls import include, path

from moderation.api import api
from reviewhub import errors, health

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", health.figures, name="metrics"),
    path("api/v1/", api.urls),
    path("", include("moderation.web.urls")),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.failed
