"""Groups of devices: the list filters by them and the dashboard counts them. One definition, so that both agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Q, Value, When

from mappings.models import DeviceLink, DeviceReview

#: Value of a filter for "nothing is known"; an empty one means "no filter".
NOTHING = "none"
OFFLINE_DAYS = (7, 30, 90)
AUDIT_DAYS = (7, 30, 90)
WARRANTY_DAYS = 90
DECIDED_REVIEWS = (DeviceReview.State.MAPPED, DeviceReview.State.NO_CONTRACT)

Where = Callable[[str, datetime], Q]


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to look at devices.

    Attributes:
        name: of the list's address parameter.
        options: (value, label); empty when the values are what the devices hold.
        where: takes a value and the present; returns the condition on `Device`.
            Raises ValueError for a value it does not know.
        field: of `Device`, for facets without options.
    """

    name: str
    title: str
    options: tuple[tuple[str, str], ...]
    where: Where
    field: str = ""


#: (value, label, condition) of operating systems; the first that fits counts.
_OS_FAMILIES: tuple[tuple[str, str, Q], ...] = (
    (NOTHING, "Not reported", Q(operating_system="")),
    (
        "windows_server",
        "Windows Server",
        Q(operating_system__icontains="windows") & Q(operating_system__icontains="server"),
    ),
    ("windows", "Windows", Q(operating_system__icontains="windows")),
    (
        "macos",
        "macOS",
        Q(operating_system__icontains="macos")
        | Q(operating_system__icontains="mac os")
        | Q(operating_system__icontains="os x"),
    ),
    ("esxi", "VMware ESXi", Q(operating_system__icontains="esx")),
    (
        "linux",
        "Linux",
        Q(operating_system__icontains="linux")
        | Q(operating_system__icontains="ubuntu")
        | Q(operating_system__icontains="debian")
        | Q(operating_system__icontains="centos"),
    ),
)
_OTHER_OS = "other"


def os_family() -> Case:
    """Return the expression that tells a device's operating system family."""
    whens = [When(condition, then=Value(value)) for value, _label, condition in _OS_FAMILIES]
    return Case(*whens, default=Value(_OTHER_OS), output_field=CharField())


def _of_field(field: str) -> Where:
    return lambda value, _now: Q(**{field: "" if value == NOTHING else value})


def _of_table(conditions: Callable[[datetime], dict[str, Q]]) -> Where:
    def where(value: str, now: datetime) -> Q:
        try:
            return conditions(now)[value]
        except KeyError:
            raise ValueError(f"{value!r} is none of {', '.join(conditions(now))}") from None

    return where


def _families(_now: datetime) -> dict[str, Q]:
    found: dict[str, Q] = {}
    earlier = Q()
    for value, _label, condition in _OS_FAMILIES:
        found[value] = ~earlier & condition if earlier else condition
        earlier |= condition
    return {**found, _OTHER_OS: ~earlier}


def _offline(now: datetime) -> dict[str, Q]:
    not_online = Q(is_online=False) | Q(is_online__isnull=True)
    return {
        "online": Q(is_online=True),
        **{str(days): not_online & Q(last_seen_at__lt=now - timedelta(days=days)) for days in OFFLINE_DAYS},
        "never": not_online & Q(last_seen_at__isnull=True),
    }


def _links(_now: datetime) -> dict[str, Q]:
    states = {state.value: Q(link__state=state.value) for state in DeviceLink.State}
    states[DeviceLink.State.NEW.value] |= Q(link__isnull=True)
    return states


def _items(_now: datetime) -> dict[str, Q]:
    return {
        "with": Q(link__configuration_item__isnull=False),
        "without": Q(link__configuration_item__isnull=True),
        "inactive": Q(link__configuration_item__is_active=False),
    }


def _reviews(_now: datetime) -> dict[str, Q]:
    return {
        "undecided": Q(review__isnull=True) | ~Q(review__state__in=DECIDED_REVIEWS),
        **{state.value: Q(review__state=state.value) for state in DeviceReview.State},
        NOTHING: Q(review__isnull=True),
    }


def _reboot(_now: datetime) -> dict[str, Q]:
    return {"yes": Q(reboot_required=True), "no": Q(reboot_required=False)}


def _warranty(now: datetime) -> dict[str, Q]:
    today = now.date()
    return {
        "over": Q(warranty_date__lt=today),
        "soon": Q(warranty_date__gte=today, warranty_date__lte=today + timedelta(days=WARRANTY_DAYS)),
        "later": Q(warranty_date__gt=today + timedelta(days=WARRANTY_DAYS)),
        NOTHING: Q(warranty_date__isnull=True),
    }


def _audits(now: datetime) -> dict[str, Q]:
    return {
        **{str(days): Q(last_audit_at__lt=now - timedelta(days=days)) for days in AUDIT_DAYS},
        "never": Q(last_audit_at__isnull=True),
    }


CLASS = Facet("class", "class", (), _of_field("device_class"), "device_class")
CATEGORY = Facet("category", "category", (), _of_field("category"), "category")
OS = Facet(
    "os",
    "operating system",
    (
        *((value, label) for value, label, _ in _OS_FAMILIES[1:]),
        (_OTHER_OS, "Other"),
        (NOTHING, "Not reported"),
    ),
    _of_table(_families),
)
ANTIVIRUS = Facet("antivirus", "antivirus", (), _of_field("antivirus_status"), "antivirus_status")
PATCH = Facet("patch", "patch state", (), _of_field("patch_status"), "patch_status")
OFFLINE = Facet(
    "offline",
    "last seen",
    (
        ("online", "Online"),
        *((str(days), f"Offline for more than {days} days") for days in OFFLINE_DAYS),
        ("never", "Never seen"),
    ),
    _of_table(_offline),
)
LINK = Facet("link", "link", tuple((s.value, str(s.label)) for s in DeviceLink.State), _of_table(_links))
ITEM = Facet(
    "item",
    "configuration item",
    (
        ("with", "Has a configuration item"),
        ("without", "No configuration item"),
        ("inactive", "Inactive configuration item"),
    ),
    _of_table(_items),
)
REVIEW = Facet(
    "review",
    "review",
    (
        ("undecided", "Not reviewed"),
        *((state.value, str(state.label)) for state in DeviceReview.State),
        (NOTHING, "Not in the queue"),
    ),
    _of_table(_reviews),
)
REBOOT = Facet("reboot", "reboot required", (("yes", "Yes"), ("no", "No")), _of_table(_reboot))
WARRANTY = Facet(
    "warranty",
    "warranty",
    (
        ("over", "Over"),
        ("soon", f"Ends within {WARRANTY_DAYS} days"),
        ("later", "Ends later"),
        (NOTHING, "Not known"),
    ),
    _of_table(_warranty),
)
AUDIT = Facet(
    "audit",
    "last audit",
    (*((str(days), f"More than {days} days ago") for days in AUDIT_DAYS), ("never", "Never audited")),
    _of_table(_audits),
)
FACETS = (CLASS, CATEGORY, OS, OFFLINE, LINK, ITEM, REVIEW, ANTIVIRUS, PATCH, REBOOT, WARRANTY, AUDIT)
#: Facets whose values are what the devices hold.
OPEN_FACETS = tuple(facet for facet in FACETS if facet.field)
