"""The backstop that heals lost messages: read Datto's open alerts, and Autotask's state of our open tickets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.utils import timezone

from integration.clients import autotask_client, datto_client
from integration.models import SyncRun, Vendor
from integration.sync.recorder import RunRecorder, RunStoppedByGuard
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import Ticket as RemoteTicket
from integration.vendors.budget import Lane
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.datto_rmm.records import Alert as RemoteAlert
from integration.vendors.datto_rmm.records import UnreadableAlert
from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, VendorError
from tickets.domain.defects import describe_defect
from tickets.domain.keys import EXTERNAL_ID_PREFIX
from tickets.models import Alert, Ticket
from tickets.services.alert_records import (
    SEEN_AGAIN,
    is_unchanged,
    record_alert,
    record_seen_open,
    record_undescribed_alert,
)
from tickets.services.close import record_alert_resolved, record_ticket_deleted, record_ticket_seen
from tickets.services.defects import NOT_OF_THE_ROW
from tickets.services.ledger import record_check
from tickets.services.snapshot import same_settings

log = structlog.get_logger(__name__)

#: Listed alerts, and tickets, that are looked up or marked by one query.
_AT_ONCE = 250
#: An alert must be missing from so many complete lists in a row before it is asked for by itself.
_MISSES = 1
#: Alerts seen open this recently are not looked after: they may have come in while the list was being read.
_JUST_SEEN = timedelta(seconds=10)
#: So many alerts may vanish from sight in one poll before the guard asks a person.
_FEW_UNSEEN = 5
_UNSEEN_SHARE = 0.05
_UNREADABLE_REMEDY = (
    "The next poll reads it again. If it stays so, look at it in Datto RMM, and tell Datto's support: its API sends this "
    "alert in a form it does not document."
)
_COMPLETED_LOOKBACK = timedelta(days=2)
#: After a long pause, so far back is asked which tickets people opened again.
_LONGEST_LOOKBACK = timedelta(days=14)
#: Autotask's clock and ours may differ.
_OVERLAP = timedelta(minutes=5)
_WHOLE = (SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL)

#: Called with the ids of actions that became due.
OnDue = Callable[[list[int]], None]


def sync_alerts(recorder: RunRecorder, on_due: OnDue, datto: DattoRmmClient | None = None) -> None:
    """Read every open alert; store new ones; ask after those that are no longer listed.

    Absence from the list resolves nothing: each missing alert is read by itself, because a list may shift
    while it is paged, and a list that was not read to its end says nothing about absence.

    Raises:
        ContractBroken: some alerts could not be read, after everything else was done; they are named in the run.
        RunStoppedByGuard: too many alerts can no longer be seen.
        VendorError: the list was not read to its end.
    """
    client = datto or datto_client(lane=Lane.INTAKE, subject="sync:alerts", run_id=recorder.run.pk)
    started_at = timezone.now()
    recorder.begin_step("Reading open alerts")
    seen: set[str] = set()
    page: list[RemoteAlert] = []
    unreadable = _Unreadable(recorder)
    try:
        for remote in client.iter_open_alerts(on_unreadable=unreadable.note_listed):
            seen.add(remote.uid)
            page.append(remote)
            if len(page) >= _AT_ONCE:
                _record_page(recorder, on_due, page)
                page = []
            recorder.advance(len(seen))
    except VendorError:
        # What was read before is true all the same.
        _record_page(recorder, on_due, page)
        raise
    _record_page(recorder, on_due, page)
    try:
        _ask_after_missing(recorder, on_due, client, seen, started_at, unreadable)
    finally:
        # The list was read to its end, whatever became of asking after those that are not on it.
        if unreadable.is_list_whole and not recorder.dry_run:
            record_check(seen, started_at)
    unreadable.raise_if_any()


class _Unreadable:
    """Alerts of this poll that Datto RMM sent in a form that cannot be read."""

    def __init__(self, recorder: RunRecorder) -> None:
        self._recorder = recorder
        self._problems: list[str] = []
        self.is_list_whole = True

    def note_listed(self, alert: UnreadableAlert) -> None:
        """Write down one of the list; as nobody knows which it is, no alert may be taken for gone."""
        self.is_list_whole = False
        self._note("", str(alert), alert.problem)

    def note_single(self, uid: str, label: str, error: ContractBroken) -> None:
        """Write down one that was asked for by itself."""
        self._note(uid, label, str(error))

    def _note(self, uid: str, label: str, problem: str) -> None:
        self._problems.append(f"{label}: {problem}")
        self._recorder.failed("alert", uid, label, problem, _UNREADABLE_REMEDY)

    def raise_if_any(self) -> None:
        """End the run as failed, so that a person sees it.

        Raises:
            ContractBroken: some alert could not be read.
        """
        if self._problems:
            count = len(self._problems)
            whole = (
                "" if self.is_list_whole else " No alert was taken for gone, because the list was not whole."
            )
            raise ContractBroken(
                f"{count} alert{'' if count == 1 else 's'} could not be read; all others were. "
                f"{self._problems[0]}.{whole}",
                vendor=Vendor.DATTO_RMM,
            )


def _record_page(recorder: RunRecorder, on_due: OnDue, page: list[RemoteAlert]) -> None:
    """Record some listed alerts; those that tell nothing new cost one query together."""
    known = {
        alert.alert_uid: alert
        for alert in Alert.objects.filter(alert_uid__in=[remote.uid for remote in page]).defer(
            "context", "diagnostics", "decision"
        )
    }
    unchanged: list[Alert] = []
    changed: list[RemoteAlert] = []
    for remote in page:
        alert = known.get(remote.uid)
        if recorder.dry_run:
            if alert is None:
                recorder.created("alert", remote.uid, remote.uid)
            else:
                recorder.unchanged()
        elif alert is not None and is_unchanged(alert, remote):
            unchanged.append(alert)
        else:
            changed.append(remote)
    with same_settings():
        for remote in changed:
            on_due(_record_listed(recorder, remote))
    recorder.unchanged(len(unchanged))
    record_seen_open(unchanged, timezone.now())


def _record_listed(recorder: RunRecorder, remote: RemoteAlert) -> list[int]:
    try:
        recorded = record_alert(remote, via="poll", seen_open=True)
    except NOT_OF_THE_ROW:
        raise
    except Exception as error:  # noqa: BLE001 - one bad row must not keep the others out; it is logged and shown
        _failed(recorder, "alert", remote.uid, remote.uid, error)
        _store_bare_facts(remote, error)
        return []
    if recorded.is_new:
        recorded.alert.refresh_from_db()
        recorder.created(
            "alert",
            remote.uid,
            str(recorded.alert),
            after={"state": recorded.alert.state, "reason": recorded.alert.reason},
        )
    else:
        recorder.unchanged()
    return recorded.due


def _store_bare_facts(remote: RemoteAlert, error: Exception) -> None:
    try:
        record_undescribed_alert(remote, error)
    except NOT_OF_THE_ROW:
        raise
    except Exception:
        # The run shows it as failed; the next poll tries again.
        log.exception("not even the bare facts of an alert could be stored", alert=remote.uid)


def _failed(recorder: RunRecorder, kind: str, object_id: object, label: str, error: Exception) -> None:
    log.error("a row of a poll could not be recorded", kind=kind, id=object_id, exc_info=error)
    recorder.failed(kind, object_id, label, describe_defect(error), "The next poll tries it again.")


def _ask_after_missing(
    recorder: RunRecorder,
    on_due: OnDue,
    client: DattoRmmClient,
    seen: set[str],
    started_at: datetime,
    unreadable: _Unreadable,
) -> None:
    open_here = Alert.objects.filter(is_resolved=False, first_seen_at__lt=started_at).exclude(
        last_seen_open_at__gte=timezone.now() - _JUST_SEEN, first_seen_via="webhook"
    )
    missing = [
        (pk, uid, label)
        for pk, uid, label in open_here.order_by("id")
        .values_list("pk", "alert_uid", "summary")
        .iterator(chunk_size=1000)
        if uid not in seen
    ]
    recorder.begin_step("Asking after alerts no longer listed", len(missing))
    unseen: list[tuple[int, str, str]] = []
    for done, (pk, uid, label) in enumerate(missing, start=1):
        recorder.advance(done)
        if recorder.dry_run:
            recorder.updated("alert", uid, label or uid, {"listed": True}, {"listed": False})
            continue
        try:
            remote = client.with_context(subject=f"alert:{uid}").fetch_alert(uid)
        except (NotFound, PermissionDenied):
            unseen.append((pk, uid, label or uid))
            continue
        except ContractBroken as error:
            unreadable.note_single(uid, label or uid, error)
            continue
        except VendorError as error:
            recorder.failed(
                "alert", uid, label or uid, str(error), "It is asked for again with the next poll."
            )
            continue
        try:
            on_due(record_alert(remote, via="poll", seen_open=False).due)
        except NOT_OF_THE_ROW:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _failed(recorder, "alert", uid, label or uid, error)
            continue
        if remote.resolved:
            recorder.updated(
                "alert", uid, label or uid, {"resolved": False}, {"resolved": True, "by": remote.resolved_by}
            )
        else:
            recorder.unchanged()
    if unreadable.is_list_whole:
        _end_unseen(recorder, on_due, unseen, known=open_here.count())


def _end_unseen(
    recorder: RunRecorder, on_due: OnDue, unseen: list[tuple[int, str, str]], *, known: int
) -> None:
    """End alerts that Datto RMM no longer shows: aged out, or their device is gone.

    Believed only when they stay away, and never for many at once: an API user that lost sight of sites looks
    exactly like this, and believing it would close every ticket of a customer.

    Raises:
        RunStoppedByGuard: too many at once; nothing was ended.
    """
    if len(unseen) > max(_FEW_UNSEEN, int(known * _UNSEEN_SHARE)):
        raise RunStoppedByGuard(
            f"{len(unseen)} of {known} open alerts can no longer be seen in Datto RMM, all at once. None was ended, because "
            "that is what an API user that lost its rights to sites looks like. Check the user's security level under "
            "Settings > Preflight. If the alerts are really gone, resolve them from their pages."
        )
    for pk, uid, label in unseen:
        Alert.objects.filter(pk=pk).update(missed_polls=F("missed_polls") + 1)
        if Alert.objects.filter(pk=pk, missed_polls__gt=_MISSES).exists():
            on_due(record_alert_resolved(pk, resolved_at=None, resolved_by="", is_gone=True))
            recorder.updated(
                "alert", uid, label, {"resolved": False}, {"resolved": True, "why": "gone from Datto RMM"}
            )


def sync_tickets(recorder: RunRecorder, on_due: OnDue, autotask: AutotaskClient | None = None) -> None:
    """Read the state of every open ticket of ours, and of those completed lately, which may have been reopened."""
    client = autotask or autotask_client(
        lane=Lane.INTERACTIVE, subject="sync:tickets", run_id=recorder.run.pk
    )
    now = timezone.now()
    wanted = {
        ticket.autotask_ticket_id: ticket
        for ticket in Ticket.objects.filter(autotask_ticket_id__isnull=False, state=Ticket.State.OPEN)
    }
    for ticket in Ticket.objects.filter(
        state=Ticket.State.COMPLETED, completed_at__gt=now - _COMPLETED_LOOKBACK, alerts__is_resolved=False
    ).distinct():
        if ticket.autotask_ticket_id is not None:
            wanted[ticket.autotask_ticket_id] = ticket
    read_at = timezone.now()
    _hear_of_reopened(recorder, on_due, client, now)
    recorder.begin_step("Reading tickets", len(wanted))
    found: set[int] = set()
    stale: list[int] = []
    for remote in client.iter_tickets_by_ids(sorted(one for one in wanted if one is not None)):
        found.add(remote.id)
        ticket = wanted[remote.id]
        on_due(_record_ticket(recorder, ticket, remote, read_at))
        if ticket.checked_at is None or ticket.checked_at < now - SEEN_AGAIN:
            stale.append(ticket.pk)
        recorder.advance(len(found))
    if not recorder.dry_run:
        for start in range(0, len(stale), _AT_ONCE):
            Ticket.objects.filter(pk__in=stale[start : start + _AT_ONCE]).update(checked_at=now)
    for ticket_id, ticket in wanted.items():
        if ticket_id is None or ticket_id in found:
            continue
        # A query may miss a row that exists; the ticket is gone only when its own address says so.
        still_there = client.find_ticket(ticket_id)
        if still_there is not None:
            on_due(_record_ticket(recorder, ticket, still_there, read_at))
        else:
            recorder.deactivated("ticket", ticket_id, str(ticket), "Deleted in Autotask.")
            if not recorder.dry_run:
                record_ticket_deleted(ticket)


def _hear_of_reopened(recorder: RunRecorder, on_due: OnDue, client: AutotaskClient, now: datetime) -> None:
    """Ask which completed tickets of ours a person opened again since the last poll; one call when there is none."""
    before = (
        SyncRun.objects.filter(kind=recorder.run.kind, status__in=_WHOLE, dry_run=False)
        .exclude(pk=recorder.run.pk)
        .order_by("-id")
        .values_list("started_at", flat=True)
        .first()
    )
    since = max(before or now - _COMPLETED_LOOKBACK, now - _LONGEST_LOOKBACK) - _OVERLAP
    read_at = timezone.now()
    try:
        remotes = {one.id: one for one in client.iter_undone_tickets_since(EXTERNAL_ID_PREFIX, since)}
    except VendorError as error:
        # The other tickets are read all the same, which fails as well if Autotask is away; webhooks tell of these, too.
        recorder.failed("ticket", "reopened", "Tickets opened again", str(error), "The next poll asks again.")
        return
    known = Ticket.objects.filter(state=Ticket.State.COMPLETED)
    ids = sorted(remotes)
    for start in range(0, len(ids), _AT_ONCE):
        for ticket in known.filter(autotask_ticket_id__in=ids[start : start + _AT_ONCE]):
            on_due(_record_ticket(recorder, ticket, remotes[ticket.autotask_ticket_id or 0], read_at))


def _record_ticket(
    recorder: RunRecorder, ticket: Ticket, remote: RemoteTicket, read_at: datetime
) -> list[int]:
    before = ticket.state
    due: list[int] = []
    if not recorder.dry_run:
        try:
            due = record_ticket_seen(ticket, remote, read_at=read_at)
        except NOT_OF_THE_ROW:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _failed(recorder, "ticket", remote.id, str(ticket), error)
            return []
        ticket.refresh_from_db()
    if ticket.state != before:
        recorder.updated("ticket", remote.id, str(ticket), {"state": before}, {"state": ticket.state})
    else:
        recorder.unchanged()
    return due
