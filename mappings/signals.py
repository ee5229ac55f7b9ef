"""What this app tells others, without knowing them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

#: Sent after commit when mappings became usable or unusable, or point elsewhere: `site_uids=[...]`.
site_mappings_changed = Signal()


def announce_changed_mappings(site_uids: Iterable[str]) -> None:
    """Send `site_mappings_changed` once the transaction is committed; nothing for an empty list."""
    from mappings.models import SiteMapping  # noqa: PLC0415 - receivers import this module before models exist

    uids = sorted(set(site_uids))
    if uids:
        transaction.on_commit(lambda: _send(SiteMapping, uids))


def _send(sender: type, uids: list[str]) -> None:
    site_mappings_changed.send(sender=sender, site_uids=uids)
