"""Account, sites, users, activity and the API's own figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration.vendors.datto_rmm.wire import Row, normalize_uid

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SYSTEM_SITE_NAMES: Final = frozenset({"deleted devices", "managed", "ondemand"})


@dataclass(frozen=True, slots=True)
class Account:
    """The account the keys belong to; `uid` is a short text, not a GUID."""

    id: int | None
    uid: str
    name: str
    currency: str
    time_zone: str
    billing_email: str
    device_limit: int | None
    device_count: int | None
    online_device_count: int | None
    offline_device_count: int | None
    managed_device_count: int | None
    on_demand_device_count: int | None


@dataclass(frozen=True, slots=True)
class Site:
    """A site. Proxy settings are not kept: they hold a password in clear.

    Attributes:
        on_demand: the agent reports rarely and no monitors run.
        autotask_company_id: what Datto's own integration mapped, as text; a suggestion only.
        problems: fields that could not be read.
    """

    id: int | None
    uid: str
    account_uid: str
    name: str
    description: str
    notes: str
    on_demand: bool | None
    splashtop_auto_install: bool | None
    device_count: int | None
    online_device_count: int | None
    offline_device_count: int | None
    autotask_company_id: str
    autotask_company_name: str
    portal_url: str
    problems: tuple[str, ...] = ()

    @property
    def is_system_site(self) -> bool:
        """Return whether this is one of Datto's own collections ("Deleted Devices"), never a customer's site.

        Its name tells; a uid that is no GUID does so only where there is no name.
        """
        name = self.name.strip().lower()
        return name in _SYSTEM_SITE_NAMES or (not name and not _GUID.fullmatch(self.uid))


@dataclass(frozen=True, slots=True)
class User:
    """A user of the RMM account."""

    username: str
    first_name: str
    last_name: str
    email: str
    telephone: str
    status: str
    disabled: bool | None
    created_at: datetime | None
    last_access_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of the activity log; site and device by *numeric* id.

    Attributes:
        details: a JSON document as text, as it came.
    """

    id: str
    entity: str
    category: str
    action: str
    occurred_at: datetime | None
    site_id: int | None
    site_name: str
    device_id: int | None
    hostname: str
    user_id: int | None
    username: str
    details: str
    has_stdout: bool
    has_stderr: bool


@dataclass(frozen=True, slots=True)
class OperationRate:
    """Use and limit of one write operation in the window."""

    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class RequestRate:
    """The account's use of the API by everybody, in the sliding window.

    Attributes:
        cut_off_ratio: part of the limit from which the server delays calls.
        operations: by operation name, such as "alert-resolve".
    """

    window_seconds: int
    cut_off_ratio: float
    read_limit: int
    read_count: int
    write_limit: int
    write_count: int
    operations: Mapping[str, OperationRate]


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """What the API says about itself without a token."""

    version: str
    status: str
    started_at: datetime | None


def read_account(value: object) -> Account:
    """Read an account."""
    row = Row("account", value)
    descriptor, devices = row.row("descriptor"), row.row("devicesStatus")
    return Account(
        id=row.whole("id"),
        uid=row.needed_text("uid"),
        name=row.text("name"),
        currency=row.text("currency"),
        time_zone=descriptor.text("timeZone"),
        # The API misspells it; should that be mended one day, the right spelling is read too.
        billing_email=descriptor.text("bilingEmail") or descriptor.text("billingEmail"),
        device_limit=descriptor.whole("deviceLimit"),
        device_count=devices.whole("numberOfDevices"),
        online_device_count=devices.whole("numberOfOnlineDevices"),
        offline_device_count=devices.whole("numberOfOfflineDevices"),
        managed_device_count=devices.whole("numberOfManagedDevices"),
        on_demand_device_count=devices.whole("numberOfOnDemandDevices"),
    )


def read_site(value: object) -> Site:
    """Read a site."""
    row = Row("site", value)
    devices = row.row("devicesStatus")
    return Site(
        id=row.whole("id"),
        uid=normalize_uid(row.needed_text("uid")),
        account_uid=row.text("accountUid"),
        name=row.text("name"),
        description=row.text("description"),
        notes=row.text("notes"),
        on_demand=row.flag("onDemand"),
        splashtop_auto_install=row.flag("splashtopAutoInstall"),
        device_count=devices.whole("numberOfDevices"),
        online_device_count=devices.whole("numberOfOnlineDevices"),
        offline_device_count=devices.whole("numberOfOfflineDevices"),
        autotask_company_id=row.text("autotaskCompanyId").strip(),
        autotask_company_name=row.text("autotaskCompanyName"),
        portal_url=row.text("portalUrl"),
        problems=row.noted(),
    )


def read_user(value: object) -> User:
    """Read a user."""
    row = Row("user", value)
    return User(
        username=row.text("username"),
        first_name=row.text("firstName"),
        last_name=row.text("lastName"),
        email=row.text("email"),
        telephone=row.text("telephone"),
        status=row.text("status"),
        disabled=row.flag("disabled"),
        created_at=row.instant("created"),
        last_access_at=row.instant("lastAccess"),
    )


def read_activity(value: object) -> Activity:
    """Read one line of the activity log."""
    row = Row("activity", value)
    site, user = row.row("site"), row.row("user")
    return Activity(
        id=row.needed_text("id"),
        entity=row.text("entity"),
        category=row.text("category"),
        action=row.text("action"),
        occurred_at=row.instant("date"),
        site_id=site.whole("id"),
        site_name=site.text("name"),
        device_id=row.whole("deviceId"),
        hostname=row.text("hostname"),
        user_id=user.whole("id"),
        username=user.text("userName"),
        details=row.text("details"),
        has_stdout=bool(row.flag("hasStdOut")),
        has_stderr=bool(row.flag("hasStdErr")),
    )


def read_request_rate(value: object) -> RequestRate:
    """Read the account's use of the API; servers that do not report writes get the documented limits."""
    row = Row("request rate", value)
    operations = {}
    status = row.raw("operationWriteStatus")
    if isinstance(status, Mapping):
        for name in status:
            operation = row.row("operationWriteStatus").row(str(name))
            operations[str(name)] = OperationRate(
                count=max(0, operation.whole("count") or 0), limit=_limit(operation.whole("limit"), 100)
            )
    return RequestRate(
        window_seconds=_limit(row.whole("slidingTimeWindowSizeSeconds"), 60),
        cut_off_ratio=row.number("accountCutOffRatio") or 0.9,
        read_limit=_limit(row.whole("accountRateLimit"), 600),
        read_count=max(0, row.whole("accountCount") or 0),
        write_limit=_limit(row.whole("accountWriteRateLimit"), 600),
        write_count=max(0, row.whole("accountWriteCount") or 0),
        operations=operations,
    )


def _limit(value: int | None, default: int) -> int:
    return value if value is not None and value > 0 else default


def read_system_status(value: object) -> SystemStatus:
    """Read the API's status."""
    row = Row("status", value)
    return SystemStatus(
        version=row.text("version"), status=row.text("status"), started_at=row.instant("started")
    )
