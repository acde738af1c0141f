"""Which page answers which address, grouped by area."""

from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from moderation.web import (
    account,
    decide,
    history,
    imports,
    merchant,
    ops,
    public,
    review,
    rollout,
    rules,
    submit,
    versions,
)

app_name = "web"
urlpatterns = [
    path("", public.home, name="home"),
    path("login/", public.sign_in, name="login"),
    path("logout/", public.sign_out, name="logout"),
    path("account/", account.preferences, name="account"),
    path(
        "account/login/",
        require_safe(RedirectView.as_view(pattern_name="web:login", query_string=True)),
        name="old-login",
    ),
    # Everybody
    path("rules/", rules.rules, name="rules"),
    path("rules/<str:code>/", rules.rule, name="rule"),
    # Merchants
    path("listings/", merchant.listings, name="listings"),
    path("listings/new/", submit.new, name="listing-new"),
    path("listings/preview/", submit.preview, name="listing-preview"),
    path("listings/<str:public_id>/", merchant.listing, name="listing"),
    path("listings/<str:public_id>/status/", merchant.status, name="listing-status"),
    path("listings/<str:public_id>/again/", submit.again, name="listing-again"),
    path(
        "listings/<str:public_id>/withdraw/",
        merchant.take_back,
        name="listing-withdraw",
    ),
    path("imports/", imports.imports, name="imports"),
    path("imports/<str:public_id>/", imports.batch, name="import"),
    path("imports/<str:public_id>/progress/", imports.progress, name="import-progress"),
    path("imports/<str:public_id>/answers/", imports.answers, name="import-answers"),
    # Moderators
    path("review/", review.queues, name="review"),
    path("review/next/", review.next_task, name="review-next"),
    path("review/counts/", review.counts, name="review-counts"),
    path("review/history/", history.history, name="history"),
    path("review/<str:public_id>/", review.task, name="task"),
    path("review/<str:public_id>/decide/", decide.decide_task, name="task-decide"),
    path("review/<str:public_id>/effect/", decide.effect, name="task-effect"),
    path("review/<str:public_id>/reject/", decide.reject, name="task-reject"),
    path(
        "review/<str:public_id>/escalate/", decide.escalate_task, name="task-escalate"
    ),
    path("review/<str:public_id>/skip/", decide.skip_task, name="task-skip"),
    path("review/<str:public_id>/release/", decide.release_task, name="task-release"),
    path("review/<str:public_id>/lease/", decide.lease, name="task-lease"),
    path("review/<str:public_id>/merchant/", review.merchant, name="task-merchant"),
    path("review/<str:public_id>/undo/", decide.undo_decision, name="task-undo"),
    # Admins
    path("ops/", ops.overview, name="ops"),
    path("ops/mode/", ops.change_mode, name="ops-mode"),
    path("ops/versions/", versions.versions, name="versions"),
    path("ops/versions/<str:a>..<str:b>/", versions.difference, name="version-diff"),
    path("ops/versions/<str:name>/", versions.version, name="version"),
    path("ops/rollout/", rollout.rollouts, name="rollouts"),
    path("ops/rollout/start/", rollout.start_rollout, name="rollout-start"),
    path("ops/rollout/<str:public_id>/", rollout.rollout, name="rollout"),
    path("ops/rollout/<str:public_id>/panel/", rollout.panel, name="rollout-panel"),
    path(
        "ops/rollout/<str:public_id>/advance/",
        rollout.advance_rollout,
        name="rollout-advance",
    ),
    path(
        "ops/rollout/<str:public_id>/hold/", rollout.hold_rollout, name="rollout-hold"
    ),
    path(
        "ops/rollout/<str:public_id>/stop/", rollout.stop_rollout, name="rollout-stop"
    ),
    path("ops/rollout/<str:public_id>/note/", rollout.note, name="rollout-note"),
    path(
        "ops/rollout/<str:public_id>/resume/",
        rollout.resume_rollout,
        name="rollout-resume",
    ),
    path(
        "ops/rollout/<str:public_id>/complete/",
        rollout.complete_rollout,
        name="rollout-complete",
    ),
    path(
        "ops/rollout/<str:public_id>/close/",
        rollout.close_rollout,
        name="rollout-close",
    ),
]
