"""The policy that ships, so that its pages work before any worker has run."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from moderation.retrieval.policies import SHIPPED, parse, policy_sha256, version_of


def install(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Store the shipped policy with its clauses, unless it is there."""
    text = SHIPPED.read_text(encoding="utf-8")
    policy, created = apps.get_model("moderation", "Policy").objects.get_or_create(
        version=version_of(text),
        defaults={
            "title": text.splitlines()[0].lstrip("# ").strip(),
            "text": text,
            "sha256": policy_sha256(text),
        },
    )
    if created:
        clause = apps.get_model("moderation", "PolicyClause")
        clause.objects.bulk_create(
            clause(
                policy=policy,
                code=parsed.code,
                title=parsed.title,
                chapter=parsed.chapter,
                text=parsed.text,
                position=position,
            )
            for position, parsed in enumerate(parse(text))
        )


class Migration(migrations.Migration):
    """An installation has a policy from its first minute."""

    dependencies = [("moderation", "0002_groups")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
