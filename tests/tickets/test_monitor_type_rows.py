"""Rows of monitor types: there after each migration, also for types that came after the first installation."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.core.management import call_command

import tickets
from tickets.domain.monitor_types import SEEDS
from tickets.models import Alert, AlertPriority, MonitorType, PriorityDefaults, TicketDefaults

pytestmark = pytest.mark.django_db

NEWER = "event_log"


def test_migrations_import_nothing_that_changes_later():
    """A migration that reads today's table does something else on each version of the product."""
    for path in (Path(tickets.__file__).parent / "migrations").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not str(node.module).startswith("tickets.domain"), path.name


def test_upgraded_installation_gets_the_types_it_misses():
    """As if the type had been added between two others after this installation was made."""
    TicketDefaults.objects.filter(monitor_type__slug=NEWER).delete()
    MonitorType.objects.filter(slug=NEWER).delete()
    TicketDefaults.objects.filter(monitor_type__slug="wmi").update(title_template="kept")
    call_command("migrate", verbosity=0)
    row = TicketDefaults.objects.get(monitor_type__slug=NEWER)
    assert row.pk not in {1, None}
    assert [line.alert_priority for line in row.priorities.all()] == list(AlertPriority.values)
    assert TicketDefaults.objects.get(monitor_type__slug="wmi").title_template == "kept"


def test_new_type_takes_no_other_rows_place():
    """Its position in the list is that of an older type's row."""
    last = SEEDS[-1].slug
    TicketDefaults.objects.filter(monitor_type__slug=NEWER).delete()
    MonitorType.objects.filter(slug=NEWER).delete()
    position = [seed.slug for seed in SEEDS].index(NEWER) + 2
    TicketDefaults.objects.filter(monitor_type__slug=last).delete()
    other = TicketDefaults.objects.create(pk=position, monitor_type=MonitorType.objects.get(slug=last))
    call_command("migrate", verbosity=0)
    assert TicketDefaults.objects.get(pk=other.pk).monitor_type == other.monitor_type
    assert TicketDefaults.objects.filter(monitor_type__slug=NEWER).exists()


def test_what_the_product_says_of_a_type_is_brought_up_to_date():
    MonitorType.objects.filter(slug="ransomware").update(is_security=False, name="Old", position=99)
    call_command("migrate", verbosity=0)
    stored = MonitorType.objects.get(slug="ransomware")
    assert (stored.is_security, stored.name) == (True, "Ransomware")
    assert stored.position < 99


def test_migrating_again_changes_nothing(django_assert_max_num_queries):
    before = (
        list(MonitorType.objects.values_list()),
        TicketDefaults.objects.count(),
        PriorityDefaults.objects.count(),
    )
    call_command("migrate", verbosity=0)
    assert before == (
        list(MonitorType.objects.values_list()),
        TicketDefaults.objects.count(),
        PriorityDefaults.objects.count(),
    )
    assert not Alert.objects.exists()
