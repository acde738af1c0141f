"""What the pages on versions show. Reads only; turns recipes into rows of words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max

from moderation import prompts
from moderation.evals.intervals import binomial_cdf
from moderation.llm.providers import OFFLINE
from moderation.models import (
    Decision,
    EvalResult,
    EvalRun,
    PipelineVersion,
    Rollout,
)
from moderation.rollout.assignment import SERVING, under_way
from moderation.states import Route, RunState
from moderation.versions import baseline
from moderation.web.prompt_diff import PromptDiff, diff_prompts

LATEST = 20
CASES = 200


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the list."""

    version: PipelineVersion
    serves: str
    decided: int
    last_at: Any

    @property
    def is_certified(self) -> bool:
        """Whether its threshold is certified."""
        return self.version.threshold_status == PipelineVersion.CERTIFIED


@dataclass(frozen=True, slots=True)
class Part:
    """One part of two recipes."""

    name: str
    before: str
    after: str
    words: str
    is_code: bool = False

    @property
    def is_same(self) -> bool:
        """Whether both have it alike."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Changed:
    """One eval case on which two versions differ, and whether that is good."""

    reference: str
    title: str
    expected: str
    before: str
    after: str
    change: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The eval cases on which two versions differ.

    Attributes:
        p: how often chance alone would part better and worse so far, or further.
    """

    runs: tuple[EvalRun, EvalRun]
    total: int
    rows: tuple[Changed, ...]
    counts: Mapping[str, int]
    p: float

    @property
    def chance(self) -> str:
        """Return the chance as one time in so many."""
        return f"{1 / self.p:,.0f}" if self.p > 0 else "a million"


def serves_now() -> dict[int, str]:
    """Return whom each version serves now, in words, by primary key."""
    try:
        default = baseline().pk
    except PipelineVersion.DoesNotExist:
        return {}
    found = {default: "Everyone"}
    rollout = under_way()
    if rollout is None:
        return found
    pilots = rollout.pilot_merchants.count()
    if rollout.state not in SERVING:
        found[rollout.candidate_id] = "Nobody: looks on in shadow"
        return found
    share = f"{rollout.percent}% of merchants" if rollout.percent else ""
    named = f"{pilots} pilot merchant{'' if pilots == 1 else 's'}" if pilots else ""
    found[rollout.candidate_id] = " and ".join(filter(None, (share, named)))
    found[rollout.baseline_id] = (
        "Everyone else" if rollout.percent < 100 else "Nobody for now"
    )
    return found


def rows() -> list[VersionRow]:
    """Return every version, newest first."""
    decided = {
        pk: (n, at)
        for pk, n, at in Decision.objects.effective()
        .filter(pipeline__isnull=False)
        .order_by()
        .values_list("pipeline")
        .annotate(n=Count("id"), at=Max("decided_at"))
    }
    serves = serves_now()
    versions = PipelineVersion.objects.select_related("made_from").order_by("-id")
    return [
        VersionRow(row, serves.get(row.pk, ""), *decided.get(row.pk, (0, None)))
        for row in versions
    ]


def whole(version: PipelineVersion) -> dict[str, Any]:
    """Return everything about one version."""
    decisions = Decision.objects.effective().filter(pipeline=version)
    return {
        "version": version,
        "certified": version.threshold_status == PipelineVersion.CERTIFIED,
        "serves": serves_now().get(version.pk, "Nobody"),
        "reads_prompt": version.provider != OFFLINE,
        "prompt": _prompt(version),
        "latest": decisions.select_related("submission", "moderator").order_by("-id")[
            :LATEST
        ],
        "decided": decisions.count(),
        "by_outcome": list(
            decisions.order_by()
            .values_list("outcome", "decided_by")
            .annotate(n=Count("id"))
            .order_by("-n")
        ),
        "runs": EvalRun.objects.filter(pipeline=version)
        .select_related("dataset")
        .order_by("-id")[:LATEST],
        "rollouts": Rollout.objects.filter(candidate=version)
        .select_related("baseline")
        .order_by("-id"),
    }


def _prompt(version: PipelineVersion) -> str:
    try:
        return prompts.load(version.prompt).text
    except prompts.UnknownPromptError:
        return ""


def compared(
    before: PipelineVersion, after: PipelineVersion, tab: str = ""
) -> dict[str, Any]:
    """Return how two versions differ."""
    diff = diff_prompts(_prompt(before), _prompt(after))
    listed = parts(before, after, diff)
    changes = changes_of(before, after)
    differing = [part.name.lower() for part in listed if not part.is_same]
    shown = changes.rows if changes else ()
    if tab in ("worse", "better", "both_wrong"):
        shown = tuple(row for row in shown if row.change == tab)
    serves = serves_now()
    return {
        "a": before,
        "b": after,
        "parts": sorted(listed, key=lambda part: part.is_same),
        "differing": " and ".join(
            filter(None, (", ".join(differing[:-1]), *differing[-1:]))
        ),
        "diff": diff,
        "nobody_reads": OFFLINE in (before.provider, after.provider),
        "changes": changes,
        "shown": shown[:CASES],
        "tab": tab,
        "can_start": under_way() is None and serves.get(before.pk) == "Everyone",
    }


