"""Which settings apply to a recorded alert, remembered, so that a hundred thousand alerts take seconds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tickets.domain.decisions import AlertFacts, Decision, decide
from tickets.domain.holding import Hold, SilenceFacts, find_silence
from tickets.domain.replay.facts import RecordedAlert, ReplaySite, RuleSet
from tickets.domain.rules.conditions import Conditions, Rule, applies, matching_rules
from tickets.domain.settings import EffectiveSettings, SettingsRow, resolve

#: A site that is not known here.
UNKNOWN_SITE = ReplaySite()


@dataclass(slots=True)
class _Bucket:
    """Rules that may apply to alerts of one monitor at one site.

    Attributes:
        varies: some of them ask for more than priority, device class and category, so each alert is compared.
    """

    rules: list[Rule]
    varies: bool
    known: dict[tuple[str, str, int | None], tuple[Rule, ...]] = field(default_factory=dict)


class Chooser:
    """Settings and decisions for recorded alerts by one set of rules."""

    def __init__(self, rules: RuleSet, sites: Mapping[str, ReplaySite]) -> None:
        """Take the rules and today's sites, by uid."""
        self._rules = rules
        self._sites = sites
        self._buckets: dict[tuple[str, int | None, str, int | None], _Bucket] = {}
        self._settings: dict[tuple[tuple[int, ...], str, str, str], EffectiveSettings] = {}
        self._silences: dict[tuple[int | None, str, int | None], list[SilenceFacts]] = {}
        self._standing_silences = [(one, _standing(one.what)) for one in rules.silences]
        self._standing_rules = [(rule, _standing(rule.conditions)) for rule in rules.rules]
        self._decisions: dict[tuple[int, str, str, str, bool, bool], Decision] = {}

    def site(self, alert: RecordedAlert) -> ReplaySite:
        """Return the alert's site."""
        return self._sites.get(alert.site, UNKNOWN_SITE)

    def settings(self, alert: RecordedAlert) -> EffectiveSettings:
        """Return what applies to an alert, as `tickets.services.rules.settings_of` does for a live one."""
        rules = self._matching(alert)
        site = self.site(alert)
        offset_key = f"{site.offset}|{site.offset_origin}" if site.offset else ""
        key = (tuple(id(rule) for rule in rules), alert.monitor_type, alert.priority, offset_key)
        found = self._settings.get(key)
        if found is None:
            rows: list[SettingsRow] = [rule.settings for rule in rules]
            rows += self._rules.defaults.get(alert.monitor_type) or self._rules.defaults.get("", ())
            found = resolve(
                rows,
                alert.priority,
                catalogue=self._rules.catalogue,
                offset=site.offset,
                offset_origin=site.offset_origin,
            )
            self._settings[key] = found
        return found

    def decision(self, alert: RecordedAlert, settings: EffectiveSettings) -> Decision:
        """Return whether the alert is to have a ticket at all."""
        # Of the alert's own words only these tell; a native ticket's number is in the reason.
        key = (
            id(settings),
            alert.site,
            alert.monitor_type,
            alert.native_ticket,
            bool(alert.device),
            alert.device_known,
        )
        found = self._decisions.get(key)
        if found is None:
            found = decide(
                AlertFacts(
                    uid=alert.uid,
                    priority=alert.priority,
                    is_resolved=False,
                    monitor_type=alert.type_name,
                    site_uid=alert.site,
                    site_name="",
                    device_uid=alert.device,
                    device_name=alert.device_name,
                    device_is_known=alert.device_known,
                    native_ticket_number=alert.native_ticket,
                ),
                self.site(alert).facts,
                create_ticket=settings.create_ticket.value,
                create_ticket_origin=settings.create_ticket.origin,
                priority_note=settings.priority_note,
                catch_all=self._rules.catch_all,
            )
            self._decisions[key] = found
        return found

    def silence(self, alert: RecordedAlert, now: datetime) -> Hold | None:
        """Return what a silence in force does to an alert, as `find_silence` tells; hundreds of past ones cost little."""
        place = (alert.monitor, alert.site, alert.organization)
        possible = self._silences.get(place)
        if possible is None:
            facts = alert.rule_facts
            possible = self._silences[place] = [
                one for one, standing in self._standing_silences if applies(standing, facts)
            ]
        in_force = [one for one in possible if one.is_active(now)]
        return find_silence(in_force, alert.rule_facts, now) if in_force else None

    def _matching(self, alert: RecordedAlert) -> tuple[Rule, ...]:
        place = (alert.monitor_type, alert.monitor, alert.site, alert.organization)
        bucket = self._buckets.get(place)
        if bucket is None:
            bucket = self._buckets[place] = self._make_bucket(alert)
        if not bucket.rules:
            return ()
        if bucket.varies:
            return tuple(matching_rules(bucket.rules, alert.rule_facts))
        key = (alert.priority, alert.device_class, alert.item_category)
        found = bucket.known.get(key)
        if found is None:
            found = bucket.known[key] = tuple(matching_rules(bucket.rules, alert.rule_facts))
        return found

    def _make_bucket(self, alert: RecordedAlert) -> _Bucket:
        facts = alert.rule_facts
        possible = [
            rule
            for rule, standing in (
                *self._standing_rules,
                *((rule, _standing(rule.conditions)) for rule in self.site(alert).rules),
            )
            if applies(standing, facts)
        ]
        varies = any(
            rule.conditions.pattern or rule.conditions.hours or rule.conditions.device for rule in possible
        )
        return _Bucket(possible, varies)


def _standing(asked: Conditions) -> Conditions:
    """Return of what a rule asks that which is the same for all alerts of one monitor at one site."""
    return replace(
        asked,
        device_class="",
        priorities=frozenset(),
        pattern="",
        item_category=None,
        device="",
        hours=None,
    )
