"""Pipeline versions from a terminal: list, show, create."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.access.actor import Actor
from moderation.llm.providers import OFFLINE
from moderation.management.output import VerbCommand
from moderation.models import PipelineVersion
from moderation.prompts import UnknownPromptError, names
from moderation.versions import baseline, derive_version, ensure_versions


class Command(VerbCommand):
    """List, show or create pipeline versions."""

    help = "List, show or create pipeline versions. A version never changes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("list", "show", "create"):
            sub = verbs.add_parser(verb)
            super().add_arguments(sub)
            if verb != "list":
                sub.add_argument("name")
            if verb == "create":
                sub.add_argument("--from", dest="made_from", help="version to copy")
                sub.add_argument("--model", help="pinned model snapshot")
                sub.add_argument("--prompt", help="released prompt")
                sub.add_argument("--threshold", type=float, help="0 to 1")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the verb."""
        ensure_versions()
        as_json = options["as_json"]
        if options["verb"] == "list":
            rows = [describe(row) for row in PipelineVersion.objects.order_by("id")]
            lines = [
                f"{row['name']}: {row['model']}, threshold {row['threshold']} "
                f"({row['threshold_status']})" + (", serves" * row["serves"])
                for row in rows
            ]
            self.answer({"versions": rows}, "\n".join(lines), as_json=as_json)
            return
        if options["verb"] == "create":
            _create(options)
        row = PipelineVersion.objects.filter(name=options["name"]).first()
        if row is None:
            raise CommandError(f"There is no pipeline version {options['name']}.")
        data = describe(row)
        words = "\n".join(f"{name}: {value}" for name, value in data.items())
        self.answer(data, words, as_json=as_json)


def _create(options: dict[str, Any]) -> None:
    made_from = None
    if options["made_from"]:
        made_from = PipelineVersion.objects.filter(name=options["made_from"]).first()
        if made_from is None:
            raise CommandError(f"There is no version {options['made_from']}.")
    try:
        derive_version(
            name=options["name"],
            by=Actor.command("pipeline"),
            made_from=made_from,
            model=options["model"] or "",
            prompt=options["prompt"] or "",
            threshold=options["threshold"],
        )
    except UnknownPromptError as error:
        raise CommandError(f"{error}; released are {', '.join(names())}.") from error
    except ValueError as error:
        raise CommandError(str(error)) from error


def describe(row: PipelineVersion) -> dict[str, Any]:
    """Return a version as JSON-ready data."""
    return {
        "name": row.name,
        "provider": row.provider,
        "model": row.model,
        "accepted_model_names": row.accepted_model_names,
        "prompt": row.prompt,
        "prompt_sha256": row.prompt_sha256,
        "schema_sha256": row.schema_sha256,
        "policy": row.policy.version,
        "languages": row.languages,
        "threshold": row.threshold,
        "threshold_status": row.threshold_status,
        "field_thresholds": row.field_thresholds,
        "recipe_sha256": row.recipe_sha256,
        "made_from": row.made_from.name if row.made_from else None,
        "prompt_is_read": row.provider != OFFLINE,
        "created_by": row.created_by,
        "created_at": row.created_at.isoformat(),
        "serves": row.pk == baseline().pk,
    }
