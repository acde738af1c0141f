"""Pipeline versions: which serves whom, what each is made of, and how two differ."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from moderation.models import PipelineVersion
from moderation.web import versions_read
from moderation.web.access import overseer_only
from moderation.web.http import PageRequest, page


@require_safe
@overseer_only
def versions(request: PageRequest) -> HttpResponse:
    """Show every version, newest first, with whom it serves now."""
    context = {"rows": versions_read.rows()}
    return page(request, "versions/list.html", context, here="versions")


@require_safe
@overseer_only
def version(request: PageRequest, name: str) -> HttpResponse:
    """Show one version: recipe, hashes, what it decided, its runs and rollouts."""
    context = versions_read.whole(_found(name))
    return page(request, "versions/show.html", context, here="versions")


@require_safe
@overseer_only
def difference(request: PageRequest, a: str, b: str) -> HttpResponse:
    """Show how two versions differ: parts, prompt, and eval cases that changed."""
    context = versions_read.compared(_found(a), _found(b), request.GET.get("tab", ""))
    return page(request, "versions/diff.html", context, here="versions")


def _found(name: str) -> PipelineVersion:
    row = (
        PipelineVersion.objects.select_related("policy", "calibration", "made_from")
        .filter(name=name)
        .first()
    )
    if row is None:
        raise Http404
    return row
