"""Drafts: what they change, what a file of rules may say, and how a draft becomes the rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.utils import timezone

from mappings.models import Company, Site
from tests.tickets.admin.rows import make_picklists, pick
from tickets.domain.yaml_lines import BadFile
from tickets.models import (
    AlertPolicy,
    Monitor,
    MonitorType,
    PriorityDefaults,
    ReplayRun,
    TicketDefaults,
    TicketRule,
)
from tickets.services.draft_promotion import PromotionRefused, promote
from tickets.services.drafts import (
    Draft,
    DraftOutdated,
    RuleChange,
    apply_draft,
    describe_draft,
    draft_of_defaults,
    draft_of_policy,
    draft_of_rule,
    fingerprint_rules,
)
from tickets.services.replay_source import load_stored_rules
from tickets.services.rules_file import read_rules_file

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def rule() -> TicketRule:
    """A rule about a monitor, pick lists, an organization and a site."""
    make_picklists()
    Company.objects.create(autotask_company_id=77, name="Contoso", synced_at=NOW)
    Site.objects.create(datto_site_uid="site-1", name="Berlin", synced_at=NOW)
    kind = MonitorType.objects.get(slug="disk_usage")
    monitor = Monitor.objects.create(
        label="Disk Usage, C:", monitor_type=kind, first_seen_at=NOW, last_seen_at=NOW
    )
    return TicketRule.objects.create(
        name="Disks", monitor=monitor, hold_off_minutes=5, queue=pick("queueID", "Level I Support")
    )


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada")


def _run(draft: Draft) -> ReplayRun:
    draft.base = draft.base or fingerprint_rules(load_stored_rules())
    return ReplayRun.objects.create(title="A try", status="done", draft=draft.to_json())


def test_a_draft_is_what_differs_from_the_stored_row(rule: TicketRule) -> None:
    stored = TicketRule.objects.get()
    rule.hold_off_minutes, rule.queue = 15, None
    draft = draft_of_rule(rule, stored)
    assert draft.rules == [RuleChange(rule.pk, "Disks", {"hold_off_minutes": 15, "queue": None})]
    assert Draft.from_json(draft.to_json()) == draft
    assert not draft_of_rule(stored, stored)
    assert draft_of_rule(TicketRule(name="New", pattern="x"), None).rules == [
        RuleChange(None, "New", {"name": "New", "pattern": "x"})
    ]


def test_a_draft_changes_copies_only(rule: TicketRule) -> None:
    stored = load_stored_rules()
    row = next(one.row for one in stored.defaults if one.row.pk == 1)
    lines = list(PriorityDefaults.objects.filter(defaults=row))
    candidate = TicketDefaults.objects.get(pk=1)
    candidate.hold_off_minutes = 9
    lines[0].create_ticket = True
    draft = draft_of_defaults(candidate, lines, row)
    draft.rules = [
        RuleChange(rule.pk, "Disks", {"is_active": False}),
        RuleChange(None, "New", {"pattern": "backup"}),
    ]
    draft.policy = draft_of_policy(AlertPolicy(storm_site_devices=7), AlertPolicy()).policy
    changed = apply_draft(draft, stored)
    assert [(one.name, one.is_active) for one in changed.rules] == [("Disks", False), ("New", True)]
    assert changed.policy.storm_site_devices == 7
    described = [(one.subject, one.field, one.before, one.after) for one in describe_draft(draft, stored)]
    assert described == [
        ("Rule “Disks”", "is active", "yes", "no"),
        ("Rule “New” (new)", "pattern", "", "backup"),
        ("Ticket defaults, All monitor types", "hold off (minutes)", "", "9"),
        ("Ticket defaults, All monitor types, priority Critical", "create a ticket", "", "yes"),
        ("Alert policy", "devices of a site", "3", "7"),
    ]
    assert fingerprint_rules(stored) == fingerprint_rules(load_stored_rules())
    assert fingerprint_rules(changed) != fingerprint_rules(stored)


def test_a_draft_of_a_deleted_row_is_outdated(rule: TicketRule) -> None:
    draft = Draft([RuleChange(rule.pk, "Disks", {"hold_off_minutes": 1})])
    rule.delete()
    with pytest.raises(DraftOutdated, match=r"Rule .Disks. has been deleted since"):
        apply_draft(draft, load_stored_rules())
    gone = Draft([RuleChange(None, "New", {"queue": 999_999})])
    with pytest.raises(DraftOutdated, match="The queue it names is not known any more"):
        apply_draft(gone, load_stored_rules())


_FILE = """
only_these_rules: no
rules:
  - name: Disks
    hold_off_minutes: 20
    queue:
  - name: Backups at night
    organization: contoso
    site: Berlin
    monitor_type: Disk Usage
    monitor: "Disk Usage, C:"
    alert_priorities: [High, low]
    weekdays: [Mon, tuesday]
    from: 22:00
    to: "6:30"
    outside_hours: yes
    queue: level ii support
    issue_type: Hardware
    sub_issue_type: Disk
    related_group: site
    create_ticket: no
    ticket_priority: Low
    runbook_url: https://example.com/backup
