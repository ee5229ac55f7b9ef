from django.db import migrations, models


def remember_what_is_hidden(apps, schema_editor):
    """Of what was hidden before, only the last silence is known."""
    alert = apps.get_model("tickets", "Alert")
    hidden = alert.hidden_by.through
    rows = alert.objects.filter(silence__isnull=False).values_list("pk", "silence_id")
    hidden.objects.bulk_create(
        (hidden(alert_id=pk, silence_id=silence) for pk, silence in rows.iterator()),
        batch_size=500,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0010_counter_in_a_udf'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='hidden_by',
            field=models.ManyToManyField(blank=True, help_text='Every silence and window that hid or held it.', related_name='hidden', to='tickets.silence'),
        ),
        migrations.RunPython(remember_what_is_hidden, migrations.RunPython.noop),
        migrations.AddField(
            model_name='alert',
            name='native_is_pending',
            field=models.BooleanField(default=False, help_text="Datto's own integration is making a ticket and has not said its number."),
        ),
    ]