def parts(
    before: PipelineVersion, after: PipelineVersion, diff: PromptDiff
) -> list[Part]:
    """Return the parts of two recipes, side by side."""
    prompt_words = f"{diff.removed} words out, {diff.added} in."
    if diff.keeps_prefix:
        prompt_words += " All of the first is kept as its beginning."

    def row(name: str, one: object, other: object, words: str, **more: bool) -> Part:
        same = str(one) == str(other)
        return Part(name, str(one), str(other), "Same" if same else words, **more)

    def prompt_of(version: PipelineVersion) -> str:
        return f"{version.prompt} {version.prompt_sha256[:7]}"

    def threshold_of(version: PipelineVersion) -> str:
        certified = version.threshold_status == PipelineVersion.CERTIFIED
        return f"{version.threshold:.2f}" + ("" if certified else ", not certified")

    return [
        row("Prompt", prompt_of(before), prompt_of(after), prompt_words, is_code=True),
        row(
            "Schema",
            before.schema_sha256[:7],
            after.schema_sha256[:7],
            "The answer has another form.",
            is_code=True,
        ),
        row(
            "Model",
            before.model,
            after.model,
            "Another model: its confidence is on another scale.",
            is_code=True,
        ),
        row("Provider", before.provider, after.provider, "Another provider."),
        row(
            "Policy",
            before.policy.version,
            after.policy.version,
            "Another text of the policy.",
        ),
        row(
            "Threshold",
            threshold_of(before),
            threshold_of(after),
            f"{after.threshold - before.threshold:+.2f}",
        ),
        row(
            "Calibration",
            before.calibration.method,
            after.calibration.method,
            "Another map from stated to calibrated confidence.",
        ),
        row(
            "Languages",
            len(before.languages),
            len(after.languages),
            "Others are supported.",
        ),
    ]


def changes_of(before: PipelineVersion, after: PipelineVersion) -> Changes | None:
    """Return the changed cases of the newest completed runs over one dataset."""
    runs = _newest(before), _newest(after)
    common = set(runs[0]) & set(runs[1])
    if not common or before.pk == after.pk:
        return None
    dataset = max(common, key=lambda pk: runs[1][pk].pk)
    pair = runs[0][dataset], runs[1][dataset]
    one, other = ({result.case_id: result for result in _results(run)} for run in pair)
    counts = {"worse": 0, "better": 0, "both_wrong": 0, "both_right": 0}
    found: list[Changed] = []
    for case, new in other.items():
        old = one.get(case)
        if old is None or _said(old) == _said(new):
            continue
        expected = new.case.expected
        change = _change(is_right(old, expected), is_right(new, expected))
        counts[change] += 1
        if change != "both_right":
            found.append(_changed(old, new, change))
    order = ("worse", "better", "both_wrong")
    found.sort(key=lambda row: (order.index(row.change), row.reference))
    b, c = counts["worse"], counts["better"]
    p = min(1.0, 2 * binomial_cdf(min(b, c), b + c, 0.5)) if b + c else 1.0
    return Changes(pair, len(other), tuple(found), counts, p)


def _newest(version: PipelineVersion) -> dict[int, EvalRun]:
    runs = (
        EvalRun.objects.filter(pipeline=version, state=RunState.COMPLETED)
        .select_related("dataset")
        .order_by("id")
    )
    return {run.dataset_id: run for run in runs}


def _results(run: EvalRun) -> Any:
    return EvalResult.objects.filter(run=run).select_related("case", "case__case")


def is_right(result: EvalResult, expected: Mapping[str, Any]) -> bool:
    """Tell whether a route is what the label asks for.

    A rejected listing has to be kept from going live with its clauses named; one that
    needs a person has to reach one; any other has to be approved.
    """
    if expected.get("needs_human"):
        return result.route == Route.REVIEW
    if expected.get("decision") == "reject":
        wanted = {c for c in expected.get("policy_codes", ()) if c.startswith("P")}
        refused = result.route == "refused"
        return refused or (
            result.route != Route.AUTO_APPROVE and wanted <= set(_codes(result))
        )
    return result.route == Route.AUTO_APPROVE


def _change(was: bool, is_now: bool) -> str:
    if was == is_now:
        return "both_right" if was else "both_wrong"
    return "better" if is_now else "worse"


def _codes(result: EvalResult) -> list[str]:
    return [
        item["code"] if isinstance(item, Mapping) else str(item)
        for item in result.clauses
    ]


def _said(result: EvalResult) -> tuple[object, ...]:
    return result.route, result.verdict, tuple(sorted(_codes(result)))


def _changed(old: EvalResult, new: EvalResult, change: str) -> Changed:
    case = new.case
    expected = case.expected
    decision = str(expected.get("decision", "")).replace("_", " ")
    if expected.get("needs_human"):
        decision = "needs a person"
    codes = [code for code in expected.get("policy_codes", ()) if code[0] == "P"]
    return Changed(
        case.case.reference,
        str((case.listing or {}).get("title", ""))[:120],
        " ".join([decision, *codes]),
        _words(old),
        _words(new),
        change,
    )


def _words(result: EvalResult) -> str:
    said = str(result.verdict or ("refused" if result.route == "refused" else "none"))
    return " ".join([said, *(code for code in _codes(result) if code[0] == "P")])