defaults:
  all:
    hold_off_minutes: 5
    priorities:
      High: {create_ticket: yes, ticket_priority: Critical}
  Disk Usage:
    complete_on_clear: no
policy:
  storm_site_devices: 4
  own_organization: Contoso
  done_statuses: [In Progress]
"""


def test_a_file_says_everything_in_names_and_words(rule: TicketRule) -> None:
    draft = read_rules_file(_FILE)
    changed = apply_draft(draft, load_stored_rules())
    disks, night = changed.rules
    assert (disks.hold_off_minutes, disks.queue) == (20, None)
    assert (night.company, night.site, night.monitor) == (
        Company.objects.get(),
        Site.objects.get(),
        rule.monitor,
    )
    assert (night.alert_priorities, night.weekdays, night.is_outside_hours) == (["High", "Low"], [0, 1], True)
    assert (f"{night.start_time:%H:%M}", f"{night.end_time:%H:%M}") == ("22:00", "06:30")
    assert night.queue == pick("queueID", "Level II Support")
    assert (night.related_group, night.create_ticket) == ("site", False)
    assert changed.policy.done_statuses == [8]
    assert changed.policy.own_company == Company.objects.get()
    of_all = next(one for one in changed.defaults if one.row.pk == 1)
    assert {line.alert_priority: line.create_ticket for line in of_all.lines}["High"] is True


def test_only_these_rules_switches_the_others_off(rule: TicketRule) -> None:
    changed = apply_draft(read_rules_file("only_these_rules: yes\nrules: []"), load_stored_rules())
    assert [one.is_active for one in changed.rules] == [False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "line 1: Not valid YAML"),
        ("just text", "line 1: Begin with one of these keys"),
        ("rule: []", "line 1, rule: Not known here. Perhaps rules is meant."),
        ("rules:\n  - hold_off_minutes: 3", "line 2, name: Each rule needs a name."),
        ("rules:\n  - name: A\n    hold_off_minute: 3", "line 3, hold_off_minute: Not known here. Perhaps hold_off_minutes is meant."),
        ("rules:\n  - name: A\n    hold_off_minutes: soon", "line 3, hold_off_minutes: Write a whole number, 0 or more."),
        ("rules:\n  - name: A\n    hold_off_minutes: -1", "line 3, hold_off_minutes: Write a whole number, 0 or more."),
        ("rules:\n  - name: A\n    create_ticket: never", "line 3, create_ticket: Write yes or no."),
        ("rules:\n  - name: A\n    queue: Nowhere", "line 3, queue: No queue is called 'Nowhere'."),
        ("rules:\n  - name: A\n    from: 25:00", "line 3, from: Write a time such as 22:00."),
        ("rules:\n  - name: A\n    weekdays: [Someday]", "line 3, weekdays: 'Someday' is no day."),
        ("rules:\n  - name: A\n    alert_priorities: High", "line 3, alert_priorities: Write a list"),
        ("rules:\n  - name: A\n    related_group: planet", "line 3, related_group: 'planet' is none of its choices."),
        ("rules:\n  - name: A\n\n    pattern: '(a+)+$('", "line 4, pattern:"),
        ("rules:\n  - name: A\n    time_zone: Mars/Base", "line 3, time_zone: 'Mars/Base' is no time zone."),
        ("rules:\n  - name: A\n  - name: A", "line 2, name: Two rules are called 'A'."),
        ("rules:\n  - name: A\n    related_window_minutes: 90", "line 3, related_window_minutes: Must be at most 60 minutes."),
        ("rules:\n  - name: A\n    title_template: '{{ device.'", "line 3, title_template:"),
        ("rules:\n  - name: A\n    sub_issue_type: Disk", "line 3, sub_issue_type: A sub-issue type needs an issue type."),
        ("defaults:\n  Disk Usag: {}", "line 2, Disk Usag: Not known here. Perhaps Disk Usage is meant."),
        ("defaults:\n  all:\n    priorities:\n      Urgent: {}", "line 4, Urgent: Not known here."),
        ("defaults:\n  all: {priorities: {High: {due_minutes: x}}}", "line 2, due_minutes: Write a whole number, 0 or more."),
        ("policy:\n  storm_site_devices: many", "line 2, storm_site_devices: Write a whole number, 0 or more."),
        ("policy:\n  storm_site_devices: 99999999999", "line 2, storm_site_devices:"),
        ("policy:\n  done_statuses: [Gone]", "line 2, done_statuses: No status is called 'Gone'."),
    ],
)  # fmt: skip
def test_errors_of_a_file_name_line_field_and_cure(rule: TicketRule, text: str, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_rules_file(text)
    assert said in str(caught.value)


def test_all_errors_of_a_file_are_told_at_once(rule: TicketRule) -> None:
    with pytest.raises(BadFile) as caught:
        read_rules_file("rules:\n  - name: A\n    queue: X\n    typo: 1\npolicy: 3")
    assert [(one.line, one.field) for one in caught.value.problems] == [
        (3, "queue"),
        (4, "typo"),
        (5, "policy"),
    ]


def test_two_of_one_name_are_told_apart_by_number(rule: TicketRule) -> None:
    Company.objects.create(autotask_company_id=78, name="Contoso", synced_at=NOW)
    with pytest.raises(
        BadFile, match=r"Several are called 'Contoso'. Write one of: '#77' \(Contoso\), '#78'"
    ):
        read_rules_file("rules:\n  - name: A\n    organization: Contoso")
    draft = read_rules_file("rules:\n  - name: A\n    organization: '#78'")
    assert draft.rules[0].values == {"company": Company.objects.get(autotask_company_id=78).pk}


def test_promotion_writes_everything_once_and_tells_the_history(rule: TicketRule, user: User) -> None:
    run = _run(read_rules_file(_FILE))
    words = promote(run, user)
    assert "Rule “Disks”, hold off (minutes): 5 -> 20" in words
    rule.refresh_from_db()
    assert (rule.hold_off_minutes, rule.queue) == (20, None)
    assert TicketRule.objects.get(name="Backups at night").created_by == user
    assert TicketDefaults.objects.get(pk=1).hold_off_minutes == 5
    assert AlertPolicy.objects.get().storm_site_devices == 4
    logged = {entry.object_repr: entry.change_message for entry in LogEntry.objects.all()}
    assert set(logged) == {"Disks", "Backups at night", "All monitor types", "Disk Usage", "Alert policy"}
    assert "Promoted from replay" in logged["Disks"]
    with pytest.raises(PromotionRefused, match="only once"):
        promote(run, user)


def _change_a_rule(rule: TicketRule) -> None:
    TicketRule.objects.create(name="Another")


def _change_the_defaults(rule: TicketRule) -> None:
    PriorityDefaults.objects.filter(defaults=1, alert_priority="Low").update(create_ticket=False)


def _change_the_policy(rule: TicketRule) -> None:
    AlertPolicy.objects.create(pk=1, flap_changes=9)


@pytest.mark.parametrize("change", [_change_a_rule, _change_the_defaults, _change_the_policy])
def test_promotion_is_refused_when_the_rules_have_changed_since(
    rule: TicketRule, user: User, change: Callable[[TicketRule], None]
) -> None:
    run = _run(Draft([RuleChange(rule.pk, "Disks", {"hold_off_minutes": 15})]))
    change(rule)
    with pytest.raises(PromotionRefused, match="have changed since"):
        promote(run, user)
    rule.refresh_from_db()
    run.refresh_from_db()
    assert (rule.hold_off_minutes, run.promoted_at) == (5, None)


def test_promotion_writes_nothing_when_a_check_objects(rule: TicketRule, user: User) -> None:
    run = _run(
        Draft(
            [
                RuleChange(rule.pk, "Disks", {"hold_off_minutes": 15}),
                RuleChange(None, "New", {"related_window_minutes": 90}),
            ]
        )
    )
    with pytest.raises(PromotionRefused, match=r"New.*related_window_minutes.*at most 60"):
        promote(run, user)
    rule.refresh_from_db()
    assert rule.hold_off_minutes == 5
    with pytest.raises(PromotionRefused, match="no draft to promote"):
        promote(_run(Draft()), user)
