"""Copying notes, attachments and billed products between configuration items, each once, whatever interrupts it.

Nothing is unique there, so what the new item has already is counted off against what the old one has: two notes of
the same text stay two.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import Work
from integration.vendors.errors import PermissionDenied

_NO_TEXT: Final = "-"


def copy_notes(work: Work, entry: SyncRunEntry, progress: dict[str, Any], old_id: int, new_id: int) -> None:
    """Copy the notes of an item that the other does not have yet.

    Raises:
        VendorError: as the call ended; those before it are copied.
    """
    there = Counter(
        _note_key(note.title, note.description)
        for note in work.autotask.iter_configuration_item_notes(new_id)
    )
    copied = progress.get("notes", 0)
    for note in list(work.autotask.iter_configuration_item_notes(old_id)):
        key = _note_key(note.title, note.description)
        if there[key]:
            there[key] -= 1
            continue
        title, description = key
        work.autotask.create_configuration_item_note(
            new_id, title=title, description=description, note_type=note.note_type or 1
        )
        copied += 1
        note_step(entry, progress, notes=copied)


def _note_key(title: str, description: str) -> tuple[str, str]:
    """Return a note's texts as they are sent: Autotask refuses empty ones."""
    return title.strip() or _NO_TEXT, description.strip() or _NO_TEXT


def copy_attachments(
    work: Work, entry: SyncRunEntry, progress: dict[str, Any], old_id: int, new_id: int
) -> None:
    """Copy the attachments of an item that the other does not have yet.

    Raises:
        VendorError: as the call ended; those before it are copied.
    """
    there = Counter(
        (one.title, one.full_path) for one in work.autotask.iter_configuration_item_attachments(new_id)
    )
    copied = progress.get("attachments", 0)
    for listed in list(work.autotask.iter_configuration_item_attachments(old_id)):
        key = listed.title, listed.full_path
        if there[key]:
            there[key] -= 1
            continue
        whole = work.autotask.fetch_configuration_item_attachment(old_id, listed.id)
        work.autotask.create_configuration_item_attachment(
            new_id,
            title=whole.title,
            full_path=whole.full_path,
            content=whole.content,
            attachment_type=whole.attachment_type,
        )
        copied += 1
        note_step(entry, progress, attachments=copied)


def hand_over_billing(
    work: Work, entry: SyncRunEntry, progress: dict[str, Any], old_id: int, new_id: int
) -> None:
    """Bill for the new item what is billed for the old one, without a gap and without billing twice.

    Where the API user may not see billed products, nothing is handed over, and the change says so.

    Raises:
        VendorError: as the call ended; those before it are handed over.
    """
    now = timezone.now()
    try:
        billed = [
            one
            for one in work.autotask.iter_billing_product_associations(configuration_item_id=old_id)
            if one.expires_at is None or one.expires_at > now
        ]
        if not billed:
            return
        there = Counter(
            one.billing_product_id
            for one in work.autotask.iter_billing_product_associations(configuration_item_id=new_id)
            if one.expires_at is None or one.expires_at > now
        )
    except PermissionDenied:
        note_step(entry, progress, billing_products="not handed over: the API user may not read them")
        return
    done = progress.get("billing_products", 0)
    for one in billed:
        if there[one.billing_product_id]:
            there[one.billing_product_id] -= 1
        else:
            work.autotask.create_billing_product_association(
                new_id,
                billing_product_id=one.billing_product_id,
                # What begins later still begins later.
                effective_at=max(now, one.effective_at or now),
                expires_at=one.expires_at,
            )
        work.autotask.end_billing_product_association(old_id, one.id, expires_at=now)
        done += 1
        note_step(entry, progress, billing_products=done)


def progress_of(entry: SyncRunEntry) -> dict[str, Any]:
    """Return how far a change is: what it recorded itself, else what a failed try of the same change did.

    Without it, a change that failed half-way and is chosen again would make what the first try has made already.
    """
    if entry.result:
        return dict(entry.result)
    earlier = (
        SyncRunEntry.objects.filter(
            operation=entry.operation,
            object_type=entry.object_type,
            object_id=entry.object_id,
            status__in=[SyncRunEntry.Status.FAILED, SyncRunEntry.Status.HANDED_ON],
            pk__lt=entry.pk,
        )
        .exclude(result={})
        .order_by("-pk")
        .first()
    )
    same = ("configuration_item_id", "company_id", "survivor_id")
    if earlier is None or any(earlier.payload.get(name) != entry.payload.get(name) for name in same):
        return {}
    return dict(earlier.result)


def note_step(entry: SyncRunEntry, progress: dict[str, Any], **done: Any) -> None:
    """Record a step of a change at once: a crash after it must not repeat it."""
    progress.update(done)
    entry.result = dict(progress)
    entry.save(update_fields=["result"])
