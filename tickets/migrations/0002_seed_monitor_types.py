"""Monitor types, and one row of ticket defaults for all of them and for each, with a line per priority."""

from django.db import migrations

from tickets.domain.monitor_types import MONITOR_TYPES

PRIORITIES = ["Critical", "High", "Moderate", "Low", "Information", "Unknown"]


def seed(apps, schema_editor):
    """Create what is missing; safe to repeat."""
    MonitorType = apps.get_model("tickets", "MonitorType")
    TicketDefaults = apps.get_model("tickets", "TicketDefaults")
    PriorityDefaults = apps.get_model("tickets", "PriorityDefaults")
    using = schema_editor.connection.alias
    rows = [TicketDefaults.objects.using(using).get_or_create(pk=1, defaults={"monitor_type": None})[0]]
    for position, seed_ in enumerate(MONITOR_TYPES, start=1):
        monitor_type, _ = MonitorType.objects.using(using).update_or_create(
            slug=seed_.slug,
            defaults={
                "name": seed_.name,
                "context_classes": list(seed_.context_classes),
                "is_security": seed_.is_security,
                "is_legacy": seed_.is_legacy,
                "position": position,
            },
        )
        # The id is given, because PostgreSQL's sequence does not know of row 1.
        row = TicketDefaults.objects.using(using).filter(monitor_type=monitor_type).first()
        if row is None:
            row = TicketDefaults.objects.using(using).create(pk=position + 1, monitor_type=monitor_type)
        rows.append(row)
    PriorityDefaults.objects.using(using).bulk_create(
        [
            PriorityDefaults(defaults_id=row.pk, alert_priority=priority)
            for row in rows
            for priority in PRIORITIES
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [("tickets", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
