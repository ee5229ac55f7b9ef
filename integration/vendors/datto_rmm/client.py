"""The client of one Datto RMM account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

from integration.vendors.budget import Governor, Lane
from integration.vendors.calls import CallContext
from integration.vendors.datto_rmm.api.accounts import AccountApi
from integration.vendors.datto_rmm.api.alerts import AlertApi
from integration.vendors.datto_rmm.api.devices import DeviceApi
from integration.vendors.datto_rmm.api.jobs import JobApi
from integration.vendors.datto_rmm.session import Session
from integration.vendors.datto_rmm.tokens import TokenStore
from integration.vendors.http import Recorder


class DattoRmmClient(AccountApi, DeviceApi, AlertApi, JobApi):
    """Everything we ask of Datto RMM, typed.

    `fetch_` is one read, `iter_` streams a list page by page, `set_ move_ create_ update_ resolve_` write and are
    sent once. Every call may raise any `VendorError`.

    Args:
        api_url: as a person pasted it, see `normalize_api_url`.
        api_key: of an API user; trimmed.
        api_secret: its secret; trimmed.
        governor: shared budget, with a policy for "datto_rmm".
        token_store: shared by all workers that use these keys.
        recorder: gets every call.
        context: why calls are made, until `with_context` says otherwise.
        timeout_seconds: (connect, longest silence while reading).
        allow_insecure: permit plain http beyond loopback, for a sandbox in a container.

    Raises:
        ValueError: naming the field and the cure.
    """

    def __init__(
        self,
        api_url: str,
        api_key: str,
        api_secret: str,
        *,
        governor: Governor,
        token_store: TokenStore,
        recorder: Recorder,
        context: CallContext = CallContext(),  # noqa: B008 - frozen
        timeout_seconds: tuple[float, float] = (5, 30),
        allow_insecure: bool = False,
    ) -> None:
        self._context = context
        self._session = Session(
            api_url,
            api_key,
            api_secret,
            governor=governor,
            token_store=token_store,
            recorder=recorder,
            timeout_seconds=timeout_seconds,
            allow_insecure=allow_insecure,
        )

    def __repr__(self) -> str:
        return f"DattoRmmClient({self._session.door!r}, lane={self._context.lane.value!r})"

    @property
    def platform(self) -> str:
        """Return the platform's name, such as "merlot"; empty when the host does not tell."""
        return self._session.platform

    @property
    def api_url(self) -> str:
        """Return the address in use, without "/api"."""
        return self._session.door.base_url

    def with_context(
        self,
        context: CallContext | None = None,
        *,
        lane: Lane | None = None,
        subject: str | None = None,
        run_id: int | None = None,
        before_write: Callable[[], None] | None = None,
    ) -> Self:
        """Return a cheap copy that shares connection and token; what is not given stays."""
        base = context or self._context
        twin = type(self).__new__(type(self))
        twin._session = self._session  # noqa: SLF001 - a copy of ourselves
        twin._context = replace(  # noqa: SLF001 - a copy of ourselves
            base,
            lane=base.lane if lane is None else lane,
            subject=base.subject if subject is None else subject,
            run_id=base.run_id if run_id is None else run_id,
            before_write=before_write or base.before_write,
        )
        return twin

    def close(self) -> None:
        """Close pooled connections, of all copies alike."""
        self._session.door.close()
