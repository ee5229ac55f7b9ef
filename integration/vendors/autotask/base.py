"""What all calls to Autotask share: session, zone, context, and reading an answer."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Self, TypeVar

from integration.vendors.autotask.answers import VENDOR
from integration.vendors.autotask.records.metadata import Threshold, Version
from integration.vendors.autotask.session import AutotaskSession
from integration.vendors.autotask.wire import WireError
from integration.vendors.autotask.zone import ZoneCache, ZoneInfo
from integration.vendors.budget import Governor, Lane
from integration.vendors.calls import Answer, CallContext
from integration.vendors.http import Recorder

Record = TypeVar("Record")


class BaseClient:
    """What all calls to Autotask share: session, zone, context, and reading an answer.

    Copies made with `with_context` share session, zone and connections; a client may be used by several threads.

    Args:
        zone_lookup_url: where `zoneInformation` is asked, up to but without `/v1.0`.
        username: the API user's login.
        secret: its password.
        integration_code: tracking identifier.
        governor: shared budget.
        zone_cache: shared memory of zones.
        recorder: gets every attempt that was sent.
        context: why calls are made, until `with_context` says otherwise.
        timeout_seconds: (connect, longest silence while reading). Autotask works up to 300 seconds on a query.

    Raises:
        ValueError: naming the setting that is empty or wrong, and the cure.
    """

    def __init__(
        self,
        zone_lookup_url: str,
        username: str,
        secret: str,
        integration_code: str,
        *,
        governor: Governor,
        zone_cache: ZoneCache,
        recorder: Recorder,
        context: CallContext | None = None,
        timeout_seconds: tuple[float, float] = (5, 40),
    ) -> None:
        self._session = AutotaskSession(
            zone_lookup_url,
            username,
            secret,
            integration_code,
            governor=governor,
            zone_cache=zone_cache,
            recorder=recorder,
            timeout_seconds=timeout_seconds,
        )
        self._context = context or CallContext()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._session!r}, lane={self._context.lane.value})"

    @property
    def context(self) -> CallContext:
        """Why this copy's calls are made."""
        return self._context

    @property
    def warning(self) -> str | None:
        """What a person should know about the lookup address, None when it is Autotask's own."""
        return self._session.warning

    @property
    def web_url(self) -> str:
        """Address of Autotask's screens for `links`, with a trailing slash; "" when the zone names none.

        Raises:
            VendorError: the zone is not known yet and cannot be looked up.
        """
        return self.fetch_zone().web_url

    def with_context(
        self,
        *,
        lane: Lane | None = None,
        subject: str | None = None,
        run_id: int | None = None,
        before_write: Callable[[], None] | None = None,
    ) -> Self:
        """Return a cheap copy whose calls carry this context; what is not given stays."""
        clone = copy(self)
        clone._context = replace(  # noqa: SLF001  the clone is ours, nobody has seen it yet
            self._context,
            lane=self._context.lane if lane is None else lane,
            subject=self._context.subject if subject is None else subject,
            run_id=self._context.run_id if run_id is None else run_id,
            before_write=before_write or self._context.before_write,
        )
        return clone

    def close(self) -> None:
        """Close pooled connections, for all copies."""
        self._session.close()

    def fetch_zone(self) -> ZoneInfo:
        """Return the zone, looked up when not known.

        Raises:
            AuthenticationFailed: Autotask does not know the user name.
            Unavailable: the lookup does not answer.
            ContractBroken: not a zone lookup, or an answer that cannot be trusted.
        """
        return self._session.fetch_zone(self._context)

    def refresh_zone(self) -> ZoneInfo:
        """Look the zone up now, whatever is cached.

        Raises:
            VendorError: as `fetch_zone`.
        """
        return self._session.refresh_zone(self._context)

    def fetch_threshold(self) -> Threshold:
        """Return the request budget of the database; the governor learns it too. Counts as a call itself."""
        return self._session.fetch_threshold(self._context)

    def fetch_version(self) -> Version:
        """Return the version of the installation; the cheapest proof that the credentials work."""
        answer = self._call("GET", "Version")
        return parsed(answer, Version.from_wire, answer.json())

    def _call(self, method: str, path_or_url: str, body: object = None) -> Answer:
        return self._session.call(method, path_or_url, context=self._context, json_body=body)

    def _parse(self, entity: str, parse: Callable[[object], Record], row: object) -> Record:
        answer = Answer(200, {}, b"", VENDOR, "", entity)
        return parsed(answer, parse, row)


def parsed(answer: Answer, parse: Callable[[object], Record], row: object) -> Record:
    """Return a part of an answer as a record.

    Raises:
        ContractBroken: a value the record cannot do with, named.
    """
    try:
        return parse(row)
    except WireError as error:
        raise answer.broken(str(error)) from error
