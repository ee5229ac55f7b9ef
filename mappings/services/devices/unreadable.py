"""Rows a vendor sends in a form that cannot be read: told to people, and nothing is concluded from their absence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integration.models import SyncRun
from integration.sync.recorder import RunRecorder
from integration.vendors.datto_rmm.wire import normalize_uid
from integration.vendors.errors import ContractBroken

#: More than these are not odd rows: the vendor's answer has another form.
_MOST: Final = 100
#: Key of a run's scope: Autotask ids of the organizations of items that could not be read, None for "nobody knows".
SCOPE_KEY: Final = "unread_company_ids"


class Unreadable:
    """Rows of one read that no record could be made of."""

    def __init__(self, recorder: RunRecorder, noun: str, vendor: str, remedy: str) -> None:
        self._recorder = recorder
        self._noun = noun
        self._vendor = vendor
        self._remedy = remedy
        self._first = ""
        self.count = 0
        self.company_ids: set[int | None] = set()

    def forget(self) -> None:
        """Start over, because the list is read again from its beginning."""
        self.count, self._first = 0, ""

    def note_device(self, row: object, problem: str) -> None:
        """Write down a device of Datto RMM's list."""
        values = row if isinstance(row, Mapping) else {}
        uid = values.get("uid")
        name = values.get("hostname")
        self._note(
            normalize_uid(uid) if isinstance(uid, str) else "",
            name if isinstance(name, str) and name else f"a {self._noun} without a name",
            problem,
        )

    def note_item(self, row: Mapping[str, Any], problem: str) -> None:
        """Write down a configuration item of Autotask's list, and whose it is."""
        number, company_id = _whole(row.get("id")), _whole(row.get("companyID"))
        title = row.get("referenceTitle")
        name = f" ({title})" if isinstance(title, str) and title else ""
        self.company_ids.add(company_id)
        self._note(
            "" if number is None else str(number), f"Configuration item {number or '?'}{name}", problem
        )

    def _note(self, object_id: str, label: str, problem: str) -> None:
        self.count += 1
        self._first = self._first or f"{label}: {problem}"
        if self.count > _MOST:
            raise ContractBroken(
                f"More than {_MOST} {self._noun}s could not be read, the first is {self._first}",
                vendor=self._vendor,
            )
        self._recorder.failed(self._noun.replace(" ", "_"), object_id, label, problem, self._remedy)

    @property
    def refusal(self) -> str:
        """Why the read does not count as whole, "" when it does."""
        if not self.count:
            return ""
        plural = "" if self.count == 1 else "s"
        return (
            f"{self.count} {self._noun}{plural} could not be read; all others were. {self._first}. "
            f"Nothing was taken for gone. {self._remedy}"
        )


def unread_company_ids() -> frozenset[int | None]:
    """Return the organizations of items that the latest whole device run could not read."""
    scopes = SyncRun.objects.filter(kind="devices", mode=SyncRun.Mode.SYNC, is_whole=True).exclude(stage="")
    scope = scopes.order_by("-pk").values_list("scope", flat=True).first() or {}
    return frozenset(scope.get(SCOPE_KEY, []))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
