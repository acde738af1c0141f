"""The groups that roles rest on."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUPS = ("merchant", "moderator", "senior", "admin", "auditor")


def make_groups(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Make each group where it is missing."""
    group = apps.get_model("auth", "Group")
    for name in GROUPS:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    """Groups exist on every installation, seeded or not."""

    dependencies = [
        ("moderation", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
