"""What goes into a replay: alerts as they were recorded, their sites, and a set of rules. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tickets.domain.decisions import CatchAll, SiteFacts
from tickets.domain.grouping import StormPolicy
from tickets.domain.holding import SilenceFacts
from tickets.domain.rules.conditions import Rule, RuleFacts
from tickets.domain.settings import Catalogue, SettingsRow


@dataclass(frozen=True, slots=True)
class RecordedAlert:
    """An alert of the past.

    Attributes:
        monitor_type: slug; `type_name` as people read it.
        monitor: primary key in the monitor catalogue; None for one the catalogue does not know.
        monitor_key: tells monitors apart also where the catalogue does not know them.
        label: the monitor in words.
        condition: key of the trouble; the same each time it fires.
        organization: Autotask company id of the site's organization.
        network, host: external IP address and virtual host, for related alerts; empty when not known.
        text: diagnostics, summary and subject, as rules search them.
        raised_at, resolved_at: aware; None when it is still open.
        person_completed_at: when a person completed the ticket it really had.
        device_known: the device is known here, so a ticket carries its details.
    """

    uid: str
    priority: str
    monitor_type: str
    type_name: str
    monitor_key: str
    label: str
    condition: str
    site: str
    device: str
    raised_at: datetime
    monitor: int | None = None
    organization: int | None = None
    device_name: str = ""
    device_class: str = ""
    item_category: int | None = None
    network: str = ""
    host: str = ""
    summary: str = ""
    text: str = ""
    resolved_at: datetime | None = None
    resolved_by: str = ""
    native_ticket: str = ""
    person_completed_at: datetime | None = None
    is_security: bool = False
    device_known: bool = True

    @property
    def rule_facts(self) -> RuleFacts:
        """Return what rules ask about it."""
        return RuleFacts(
            priority=self.priority,
            at=self.raised_at,
            monitor_type=self.monitor_type,
            monitor=self.monitor,
            organization=self.organization,
            site=self.site,
            device=self.device,
            device_class=self.device_class,
            item_category=self.item_category,
            text=self.text,
        )


@dataclass(frozen=True, slots=True)
class ReplaySite:
    """A site as it is today.

    Attributes:
        facts: None when the site has no mapping.
        rules: what the site itself sets, such as its queue.
        offset, offset_origin: steps by which it counts alerts as more urgent.
        devices: how many it has.
    """

    facts: SiteFacts | None = None
    rules: tuple[Rule, ...] = ()
    offset: int = 0
    offset_origin: str = ""
    devices: int = 0


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that decides, besides the alerts.

    Attributes:
        name: as read on screen: "Today's rules".
        defaults: slug of a monitor type -> its rows, the most specific first; "" for alerts of other types.
        flap_delay_minutes: a flapping condition must be quiet for so long before its ticket is completed.
        most_items: additional configuration items a ticket gets at most.
    """

    name: str
    rules: Sequence[Rule]
    defaults: Mapping[str, Sequence[SettingsRow]]
    policy: StormPolicy = field(default_factory=StormPolicy)
    catalogue: Catalogue | None = None
    silences: Sequence[SilenceFacts] = ()
    catch_all: CatchAll | None = None
    flap_delay_minutes: int = 15
    most_items: int = 5
