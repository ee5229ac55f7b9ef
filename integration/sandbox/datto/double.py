"""The Datto RMM double: its records, the alert engine and what technicians do there. Routes live beside it."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

from .contexts import build_context, category_for, label_for, message_for
from .history import History
from .limits import Limiter
from .model import Alert, Device, Monitor, Settings, Site
from .seed import DattoSeed, NotFoundError, now_ms
from .webhooks import WebhookSender
from .wire import placeholder_values

PRIORITIES = ("Critical", "High", "Moderate", "Low", "Information", "Unknown")
_ALERTS_KEPT = 60_000


class DattoDouble:
    """A Datto RMM account. Methods are thread-safe; hold `lock` to look at the dicts directly.

    Args:
        api_key: the API user's key.
        api_secret: the API user's secret.
        on_change: called after each change worth keeping.
    """

    account_uid = "sb1c0001"

    def __init__(
        self, *, api_key: str, api_secret: str, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.lock = threading.RLock()
        self.api_key = api_key
        self.api_secret = api_secret
        self.settings = Settings()
        self.limiter = Limiter(self.settings)
        self.webhooks = WebhookSender(self._webhook_done)
        self._on_change = on_change
        self.load_seed(DattoSeed(seed=0, now_ms=now_ms()))

    def load_seed(self, seed: DattoSeed) -> None:
        """Forget everything and start from the seed; switches and webhook target stay."""
        with self.lock:
            self.account_name = seed.account_name
            self.sites: dict[str, Site] = {site.uid: site for site in seed.sites}
            self.devices: dict[str, Device] = {device.uid: device for device in seed.devices}
            self.device_uids_by_id = {device.id: device.uid for device in seed.devices}
            self.devices_by_site: dict[str, dict[str, None]] = {uid: {} for uid in self.sites}
            self.device_uids_by_mac: dict[str, list[str]] = {}
            for device in seed.devices:
                self.devices_by_site[device.site_uid][device.uid] = None
                for mac in device.macs:
                    self.device_uids_by_mac.setdefault(mac, []).append(device.uid)
            self.monitors: dict[int, Monitor] = {monitor.key: monitor for monitor in seed.monitors}
            self.alerts: dict[str, Alert] = {alert.uid: alert for alert in seed.open_alerts}
            self.open_uids: dict[str, None] = dict.fromkeys(self.alerts)
            self.resolved_uids: dict[str, None] = {}
            self.alert_uids_by_device: dict[str, list[str]] = {}
            for alert in seed.open_alerts:
                self.alert_uids_by_device.setdefault(alert.device_uid or "", []).append(alert.uid)
            self.history = History(
                seed=seed.seed, now_ms=seed.now_ms, per_day=seed.alerts_per_day, table=seed.history_table
            )
            self.users = seed.users
            self.components = seed.components
            self.variables: dict[int, dict[str, Any]] = {}
            self.jobs: dict[str, dict[str, Any]] = {}
            self.activities: deque[dict[str, Any]] = deque(maxlen=5000)
            self.tokens: dict[str, float] = {}
            self.changed_sites: set[str] = set()
            self.changed_devices: set[str] = set()
            #: devices that have vanished from every list; the past alerts still tell of them
            self.purged: dict[str, Device] = {}
            self.udf_labels = dict(seed.udf_labels)
            #: accepted writes of the API: (operation, uid it was about) -> how many
            self.writes: Counter[tuple[str, str]] = Counter()
            self.changed_alerts: set[str] = set()
            self.next_id = 900_000
            self.limiter.forget()

    def reset_settings(self) -> None:
        """Put every switch back to its default."""
        with self.lock:
            fresh = Settings()
            for name in Settings.__dataclass_fields__:
                setattr(self.settings, name, getattr(fresh, name))

    def take_id(self) -> int:
        """Return a fresh numeric id."""
        with self.lock:
            self.next_id += 1
            return self.next_id

    def changed(self) -> None:
        """Say that something worth keeping has changed."""
        self._on_change()

    # -- finding

    def get_site(self, uid: str) -> Site:
        """Return a site or raise NotFoundError; system sites count as not there for site-scoped calls."""
        site = self.sites.get(uid)
        if site is None:
            raise NotFoundError(f"There is no site {uid}.")
        return site

    def get_device(self, uid: str) -> Device:
        """Return a device or raise NotFoundError."""
        device = self.devices.get(uid)
        if device is None:
            raise NotFoundError(f"There is no device {uid}.")
        return device

    def find_alert(self, uid: str) -> Alert | None:
        """Return an alert, live or from the made-up past, None when there is none."""
        with self.lock:
            alert = self.alerts.get(uid)
            if alert is not None:
                return alert
            number = self.history.number_of(uid)
            return None if number is None else self.history_alert(number)

    def get_alert(self, uid: str) -> Alert:
        """Return an alert or raise NotFoundError."""
        alert = self.find_alert(uid)
        if alert is None:
            raise NotFoundError(f"There is no alert {uid}.")
        return alert

    def history_alert(self, number: int) -> Alert:
        """Return alert `number` of the made-up past."""
        device_uid, key = self.history.pair(number)
        device = self.devices.get(device_uid) or self.purged[device_uid]
        return self.history.build(number, device, self.sites[device.site_uid].name, self.monitors[key])

    def open_alerts(self) -> list[Alert]:
        """Return the open alerts, oldest first."""
        with self.lock:
            return [self.alerts[uid] for uid in self.open_uids]

    def site_counts(self, uid: str) -> tuple[int, int]:
        """Return (devices, of them online) of a site."""
        devices = self.devices_by_site.get(uid, {})
        return len(devices), sum(1 for device in devices if self.devices[device].online)

    # -- alerts

    def raise_alert(
        self,
        *,
        device_uid: str | None = None,
        site_uid: str | None = None,
        context_class: str = "online_offline_status_ctx",
        subject: str = "",
        name: str = "",
        priority: str = "High",
        diagnostics: str | None = None,
        message: str | None = None,
        context: dict[str, Any] | None = None,
        autoresolve_mins: int | None = None,
        creates_ticket: bool = False,
        ticket_number: str | None = None,
    ) -> Alert:
        """Fire a monitor: a new alert with a new uid each time, and its webhook.

        Args:
            device_uid: the device; None for an alert of a site.
            site_uid: needed when there is no device, otherwise taken from it.
            context_class: wire value of `@class`; any text is allowed.
            subject: what the monitor watches (service, disk, component...).
            name: the monitor's own name, shown between brackets in a component's message.
            priority: one of `PRIORITIES`.
            diagnostics: free text on the alert.
            message: replaces the sentence the webhook carries.
            context: fields laid over the made-up context.
            autoresolve_mins: minutes, shown on the alert.
            creates_ticket: whether Datto's own integration makes a ticket for it.
            ticket_number: number of the ticket Datto's own integration made.

        Raises:
            NotFoundError: no such device or site.
            ValueError: unknown priority, or neither device nor site given.
        """
        if priority not in PRIORITIES:
            raise ValueError(f"priority: choose one of {', '.join(PRIORITIES)}.")
        with self.lock:
            device = self.get_device(device_uid) if device_uid else None
            if device is None and not site_uid:
                raise ValueError("deviceUid: name a device, or a siteUid for an alert without a device.")
            site = self.get_site(device.site_uid if device else site_uid or "")
            full = build_context(context_class, subject, Random(uuid.uuid4().int))
            full.update(context or {})
            raised = now_ms()
            alert = Alert(
                uid=str(uuid.uuid4()),
                priority=priority,
                timestamp=raised,
                context=full,
                device_uid=device.uid if device else None,
                device_name=device.hostname if device else None,
                site_uid=site.uid,
                site_name=site.name,
                label=label_for(full),
                message=message or message_for(full, name or subject),
                diagnostics=diagnostics,
                autoresolve_mins=autoresolve_mins,
                creates_ticket=creates_ticket,
                ticket_number=ticket_number,
                visible_from=raised + self.settings.alert_visible_delay_ms,
            )
            if device and full.get("status") == "OFFLINE":
                device.online = False
                self.changed_devices.add(device.uid)
            if ticket_number:
                alert.actions = [_action("TICKET_CREATED", ticket_number)]
            self.put_alert(alert)
            values = self._webhook_values(alert)
        self.webhooks.alert_changed("raised", alert.uid, values)
        self.changed()
        return alert

    def put_alert(self, alert: Alert) -> None:
        """Insert an alert or replace the one of the same uid; the oldest resolved ones beyond 60,000 are dropped."""
        if alert.uid not in self.alerts:
            self.alert_uids_by_device.setdefault(alert.device_uid or "", []).append(alert.uid)
        self.alerts[alert.uid] = alert
        self.changed_alerts.add(alert.uid)
        if alert.resolved:
            self.open_uids.pop(alert.uid, None)
        (self.resolved_uids if alert.resolved else self.open_uids)[alert.uid] = None
        while len(self.resolved_uids) > _ALERTS_KEPT:
            oldest = next(iter(self.resolved_uids))
            del self.resolved_uids[oldest]
            gone = self.alerts.pop(oldest)
            self.alert_uids_by_device[gone.device_uid or ""].remove(oldest)
            self.changed_alerts.discard(oldest)

    def resolve_alert(self, uid: str, *, by: str) -> bool:
        """Resolve an alert and send its webhook; returns False when it was resolved already.

        Args:
            uid: the alert.
            by: who shows as `resolvedBy`: "System", a technician, the API user.

        Raises:
            NotFoundError: no such alert.
        """
        with self.lock:
            alert = self.get_alert(uid)
            if alert.resolved:
                return False
            alert.resolved, alert.resolved_by, alert.resolved_on = True, by, now_ms()
            self.open_uids.pop(uid, None)
            self.resolved_uids[uid] = None
            self.changed_alerts.add(uid)
            device = self.devices.get(alert.device_uid or "")
            if device and (alert.context or {}).get("status") == "OFFLINE":
                device.online = True
                self.changed_devices.add(device.uid)
            values = self._webhook_values(alert)
        self.webhooks.alert_changed("resolved", uid, values)
        self.changed()
        return True

    def _webhook_values(self, alert: Alert) -> dict[str, str]:
        device = self.devices.get(alert.device_uid or "")
        category = category_for(str((alert.context or {}).get("@class")))
        return placeholder_values(alert, self.sites[alert.site_uid], device, category)

    def _webhook_done(self, alert_uid: str, delivered: bool) -> None:  # noqa: FBT001 - a callback's one result
        with self.lock:
            alert = self.alerts.get(alert_uid)
            if alert is not None:
                kind = "WEBHOOK_EXECUTED" if delivered else "WEBHOOK_EXECUTION_ERROR"
                alert.actions = [*(alert.actions or []), _action(kind, "")]
                self.changed_alerts.add(alert_uid)
        self.changed()

    def resolved_alerts(self, start: int, count: int) -> tuple[int, list[Alert]]:
        """Return (how many resolved alerts there are, `count` of them from `start`), newest first."""
        with self.lock:
            live = list(self.resolved_uids)[::-1]
            total = len(live) + self.history.total
            chosen = [self.alerts[uid] for uid in live[start : start + count]]
            first = max(0, start - len(live))
            last = min(self.history.total, first + count - len(chosen))
            chosen += [self.history_alert(self.history.total - 1 - offset) for offset in range(first, last)]
            return total, chosen

    def resolved_alerts_of(
        self, device_uids: Iterable[str], start: int, count: int, site_uid: str = ""
    ) -> tuple[int, list[Alert]]:
        """Return the same for some devices only; `site_uid` adds that site's alerts without a device."""
        with self.lock:
            uids = list(device_uids)
            live = [alert for uid in uids for alert in self.alerts_of(uid) if alert.resolved]
            if site_uid:
                live += [
                    alert for alert in self.alerts_of("") if alert.resolved and alert.site_uid == site_uid
                ]
            live.sort(key=lambda alert: -alert.timestamp)
            numbers = sorted((n for uid in uids for n in self.history.numbers_of(uid)), reverse=True)
            chosen = live[start : start + count]
            first = max(0, start - len(live))
            chosen += [self.history_alert(n) for n in numbers[first : first + count - len(chosen)]]
            return len(live) + len(numbers), chosen

    def alerts_of(self, device_uid: str) -> Iterator[Alert]:
        """Yield a device's alerts that were raised here; "" gives those without a device."""
        return (self.alerts[uid] for uid in self.alert_uids_by_device.get(device_uid, ()))

    # -- devices

    def put_device(self, device: Device) -> None:
        """Insert a device or replace the one of the same uid, in every index."""
        with self.lock:
            old = self.devices.get(device.uid)
            if old is not None:
                if old.site_uid != device.site_uid:
                    self.devices_by_site[old.site_uid].pop(device.uid, None)
                for mac in old.macs:
                    self.device_uids_by_mac[mac].remove(device.uid)
            self.devices[device.uid] = device
            self.device_uids_by_id[device.id] = device.uid
            self.devices_by_site[device.site_uid][device.uid] = None
            for mac in device.macs:
                self.device_uids_by_mac.setdefault(mac, []).append(device.uid)
            self.changed_devices.add(device.uid)

    def drop_device(self, uid: str) -> None:
        """Take a device out of every index; it is remembered in `purged`."""
        with self.lock:
            device = self.devices.pop(uid)
            del self.device_uids_by_id[device.id]
            self.devices_by_site[device.site_uid].pop(uid, None)
            for mac in device.macs:
                self.device_uids_by_mac[mac].remove(uid)
            self.changed_devices.discard(uid)
            self.purged[uid] = device

    def move_device(self, device: Device, site: Site) -> None:
        """Put a device into another site."""
        with self.lock:
            self.devices_by_site[device.site_uid].pop(device.uid, None)
            device.home_site_uid = device.site_uid if site.is_system else ""
            device.site_uid = site.uid
            self.devices_by_site[site.uid][device.uid] = None
            self.changed_devices.add(device.uid)
            self.note_activity("DEVICE", "device", "move", site, device)
        self.changed()

    def note_activity(
        self, entity: str, category: str, action: str, site: Site | None = None, device: Device | None = None
    ) -> None:
        """Add a line to the activity log."""
        self.activities.append(
            {
                "id": uuid.uuid4().hex,
                "entity": entity,
                "category": category,
                "action": action,
                "date": round(time.time(), 3),
                "site": {"id": site.id, "name": site.name} if site else None,
                "deviceId": device.id if device else None,
                "hostname": device.hostname if device else None,
                "user": {
                    "id": 1,
                    "userName": self.settings.api_user_name,
                    "firstName": "API",
                    "lastName": "Bridge",
                },
                "details": '{"source":"api"}',
                "hasStdOut": False,
                "hasStdErr": False,
            }
        )

    def close(self) -> None:
        """Stop the webhook threads."""
        self.webhooks.close()


def _action(kind: str, reference: str) -> dict[str, Any]:
    return {
        "actionTime": now_ms(),
        "actionType": kind,
        "description": kind.replace("_", " ").capitalize(),
        "actionReference": reference or None,
        "actionReferenceInt": None,
    }
