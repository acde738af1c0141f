"""Which page answers which address, grouped by area."""

from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from moderation.web import (
    account,
    appeals,
    audit,
    decide,
    decision,
    developers,
    eval_cases,
    eval_runs,
    evals,
    history,
    imports,
    merchant,
    ops,
    public,
    review,
    rollout,
    rules,
    spot_checks,
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
    path("listings/<str:public_id>/appeal/", appeals.appeal, name="listing-appeal"),
    path("developers/webhooks/", developers.webhooks, name="webhooks"),
    path("developers/webhooks/<str:public_id>/", developers.webhook, name="webhook"),
    path(
        "developers/webhooks/<str:public_id>/test/",
        developers.test,
        name="webhook-test",
    ),
    path(
        "developers/webhooks/<str:public_id>/roll/",
        developers.roll,
        name="webhook-roll",
    ),
    path(
        "developers/webhooks/<str:public_id>/switch/",
        developers.switch,
        name="webhook-switch",
    ),
    path(
        "developers/webhooks/<str:public_id>/delete/",
        developers.delete,
        name="webhook-delete",
    ),
    path(
        "developers/deliveries/<str:public_id>/resend/",
        developers.send_again,
        name="delivery-resend",
    ),
    # Moderators
    path("review/", review.queues, name="review"),
    path("review/next/", review.next_task, name="review-next"),
    path("review/counts/", review.counts, name="review-counts"),
    path("review/history/", history.history, name="history"),
    path("review/spot-checks/", spot_checks.queue, name="spot-checks"),
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
    path("decisions/<str:public_id>/", decision.decision, name="decision"),
    # Admins
    path("ops/", ops.overview, name="ops"),
    path("ops/mode/", ops.change_mode, name="ops-mode"),
    path("ops/audit/", audit.audit, name="audit"),
    path("ops/audit/export/", audit.export, name="audit-export"),
    path("ops/evals/", evals.evals, name="evals"),
    path("ops/evals/freeze/", evals.freeze, name="evals-freeze"),
    path("ops/evals/start/", eval_runs.start, name="run-start"),
    path("ops/evals/cases/", eval_cases.cases, name="cases"),
    path("ops/evals/cases/accept/", eval_cases.accept, name="cases-accept"),
    path("ops/evals/cases/<int:pk>/", eval_cases.case, name="case"),
    path("ops/evals/cases/<int:pk>/curate/", eval_cases.curate, name="case-curate"),
    path("ops/evals/datasets/<str:name>/<int:version>/", evals.dataset, name="dataset"),
    path(
        "ops/evals/datasets/<str:name>/<int:version>/<str:form>/",
        evals.export,
        name="dataset-export",
    ),
    path("ops/evals/runs/<str:public_id>/", eval_runs.run, name="run"),
    path(
        "ops/evals/runs/<str:public_id>/progress/",
        eval_runs.progress,
        name="run-progress",
    ),
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
