import tickets.models.rule
from django.db import migrations, models


def protect_types_of_people(apps, schema_editor):
    """Whoever left the list empty never chose that: it was built in so."""
    apps.get_model("tickets", "AlertPolicy").objects.filter(protected_types=[]).update(protected_types=[3, 4])


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0011_what_silences_hid'),
    ]

    operations = [
        migrations.RunPython(protect_types_of_people, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='alertpolicy',
            name='protected_types',
            field=models.JSONField(blank=True, default=tickets.models.rule.types_of_people, help_text='Built in: Problem and Change Request.', verbose_name='ticket types never completed by themselves'),
        ),
    ]
