"""Registers the app, its kinds of synchronisation and what it listens to."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TicketsConfig(AppConfig):
    """Alerts and their tickets."""

    name = "tickets"
    verbose_name = "Alerts & tickets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the polls, and go on with waiting alerts when a site is mapped."""
        from integration.sync.kinds import SyncKind, register  # noqa: PLC0415 - apps must be loaded first
        from mappings.signals import site_mappings_changed  # noqa: PLC0415

        register(
            SyncKind(
                name="alerts",
                title="Alerts",
                queue="alerts",
                position=4,
                execute=_poll_alerts,
                finish=_work_off,
                description="Reads every open alert of Datto RMM, stores new ones and notices those that cleared.",
            )
        )
        register(
            SyncKind(
                name="tickets",
                title="Tickets",
                queue="alerts",
                position=5,
                execute=_poll_tickets,
                finish=_work_off,
                description="Reads the state of our open tickets in Autotask and resolves the alerts of completed ones.",
            )
        )
        register(
            SyncKind(
                name="history",
                title="Resolved alerts",
                position=9,
                execute=_import_history,
                judge=_nothing_to_judge,
                is_on_demand=True,
                description="Reads what Datto RMM resolved in the last 180 days, for replays. Makes no tickets.",
            )
        )
        from integration import registries, retention  # noqa: PLC0415
        from mappings.columns import register_open_alerts, register_open_alerts_of_devices  # noqa: PLC0415
        from tickets import registrations  # noqa: PLC0415
        from tickets.selectors.pages import (  # noqa: PLC0415
            count_open_alerts_by_device,
            count_open_alerts_by_site,
        )

        registries.register_backlog("alerts and tickets", registrations.read_backlog)
        registries.register_inbound(registrations.read_inbound)
        registries.register_metrics(registrations.collect_metrics)
        retention.register_purger("messages and old alerts", registrations.purge)
        register_open_alerts(count_open_alerts_by_site)
        register_open_alerts_of_devices(count_open_alerts_by_device)
        _offer_ticket_moves()
        from tickets.services.udf_set import register_ticket_udf_set  # noqa: PLC0415

        register_ticket_udf_set()
        post_migrate.connect(_ensure_rows, sender=self, dispatch_uid="tickets.ensure_rows")
        site_mappings_changed.connect(
            _go_on_with_waiting_alerts, dispatch_uid="tickets.site_mappings_changed"
        )


def _ensure_rows(using: str, apps: Any = None, **_: Any) -> None:
    """Make the rows a version brings, once its schema is in place.

    Args:
        using: database that was migrated.
        apps: models as they stand after a partial migration; None after a flush.
    """
    from django.apps import apps as current  # noqa: PLC0415
    from django.db import DEFAULT_DB_ALIAS  # noqa: PLC0415

    from tickets.services.defaults import ensure_rows  # noqa: PLC0415 - needs loaded models

    if using == DEFAULT_DB_ALIAS and all(
        _columns(apps or current, name) == _columns(current, name)
        for name in ("MonitorType", "TicketDefaults", "PriorityDefaults")
    ):
        ensure_rows()


def _columns(apps: Any, name: str) -> set[str]:
    try:
        model = apps.get_model("tickets", name)
    except LookupError:
        return set()
    return {field.column for field in model._meta.local_concrete_fields}  # noqa: SLF001 - Django's documented API


def _offer_ticket_moves() -> None:
    from mappings.services.moves import TicketMoves, register_ticket_moves  # noqa: PLC0415 - needs loaded models
    from tickets.services.move import count_strays  # noqa: PLC0415

    register_ticket_moves(TicketMoves(count=count_strays, move=_move_tickets))


def _move_tickets(site_uids: list[str], user: Any, key: str) -> dict[str, int]:
    from django.db import transaction  # noqa: PLC0415 - as above

    from tickets.services.move import wish_moves  # noqa: PLC0415
    from tickets.tasks import enqueue_actions  # noqa: PLC0415

    asked, due = wish_moves(site_uids, user, key)
    if due:
        transaction.on_commit(lambda: enqueue_actions(due))
    return asked


def _poll_alerts(recorder: Any) -> None:
    from tickets.services.polling import sync_alerts  # noqa: PLC0415 - needs loaded models
    from tickets.tasks import enqueue_actions  # noqa: PLC0415

    sync_alerts(recorder, enqueue_actions)


def _poll_tickets(recorder: Any) -> None:
    from tickets.services.polling import sync_tickets  # noqa: PLC0415 - needs loaded models
    from tickets.tasks import enqueue_actions  # noqa: PLC0415

    sync_tickets(recorder, enqueue_actions)


def _import_history(recorder: Any) -> None:
    from tickets.services.history import import_resolved  # noqa: PLC0415 - needs loaded models

    import_resolved(recorder)


def _nothing_to_judge(recorder: Any) -> str:
    """It plans no changes; a kind with a judge goes on where it stopped, which is what a long reading needs."""
    del recorder
    return ""


def _work_off() -> None:
    from tickets.tasks import work_off_due_rows  # noqa: PLC0415 - needs loaded models

    work_off_due_rows()


def _go_on_with_waiting_alerts(sender: Any, site_uids: list[str], **_: Any) -> None:
    """Send a message; if it is lost, the sweep finds the alerts within seconds."""
    del sender
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    from tickets.tasks import reconsider_alerts  # noqa: PLC0415 - needs loaded models

    try:
        reconsider_alerts.apply_async(args=(list(site_uids),), retry=False)
    except OperationalError:
        return
