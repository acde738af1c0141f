"""The rollout from a terminal: the same verbs as on its page."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.access.actor import Actor
from moderation.management.output import VerbCommand
from moderation.models import PipelineVersion, Rollout
from moderation.prompts import UnknownPromptError
from moderation.rollout.assignment import under_way
from moderation.rollout.brake import hold, stop
from moderation.rollout.describe import describe
from moderation.rollout.refusals import RolloutError
from moderation.rollout.stages import advance, close, complete, resume, start
from moderation.states import RolloutState
from moderation.versions import ensure_versions

BY = Actor.command("rollout")


class Command(VerbCommand):
    """Show, start, advance, hold, stop or complete a rollout."""

    help = "Show or move the rollout. One command is one step, kept in the audit log."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("status", *VERBS):
            sub = verbs.add_parser(verb)
            super().add_arguments(sub)
            if verb != "status":
                sub.add_argument("--note", default="", help="why, for the audit log")
            if verb == "start":
                sub.add_argument("--candidate", required=True, help="version")
                sub.add_argument("--baseline", help="what it replaces; must serve")
                sub.add_argument(
                    *("--pilot", "--pilots"),
                    nargs="+",
                    action="extend",
                    default=[],
                    help="slugs of merchants who go first",
                )
            if verb in ("advance", "resume"):
                sub.add_argument(
                    "--override",
                    action="store_true",
                    help="go on without a passing gate or the minimum sample",
                )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb, then say where the rollout stands."""
        serves = ensure_versions()
        as_json = options["as_json"]
        if options["verb"] == "status":
            rows = [describe(row) for row in _all()]
            words = [f"{serves.name} serves.", *(sentence(row) for row in rows[:5])]
            data = {"serves": serves.name, "rollouts": rows}
            self.answer(data, "\n".join(words), as_json=as_json)
            return
        try:
            rollout = VERBS[options["verb"]](options)
        except (RolloutError, UnknownPromptError) as error:
            raise CommandError(str(error)) from error
        data = describe(_all().get(pk=rollout.pk))
        self.answer(data, sentence(data), as_json=as_json)


def _all() -> Any:
    return Rollout.objects.select_related("candidate", "baseline").order_by("-id")


def sentence(data: dict[str, Any]) -> str:
    """Return where a rollout stands, as a person reads it."""
    words = (
        f"{data['candidate']} ({data['threshold_status']}) against "
        f"{data['baseline']}: {data['state']}, {data['percent']}%"
    )
    if data["is_held"]:
        words += ", held"
    if data["awaits_second_admin"]:
        words += ", waiting for a second admin to confirm"
    missing = (data["evidence"] or {}).get("missing", [])
    return " ".join([f"{words}.", *missing])


def _current() -> Rollout:
    rollout = under_way()
    if rollout is None:
        raise CommandError("No rollout is under way. Start one with --candidate.")
    return rollout


def _stopped() -> Rollout:
    found: Rollout | None = _all().filter(state=RolloutState.HALTED).first()
    if found is None:
        raise CommandError("No rollout is stopped.")
    return found


def _version(name: str) -> PipelineVersion:
    row = PipelineVersion.objects.filter(name=name).first()
    if row is None:
        raise CommandError(f"There is no pipeline version {name}.")
    return row


def _start(options: dict[str, Any]) -> Rollout:
    baseline = options["baseline"]
    return start(
        candidate=_version(options["candidate"]),
        baseline=_version(baseline) if baseline else None,
        by=BY,
        note=options["note"],
        pilots=options["pilot"],
    )


def _advance(options: dict[str, Any]) -> Rollout:
    row, note, override = _current(), options["note"], options["override"]
    return advance(
        rollout=row, revision=row.revision, by=BY, note=note, override=override
    ).rollout


def _hold(options: dict[str, Any]) -> Rollout:
    return hold(rollout=_current(), by=BY, note=options["note"]).rollout


def _unhold(options: dict[str, Any]) -> Rollout:
    return hold(rollout=_current(), by=BY, on=False, note=options["note"]).rollout


def _stop(options: dict[str, Any]) -> Rollout:
    # The one under way; with none, the one whose candidate serves now.
    complete_one = _all().filter(state=RolloutState.COMPLETE).first()
    row = under_way() or complete_one
    if row is None:
        raise CommandError("There is no rollout to stop.")
    return stop(rollout=row, by=BY, note=options["note"]).rollout


def _resume(options: dict[str, Any]) -> Rollout:
    row, note, override = _stopped(), options["note"], options["override"]
    return resume(
        rollout=row, revision=row.revision, by=BY, note=note, override=override
    ).rollout


def _complete(options: dict[str, Any]) -> Rollout:
    row = _current()
    note = options["note"]
    return complete(rollout=row, revision=row.revision, by=BY, note=note).rollout


def _close(options: dict[str, Any]) -> Rollout:
    row = _stopped()
    return close(
        rollout=row, revision=row.revision, by=BY, note=options["note"]
    ).rollout


VERBS: dict[str, Callable[[dict[str, Any]], Rollout]] = {
    "start": _start,
    "advance": _advance,
    "hold": _hold,
    "unhold": _unhold,
    "stop": _stop,
    "resume": _resume,
    "complete": _complete,
    "close": _close,
}
