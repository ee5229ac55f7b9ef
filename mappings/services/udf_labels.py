"""What the account calls Datto RMM's user-defined fields: "Backup provider" instead of "UDF 7"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.utils import timezone

from integration.sync.recorder import RunRecorder
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, Rejected
from mappings.models import DattoUdfLabel
from mappings.services.mirror import needs_full_read, record_read

_NAME: Final = "UDF labels"
_EVERY: Final = timedelta(hours=24)


def sync_udf_labels(recorder: RunRecorder, datto: DattoRmmClient) -> None:
    """Read the labels once a day; one call. Where API v3 is not offered, numbers go on being shown, and that is said.

    A label is kept when no device shows it any more: the API tells labels on devices only, so none is no answer.

    Raises:
        VendorError: Datto RMM does not answer, or refuses the login.
    """
    if recorder.dry_run or not needs_full_read(_NAME, every=_EVERY):
        return
    recorder.begin_step("Reading the names of user-defined fields")
    try:
        labels = datto.fetch_udf_labels()
    except (PermissionDenied, NotFound, Rejected, ContractBroken) as error:
        recorder.noticed(
            "UDF label",
            error.path,
            "Labels of Datto RMM UDFs",
            f"They could not be read, so UDFs are shown by number or by the label known before. {error.detail}",
            "Nothing depends on them. It is tried again tomorrow.",
        )
    else:
        known = dict(DattoUdfLabel.objects.values_list("number", "label"))
        now = timezone.now()
        rows = [
            DattoUdfLabel(number=number, label=label[:255], synced_at=now)
            for number, label in labels.items()
            if known.get(number) != label[:255]
        ]
        DattoUdfLabel.objects.bulk_create(
            rows, update_conflicts=True, update_fields=["label", "synced_at"], unique_fields=["number"]
        )
    record_read(recorder, _NAME, cursor_at=None, is_full=True)


def read_labels() -> Mapping[int, str]:
    """Return number -> label of every UDF that has one. One query."""
    return dict(DattoUdfLabel.objects.values_list("number", "label"))


def name_udf(number: int, labels: Mapping[int, str]) -> str:
    """Return what people call a UDF: "Backup provider (UDF 7)", or "UDF 7" without a label."""
    label = labels.get(number, "")
    return f"{label} (UDF {number})" if label else f"UDF {number}"
