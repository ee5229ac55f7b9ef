"""What is around an alert, read from the database for `tickets.domain.grouping.place`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from mappings.models import Company, Device
from tickets.domain.grouping import Around, StormPolicy, TicketKind, TicketRef
from tickets.domain.guests import guest_keys, machine_key
from tickets.domain.keys import correlation_key
from tickets.domain.settings import EffectiveSettings
from tickets.domain.settings.catalogue import RelatedGroup
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import Place

#: A ticket that is, or surely will be, open in Autotask.
_OPEN = (Ticket.State.OPEN, Ticket.State.REOPENING)
#: What one new ticket costs: create, read back, and about one note.
_CALLS_PER_TICKET = 3
#: An alert so old when it is first seen was there before us.
_BACKLOG = timedelta(minutes=10)
#: Alerts of one storm do not come in the order in which they were raised.
_SLACK = timedelta(minutes=1)


def gather(
    alert: Alert,
    place: Place,
    company: Company,
    settings: EffectiveSettings,
    policy: StormPolicy,
    now: datetime,
) -> Around:
    """Return what is around an alert. A constant number of queries.

    Args:
        alert, place: what it is and where it belongs.
        company: whose ticket it would get; tickets of other organizations are not around it.
        settings, policy: what applies to it.
        now: aware.
    """
    at = alert.raised_at or alert.first_seen_at
    same = find_open_ticket(alert, company)
    if same is not None:
        return Around(open_ticket=_ref(same))
    open_tickets = _open_tickets(alert)
    last = _last_of_condition(alert, company, at, policy)
    # An alert may be decided long after it was raised; what came later than that is no part of its storm.
    until = at + max(_SLACK, timedelta(seconds=policy.watch_seconds))
    site_times = (at - timedelta(minutes=policy.site_minutes), until)
    fleet_times = (at - timedelta(minutes=policy.fleet_minutes), until)
    of_monitor = (
        Alert.objects.filter(monitor=alert.monitor_id, is_resolved=False, is_ungrouped=False)
        if alert.monitor_id
        else None
    )
    firing = of_monitor.filter(raised_at__range=site_times) if of_monitor is not None else None
    at_site = firing.filter(datto_site_uid=alert.datto_site_uid) if firing is not None else None
    hour = Ticket.objects.filter(created_at__gt=now - timedelta(hours=1)).exclude(
        state=Ticket.State.ABANDONED
    )
    return Around(
        last_ticket=_ref(last),
        related=_ref(_related(open_tickets, alert, place, settings, at)),
        site_ticket=_ref(_storm_ticket(open_tickets, alert, TicketKind.SITE)),
        site_first=_ref(
            open_tickets.filter(
                kind=TicketKind.SINGLE,
                monitor=alert.monitor_id,
                datto_site_uid=alert.datto_site_uid,
                alerts__in=at_site,
            )
            .order_by("id")
            .first()
            if at_site is not None
            else None
        ),
        site_firing=len(set(at_site.values_list("datto_device_uid", flat=True)) | {alert.datto_device_uid})
        if at_site is not None
        else 1,
        site_total=Device.objects.filter(site__datto_site_uid=alert.datto_site_uid, is_deleted=False).count(),
        fleet_ticket=_ref(_storm_ticket(open_tickets, alert, TicketKind.FLEET)),
        fleet_firing=len(
            set(
                of_monitor.filter(raised_at__range=fleet_times)
                .values_list("datto_site_uid", flat=True)
                .distinct()
            )
            | {alert.datto_site_uid}
        )
        if of_monitor is not None
        else 1,
        created_last_minute=_count_last_minute(alert, at, now),
        budget_percent=100 * _CALLS_PER_TICKET * hour.count() // policy.calls_per_hour,
        breaker_ticket=_ref(
            open_tickets.filter(kind=TicketKind.BREAKER, datto_site_uid=alert.datto_site_uid)
            .order_by("-id")
            .first()
        ),
        watched_since=alert.held_since if alert.cause == "site_watch" else None,
    )


def find_open_ticket(alert: Alert, company: Company) -> Ticket | None:
    """Return the ticket that was made for an alert's condition, else the newest one whose alerts have it. At most two queries.

    A storm across sites is a ticket of one's own organization, whoever's alerts it stands for.
    """
    rows = _open_tickets(alert).filter(Q(company=company) | Q(kind=TicketKind.FLEET)).order_by("-id")
    own = rows.filter(condition_key=alert.condition_key).first()
    if own is not None or alert.is_ungrouped:
        return own
    return rows.filter(pk__in=_standing(alert)).first()


def count_changes(condition_key: str, policy: StormPolicy, now: datetime) -> int:
    """Return how often a condition came or went within the policy's time.

    Raised again without having cleared is no change.
    """
    since = now - timedelta(minutes=policy.flap_minutes)
    rows = Alert.objects.filter(condition_key=condition_key)
    raised = rows.filter(raised_at__gte=since).count()
    cleared = rows.filter(is_resolved=True, resolved_at__gte=since).count()
    return cleared + min(raised, cleared + 1)


def _count_last_minute(alert: Alert, at: datetime, now: datetime) -> int:
    """Return how many tickets were made within a minute for alerts that were new.

    The backlog that a new connection finds is no storm: its alerts are old, and neither count nor are grouped.
    """
    if alert.first_seen_at - at > _BACKLOG:
        return 0
    new_ones = Alert.objects.filter(ticket=OuterRef("pk"), raised_at__gt=now - _BACKLOG)
    rows = Ticket.objects.filter(Exists(new_ones), created_at__gt=now - timedelta(minutes=1))
    return rows.exclude(state=Ticket.State.ABANDONED).count()


def _last_of_condition(alert: Alert, company: Company, at: datetime, policy: StormPolicy) -> Ticket | None:
    """Return the last completed ticket of the condition.

    One that stood for a whole site is taken up again only by what comes right after it: a single device that fails the
    next day is not the site's trouble.
    """
    rows = Ticket.objects.filter(company=company, state=Ticket.State.COMPLETED)
    after_storm = Q(kind=TicketKind.SITE, completed_at__gte=at - timedelta(minutes=policy.site_minutes))
    rows = rows.exclude(autotask_ticket_id=None).filter(Q(kind=TicketKind.SINGLE) | after_storm)
    condition = Q(condition_key=alert.condition_key)
    if not alert.is_ungrouped:
        condition |= Q(pk__in=_standing(alert)) & ~Q(condition_key="")
    return rows.filter(condition).order_by("-completed_at").first()


def _standing(alert: Alert) -> QuerySet[Any, Any]:
    """Tickets that an alert of the same condition is, or was, a part of."""
    rows = Alert.objects.filter(condition_key=alert.condition_key, ticket__isnull=False)
    return rows.exclude(pk=alert.pk).values("ticket")


def _open_tickets(alert: Alert) -> QuerySet[Ticket]:
    """Tickets an alert may join: open ones, and those whose create is under way. Never the one that is made for it."""
    creating = Action.objects.filter(
        kind=Action.Kind.CREATE_TICKET, state__in=[Action.State.WAITING, Action.State.RUNNING]
    )
    rows = Ticket.objects.filter(
        Q(state__in=_OPEN) | Q(state=Ticket.State.PLANNED, actions__in=creating)
    ).exclude(kind=TicketKind.REQUEST)
    return rows.exclude(correlation_key=correlation_key(alert.alert_uid, round_=alert.rounds))


def _storm_ticket(open_tickets: QuerySet[Ticket], alert: Alert, kind: TicketKind) -> Ticket | None:
    if alert.monitor_id is None:
        return None
    rows = open_tickets.filter(kind=kind, monitor=alert.monitor_id)
    if kind is TicketKind.SITE:
        rows = rows.filter(datto_site_uid=alert.datto_site_uid)
    return rows.order_by("-id").first()


def _related(
    open_tickets: QuerySet[Ticket], alert: Alert, place: Place, settings: EffectiveSettings, at: datetime
) -> Ticket | None:
    """Return the newest ticket of the related group, as long as alerts kept coming within the window."""
    group = settings.choice("related_group")
    since = at - timedelta(minutes=min(settings.number("related_window_minutes"), 60))
    rows = open_tickets.filter(kind__in=[TicketKind.SINGLE, TicketKind.SITE]).filter(
        alerts__raised_at__gte=since, alerts__raised_at__lte=at + _SLACK
    )
    company = place.mapping.company_id if place.mapping is not None else None
    if company is None:
        return None
    rows = rows.filter(company=company)
    if group == RelatedGroup.DEVICE and alert.datto_device_uid:
        rows = rows.filter(datto_device_uid=alert.datto_device_uid)
    elif group == RelatedGroup.SITE and alert.datto_site_uid:
        rows = rows.filter(datto_site_uid=alert.datto_site_uid)
    elif group == RelatedGroup.MONITOR and alert.monitor_id:
        rows = rows.filter(monitor=alert.monitor_id)
    elif group == RelatedGroup.NETWORK and place.device is not None and place.device.external_ip:
        peers = Device.objects.filter(external_ip=place.device.external_ip)
        rows = rows.filter(datto_device_uid__in=peers.values("datto_device_uid"))
    elif group == RelatedGroup.HOST and place.device is not None:
        rows = rows.filter(datto_device_uid__in=_same_host(place.device))
    else:
        return None
    return rows.order_by("id").first()


def _same_host(device: Device) -> list[str]:
    """Return uids of a device's virtual host and of the other guests on it, as far as audits tell; two queries."""
    hosts = Device.objects.filter(site=device.site_id, device_class="esxihost", is_deleted=False)
    own = machine_key(device.hostname)
    for host in hosts.select_related("audit").order_by("id"):
        audit = getattr(host, "audit", None)
        names = guest_keys(audit.guests) if audit is not None else frozenset()
        if host.pk == device.pk or own in names:
            at_site = Device.objects.filter(site=device.site_id, is_deleted=False)
            return [
                uid
                for uid, name in at_site.values_list("datto_device_uid", "hostname")
                if machine_key(name) in names or uid == host.datto_device_uid
            ]
    return []


def _ref(ticket: Ticket | None) -> TicketRef | None:
    if ticket is None:
        return None
    return TicketRef(
        ticket.pk,
        str(ticket),
        ticket.kind,
        ticket.alert_priority or "Unknown",
        ticket.completed_at,
        ticket.completed_by_us,
    )
