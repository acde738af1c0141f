"""The policy as everybody may read it: its chapters, and one clause a page."""

from itertools import groupby

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from moderation.models import Policy, PolicyClause
from moderation.web.access import anyone
from moderation.web.http import PageRequest, page


def _newest() -> Policy | None:
    return Policy.objects.order_by("-id").first()


@require_safe
@anyone
def rules(request: PageRequest) -> HttpResponse:
    """Show every clause of the policy in force, by chapter."""
    policy = _newest()
    clauses = list(policy.clauses.all()) if policy else []
    chapters = [
        (name, list(found)) for name, found in groupby(clauses, lambda c: c.chapter)
    ]
    context = {"policy": policy, "chapters": chapters, "count": len(clauses)}
    return page(request, "rules/rules.html", context, here="rules")


@require_safe
@anyone
def rule(request: PageRequest, code: str) -> HttpResponse:
    """Show one clause in full, with its neighbours in the chapter."""
    policy = _newest()
    clause = PolicyClause.objects.filter(policy=policy, code=code).first()
    if clause is None:
        raise Http404
    chapter = PolicyClause.objects.filter(policy=policy, chapter=clause.chapter)
    context = {
        "policy": policy,
        "clause": clause,
        "paragraphs": clause.text.split("\n\n"),
        "chapter": chapter,
    }
    return page(request, "rules/rule.html", context, here="rules")
