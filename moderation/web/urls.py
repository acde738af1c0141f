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
    people,
    public,
    review,
    rules,
    security,
    sign_in,
    submit,
)

app_name = "web"
urlpatterns = [
    path("", public.home, name="home"),
    path("login/", public.sign_in, name="login"),
    path("login/second/", sign_in.second, name="login-second"),
    path("logout/", public.sign_out, name="logout"),
    path("welcome/<str:uid>/<str:token>/", sign_in.welcome, name="welcome"),
    path("account/", account.preferences, name="account"),
    path("account/confirm/", sign_in.confirm, name="confirm"),
    path("account/security/", security.security, name="security"),
    path("account/security/app/", security.app, name="security-app"),
    path("account/security/passkey/", security.passkey, name="security-passkey"),
    path("account/security/<int:pk>/remove/", security.remove, name="security-remove"),
    path("account/security/recovery/", security.recovery, name="security-recovery"),
    path("account/security/password/", security.password, name="security-password"),
    path("account/security/sessions/end/", security.end, name="security-end"),
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
    path("ops/people/", people.people, name="people"),
    path("ops/people/new/", people.new, name="people-new"),
    path("ops/people/<str:username>/", people.person, name="person"),
    path("ops/people/<str:username>/roles/", people.roles, name="person-roles"),
    path(
        "ops/people/<str:username>/merchants/",
        people.merchants,
        name="person-merchants",
    ),
    path(
        "ops/people/<str:username>/deactivate/",
        people.deactivate,
        name="person-deactivate",
    ),
    path(
        "ops/people/<str:username>/reactivate/",
        people.reactivate,
        name="person-reactivate",
    ),
    path("ops/people/<str:username>/reset/", people.reset, name="person-reset"),
    path("ops/people/<str:username>/link/", people.link, name="person-link"),
]
