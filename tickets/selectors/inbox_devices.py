"""What waits for a person about devices, in the inbox's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integration.tally import Row
from mappings.models import DeviceFinding
from mappings.services.devices.attention import DeviceAttention, read_attention
from tickets.selectors.groups import Group, Link, count_words, find_url, make_links

_EXAMPLES: Final = 5
_Kind = DeviceFinding.Kind
#: Kind of a drift -> (title, what happened, cure).
_DRIFT: Final = {
    _Kind.AMBIGUOUS: (
        "Devices that several configuration items fit",
        "Nothing is written for them until one is chosen.",
        "Choose the right configuration item of each.",
    ),
    _Kind.SHARED: (
        "Configuration items that several devices fit",
        "Nothing is written for these devices until one is chosen.",
        "Choose the device that each configuration item stands for.",
    ),
    _Kind.MOVED: (
        "Devices that moved to another organization",
        "Their configuration items are still at the old one; Autotask cannot move them.",
        "Move each with its history, or leave it.",
    ),
    _Kind.ELSEWHERE: (
        "Devices whose serial number stands at another organization",
        "They have no configuration item until you say whether it is the same machine.",
        "Move the configuration item here, or say that it is another machine.",
    ),
    _Kind.DUPLICATE: (
        "Devices with two configuration items",
        "One of them is kept up to date, the other one is not.",
        "Merge them.",
    ),
    _Kind.ITEM_WITHOUT_DEVICE: (
        "Configuration items without a device",
        "They are active in Autotask, and no device of Datto RMM stands behind them.",
        "Link, deactivate or leave them.",
    ),
    _Kind.DEVICE_DELETED: (
        "Deleted devices with an active configuration item",
        "Datto RMM no longer has the device.",
        "Deactivate the configuration item, or leave it.",
    ),
    _Kind.RETURNED: (
        "Devices that came back as new ones",
        "Datto RMM has given them a new id.",
        "Confirm that they are the same machines.",
    ),
    _Kind.ITEM_GONE: (
        "Configuration items that vanished",
        "Autotask no longer returns them.",
        "Create them anew, or link the devices to others.",
    ),
    _Kind.ITEM_INACTIVE: (
        "Configuration items deactivated in Autotask",
        "Their devices are still in Datto RMM.",
        "Activate them again, or leave it.",
    ),
}


def list_device_groups(answers: Mapping[str, list[Row]]) -> list[Group]:
    """Return the groups about devices, most urgent first; the queries of `read_attention`."""
    found = read_attention(answers)
    return [
        *_failures(found),
        *_approvals(found),
        *_types(found),
        *_sites(found),
        *_drift(found),
        *_reviews(found),
        *_maps(found),
    ]


def _failures(found: DeviceAttention) -> list[Group]:
    run = found.last_run
    if run is None:
        return []
    return [
        Group(
            "Changes of the last devices run failed",
            run.failed,
            run.example or "No details.",
            "Open the run; each change says what to do. The next run tries again.",
            links=make_links(
                ("Open the run", find_url("admin:integration_syncrun_change", run.pk)),
                ("See the changes", _changes(run.pk, "failed")),
            ),
            icon="sync_problem",
            permission="integration.view_syncrun",
        )
    ]


def _approvals(found: DeviceAttention) -> list[Group]:
    if not found.approvals:
        return []
    newest = max(found.approvals)
    count = sum(found.approvals.values())
    several = len(found.approvals) > 1
    return [
        Group(
            "Changes that wait for approval",
            count,
            f"{count_words(count, 'change')} {'are' if count > 1 else 'is'} planned and not applied.",
            "Look through them; tick those that are right and apply them.",
            links=make_links(
                (
                    "See the changes",
                    find_url("admin:integration_syncrunentry_changelist", status__exact="waiting")
                    if several
                    else _changes(newest, "waiting"),
                ),
                ("Open the newest run", find_url("admin:integration_syncrun_change", newest)),
            ),
            icon="pending_actions",
            permission="integration.view_syncrun",
        )
    ]


def _changes(run_id: int, status: str) -> str:
    return find_url(
        "admin:integration_syncrunentry_changelist", run__id__exact=str(run_id), status__exact=status
    )


def _types(found: DeviceAttention) -> list[Group]:
    if not found.types:
        return []
    return [
        Group(
            "Device types without a usable product",
            len(found.types),
            "Autotask refuses a new configuration item without an active product.",
            "Choose an active product for each.",
            examples=tuple(
                Link(label, find_url("admin:mappings_devicetyperule_change", pk))
                for pk, label in found.types[:_EXAMPLES]
            ),
            links=make_links(("Device types", find_url("admin:mappings_devicetyperule_changelist"))),
            icon="category",
            permission="mappings.view_devicetyperule",
        )
    ]


def _sites(found: DeviceAttention) -> list[Group]:
    if not found.sites:
        return []
    return [
        Group(
            "Sites with devices to map",
            found.sites,
            f"The devices of {count_words(found.sites, 'site')} get no configuration item yet.",
            "Choose the organization of each site, or ignore the site.",
            links=make_links(("Map sites", find_url("admin:mappings_sitemapping_changelist"))),
            icon="lan",
            permission="mappings.view_sitemapping",
        )
    ]


def _drift(found: DeviceAttention) -> list[Group]:
    groups = []
    for kind, (title, happened, cure) in _DRIFT.items():
        if count := found.findings.get(kind, 0):
            url = find_url("admin:mappings_devicefinding_changelist", kind=kind.value)
            groups.append(
                Group(
                    title,
                    count,
                    happened,
                    cure,
                    links=make_links(("Open drift", url)),
                    icon="compare_arrows",
                    permission="mappings.view_devicefinding",
                )
            )
    return groups


def _reviews(found: DeviceAttention) -> list[Group]:
    if not found.reviews:
        return []
    return [
        Group(
            "Devices to review",
            found.reviews,
            "Nobody has decided yet whether they are under contract.",
            "Decide in the review queue. Contract rules can do it for the plain ones.",
            links=make_links(
                ("Open the review queue", find_url("admin:mappings_devicereview_changelist")),
                ("Contract rules", find_url("admin:mappings_contractrule_changelist")),
            ),
            icon="assignment_turned_in",
            permission="mappings.view_devicereview",
        )
    ]


def _maps(found: DeviceAttention) -> list[Group]:
    if not found.maps:
        return []
    return [
        Group(
            "Field mappings with problems",
            len(found.maps),
            found.maps[0].problem,
            "Open each; it says what to do.",
            examples=tuple(
                Link(one.label, find_url("admin:mappings_fieldmap_change", one.pk))
                for one in found.maps[:_EXAMPLES]
            ),
            links=make_links(("User-defined fields", find_url("admin:mappings_fieldmap_changelist"))),
            icon="input",
            permission="mappings.view_fieldmap",
        )
    ]
