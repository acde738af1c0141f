"""A person's own preferences, and which of their merchants the pages are about."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from moderation.models import Preference
from moderation.web.access import SESSION_MERCHANT, signed_in
from moderation.web.http import PageRequest, go, page

THEMES = (
    ("system", "As the system", "Follows light and dark of your machine."),
    ("light", "Light", "Always light."),
    ("dark", "Dark", "Always dark."),
)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def preferences(request: PageRequest) -> HttpResponse:
    """Show the preferences, or keep them on the server so that no page flashes."""
    if request.method == "POST":
        _keep(request)
        messages.success(request, "Kept. It holds on every machine.", extra_tags="ok")
        return go(request, "account")
    return page(request, "account/preferences.html", {"themes": THEMES}, here="account")


def _keep(request: PageRequest) -> None:
    theme = request.POST.get("theme", "")
    Preference.objects.update_or_create(
        user=request.user,
        defaults={
            "theme": theme if theme in dict(Preference.THEMES) else "system",
            "has_letter_keys": request.POST.get("letter_keys") == "on",
        },
    )
    chosen = request.POST.get("merchant", "")
    if any(merchant.slug == chosen for merchant in request.viewer.merchants):
        request.session[SESSION_MERCHANT] = chosen
