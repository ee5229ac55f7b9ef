"""Makes the roles, once; what they may do is granted after each migration (integration/roles.py)."""

from django.db import migrations

NAMES = ("Administrator", "Dispatcher", "Technician", "Viewer")


def make_roles(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in NAMES:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("integration", "0004_entry_of_an_object"),
    ]

    # Backwards nothing: people may have been given these roles.
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
