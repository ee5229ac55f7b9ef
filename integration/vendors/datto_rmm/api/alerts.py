"""Alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Literal

from integration.vendors.datto_rmm.api.base import ApiBase, segment
from integration.vendors.datto_rmm.paging import OnPage
from integration.vendors.datto_rmm.records import Alert, UnreadableAlert, describe_unreadable, read_alert
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    RateLimited,
    VendorError,
    WriteOutcomeUnknown,
)


class ResolveOutcome(StrEnum):
    """How an alert came to be resolved."""

    RESOLVED = "resolved"  # by this call
    CONFIRMED = "confirmed"  # the answer was lost, but the alert is resolved now
    ALREADY_RESOLVED = "already_resolved"  # the call was refused because somebody, or the monitor, was faster


#: Told of each listed alert no record can be made of.
OnUnreadableAlert = Callable[[UnreadableAlert], None]


class AlertApi(ApiBase):
    """Calls about alerts."""

    def iter_open_alerts(
        self,
        *,
        site_uid: str = "",
        device_uid: str = "",
        muted: bool | None = None,
        on_page: OnPage | None = None,
        on_unreadable: OnUnreadableAlert | None = None,
    ) -> Iterator[Alert]:
        """Yield open alerts of the account, or of one site or device, in no particular order.

        Args:
            site_uid: only this site's.
            device_uid: only this device's.
            muted: only muted or only unmuted ones; None for both.
            on_page: progress; the total is often unknown.
            on_unreadable: told of each alert that cannot be read; the others follow all the same, and the list
                must not be taken for whole. None: such an alert ends the list with ContractBroken.
        """
        return self._iter_alerts("open", site_uid, device_uid, muted, on_page, on_unreadable)

    def iter_resolved_alerts(
        self,
        *,
        site_uid: str = "",
        device_uid: str = "",
        muted: bool | None = None,
        on_page: OnPage | None = None,
        on_unreadable: OnUnreadableAlert | None = None,
        first_page: int = 0,
    ) -> Iterator[Alert]:
        """Yield resolved alerts, up to six months back; arguments as `iter_open_alerts`.

        Args:
            site_uid, device_uid, muted, on_page, on_unreadable: as there.
            first_page: where a reading that was interrupted goes on; pages shift as alerts are resolved meanwhile.
        """
        return self._iter_alerts("resolved", site_uid, device_uid, muted, on_page, on_unreadable, first_page)

    def _iter_alerts(
        self,
        state: Literal["open", "resolved"],
        site_uid: str,
        device_uid: str,
        muted: bool | None,  # noqa: FBT001 - a query value passed through
        on_page: OnPage | None,
        on_unreadable: OnUnreadableAlert | None,
        first_page: int = 0,
    ) -> Iterator[Alert]:
        if site_uid and device_uid:
            raise ValueError("site_uid, device_uid: give one of them, not both")
        owner, scope = "account", "account"
        if site_uid:
            owner, scope = f"site/{segment('site uid', site_uid)}", "site"
        elif device_uid:
            owner, scope = f"device/{segment('device uid', device_uid)}", "device"
        return self._iter(
            f"/v2/{owner}/alerts/{state}",
            "alerts",
            read_alert,
            endpoint=f"{scope}-alerts-{state}",
            identity=lambda alert: alert.uid,
            params={"muted": muted},
            on_page=on_page,
            on_unreadable=None
            if on_unreadable is None
            else lambda row, problem: on_unreadable(describe_unreadable(row, problem)),
            first_page=first_page,
        )

    def fetch_alert(self, alert_uid: str) -> Alert:
        """Return one alert.

        Raises:
            NotFound: no such alert. An alert may not be readable in the first moments after its webhook.
        """
        return self._fetch(f"/v2/alert/{segment('alert uid', alert_uid)}", read_alert, endpoint="alert")

    def resolve_alert(self, alert_uid: str) -> ResolveOutcome:
        """Resolve an alert; harmless to repeat. After a failure the alert is read: being resolved is success.

        Raises:
            NotFound: the alert does not exist (any more).
            WriteOutcomeUnknown: no answer, and the alert could not be read or is still open.
            VendorError: as the call failed, when the alert is still open.
        """
        path = f"/v2/alert/{segment('alert uid', alert_uid)}/resolve"
        try:
            self._call("POST", path, endpoint="alert-resolve", operation="alert-resolve")
        except (AuthenticationFailed, RateLimited):
            raise  # nothing happened, and a read would fail alike
        except VendorError as error:
            failure = error
        else:
            return ResolveOutcome.RESOLVED
        if not self._is_resolved(alert_uid):
            raise failure
        if isinstance(failure, WriteOutcomeUnknown | ContractBroken):
            return ResolveOutcome.CONFIRMED
        return ResolveOutcome.ALREADY_RESOLVED

    def _is_resolved(self, alert_uid: str) -> bool:
        """Return whether the alert is known to be resolved; False when it cannot be read just now.

        Raises:
            NotFound: there is no such alert.
        """
        try:
            return self.fetch_alert(alert_uid).resolved
        except VendorError as error:
            if error.status == 404:  # noqa: PLR2004 - HTTP status
                raise
            return False
