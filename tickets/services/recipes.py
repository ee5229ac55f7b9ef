"""What the recipes for Autotask's screens are filled with: names as they stand in this database."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings as django_settings

from integration import hooks
from integration.models import Connection
from mappings.models import PicklistValue, TicketUdf
from mappings.services.udf_definitions import udf_key
from tickets.domain.recipes import Names
from tickets.domain.settings import STATUS_COMPLETE, PickRef, SettingsRow, resolve
from tickets.domain.udf_values import STANDARD_SET
from tickets.models import AlertPriority
from tickets.services.defaults import built_in_rows, load_catalogue, load_settings_row, with_values
from tickets.services.policy import load_policy


def read_names(connection: Connection, *, shows_address: bool) -> Names:
    """Return the names. A constant number of queries.

    Args:
        connection: for the callout's address.
        shows_address: the person may see the address, which holds a secret.
    """
    rows = {one.monitor_type_id: one for one in with_values()}
    above = [load_settings_row(rows[None])] if None in rows else []
    catalogue = load_catalogue()
    queues: dict[int, str] = {}
    done: dict[int, str] = {}
    priorities: dict[int, str] = {}
    for row in rows.values():
        stack: list[SettingsRow] = above if row.monitor_type is None else [load_settings_row(row), *above]
        effective = resolve(
            [*stack, *built_in_rows(row.monitor_type)], AlertPriority.CRITICAL, catalogue=catalogue
        )
        _add(queues, [effective.pick("queue")])
        _add(done, [effective.pick("completed_status"), effective.pick("cleared_status")])
        _add(priorities, [effective.priority.value])
    filled = rows[None].ticket_udfs if None in rows else {}
    labels = _status_labels()
    for value in (STATUS_COMPLETE, *load_policy().done_statuses):
        if value in labels:
            done.setdefault(value, labels[value])
    return Names(
        queues=tuple(queues.values()),
        done=tuple(done.values()),
        priorities=tuple(priorities.values()),
        udfs=_udfs(filled),
        callout_url=hooks.describe_hooks(connection)["callout"]["url"] if shows_address else "",
        reachable=urlsplit(django_settings.PUBLIC_URL).scheme == "https",
    )


def _add(found: dict[int, str], picks: Iterable[PickRef | None]) -> None:
    for one in picks:
        if one is not None:
            found.setdefault(one.value, one.label)


def _status_labels() -> dict[int, str]:
    rows = PicklistValue.objects.filter(entity="Tickets", field="status", is_active=True)
    return dict(rows.values_list("value", "label"))


def _udfs(filled: Iterable[str]) -> dict[str, str]:
    """Return which fields of the standard set are active in Autotask and filled by the defaults."""
    names = set(filled)
    known = {
        udf_key(name): name
        for name in TicketUdf.objects.filter(is_active=True).values_list("name", flat=True)
        if name in names
    }
    return {one.name: known[udf_key(one.name)] for one in STANDARD_SET if udf_key(one.name) in known}
