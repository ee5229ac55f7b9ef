"""The authenticated way to one database: finds its zone, sends with credentials, follows a zone move.

One session is shared by all copies of a client and by threads. Credentials are added here and nowhere else, and
only to requests for the zone's host, which the door pins.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from integration.vendors.autotask.answers import LOGIN_CURE, VENDOR, error_of, is_read
from integration.vendors.autotask.entities import bucket_of_path
from integration.vendors.autotask.records.metadata import Threshold
from integration.vendors.autotask.wire import WireError
from integration.vendors.autotask.zone import (
    CACHE_SECONDS,
    ZoneCache,
    ZoneInfo,
    cache_key,
    from_cache,
    normalize_zone_url,
    to_cache,
    zone_url_warning,
)
from integration.vendors.budget import Governor, Lane
from integration.vendors.calls import Answer, CallContext
from integration.vendors.errors import AuthenticationFailed, VendorError
from integration.vendors.http import HttpDoor, Recorder

logger = logging.getLogger(__name__)

API_VERSION: Final = "V1.0"
#: The lookup is a read of a few bytes; somebody waits for it.
_LOOKUP_ATTEMPTS: Final = 3
_URGENT: Final = frozenset({Lane.NEW_TICKET, Lane.INTAKE})


class AutotaskSession:
    """Credentials, zone and connection of one Autotask database.

    Args:
        zone_lookup_url: where `zoneInformation` is asked; see `normalize_zone_url` for what is accepted.
        username: the API user's login.
        secret: its password.
        integration_code: tracking identifier of the integration.
        governor: shared budget.
        zone_cache: shared memory of zones.
        recorder: gets every attempt that was sent.
        timeout_seconds: (connect, longest silence while reading).

    Raises:
        ValueError: naming the setting that is empty or cannot be sent.
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
        timeout_seconds: tuple[float, float],
    ) -> None:
        self.lookup_url = normalize_zone_url(zone_lookup_url)
        self.username = _header_safe("AUTOTASK_USERNAME", username.strip())
        self._headers = {
            "UserName": _as_sent(self.username),
            "Secret": _as_sent(_header_safe("AUTOTASK_SECRET", secret)),
            "ApiIntegrationCode": _as_sent(
                _header_safe("AUTOTASK_INTEGRATION_CODE", integration_code.strip())
            ),
        }
        self._secrets = (secret, integration_code.strip())
        self._governor = governor
        self._zone_cache = zone_cache
        self._recorder = recorder
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._zone: ZoneInfo | None = None
        self._door: HttpDoor | None = None

    def __repr__(self) -> str:
        return f"AutotaskSession(lookup_url={self.lookup_url!r}, username={self.username!r})"

    @property
    def warning(self) -> str | None:
        """What a person should know about the lookup address, None when it is Autotask's own."""
        return zone_url_warning(self.lookup_url)

    def close(self) -> None:
        """Close pooled connections."""
        with self._lock:
            if self._door is not None:
                self._door.close()
            self._door = None

    def fetch_zone(self, context: CallContext) -> ZoneInfo:
        """Return the zone, from memory or cache when known, else looked up.

        Raises:
            AuthenticationFailed: Autotask does not know the user name.
            Unavailable: the lookup does not answer.
            ContractBroken: there is no zone lookup at the address, or its answer cannot be trusted.
        """
        with self._lock:
            if self._zone is None:
                cached = self._zone_cache.read(self._cache_key)
                self._zone = from_cache(cached, lookup_url=self.lookup_url) if cached else None
            if self._zone is None:
                self._zone = self._look_up(context)
            return self._zone

    def refresh_zone(self, context: CallContext) -> ZoneInfo:
        """Look the zone up now, whatever is cached.

        Raises:
            VendorError: as `fetch_zone`.
        """
        with self._lock:
            self._zone = self._look_up(context)
            return self._zone

    def call(
        self,
        method: str,
        path_or_url: str,
        *,
        context: CallContext,
        json_body: object = None,
    ) -> Answer:
        """Send one authenticated request.

        A 401 means that nothing was executed, so the zone is looked up once more and the request repeated
        there, but only when the database has moved.

        Args:
            method: HTTP method.
            path_or_url: path below the versioned API, such as "Tickets/5", or a whole address on the zone's host.
            context: why the call is made.
            json_body: sent as JSON when not None.

        Returns:
            A good answer: 2xx without an `errors` list.

        Raises:
            VendorError: whatever the answer means.
        """
        zone = self.fetch_zone(context)
        try:
            answer = self._send(zone, method, path_or_url, context, json_body)
        except AuthenticationFailed as refused:
            moved = self._zone_after_refusal(zone, refused, context)
            if moved is None or path_or_url.startswith(("http://", "https://")):
                raise
            answer = self._send(moved, method, path_or_url, context, json_body)
        if context.lane not in _URGENT and is_read(answer.method, answer.path):
            self._learn_budget(context)
        return answer

    def fetch_threshold(self, context: CallContext) -> Threshold:
        """Return the shared request budget and tell the governor. Costs one call itself.

        Raises:
            VendorError: as `call`.
            ContractBroken: the numbers are missing.
        """
        answer = self._send(self.fetch_zone(context), "GET", "ThresholdInformation", context, None)
        try:
            threshold = Threshold.from_wire(answer.json())
        except WireError as error:
            raise answer.broken(str(error)) from error
        if threshold.limit >= 1 and threshold.used >= 0:
            self._governor.learn_use(VENDOR, threshold.used, limit=threshold.limit)
        return threshold

    @property
    def _cache_key(self) -> str:
        return cache_key(self.lookup_url, self.username)

    def _send(
        self, zone: ZoneInfo, method: str, path_or_url: str, context: CallContext, json_body: object
    ) -> Answer:
        is_absolute = path_or_url.startswith(("http://", "https://"))
        target = path_or_url if is_absolute else f"/{API_VERSION}/{path_or_url}"
        path = target.partition("?")[0]
        return self._door_to(zone).request(
            method,
            target,
            context=context,
            endpoint=bucket_of_path(path),
            is_read=is_read(method, path),
            json_body=json_body,
            headers=self._headers,
        )

    def _door_to(self, zone: ZoneInfo) -> HttpDoor:
        with self._lock:
            if self._door is None or self._door.base_url != zone.url.rstrip("/"):
                # The old door is not closed: another thread may be in the middle of a call through it.
                self._door = self._new_door(zone.url)
            return self._door

    def _new_door(self, base_url: str) -> HttpDoor:
        door = HttpDoor(
            VENDOR,
            base_url,
            self._governor,
            self._recorder,
            timeout_seconds=self._timeout_seconds,
            secrets=self._secrets,
            on_answer=lambda answer: error_of(answer, door.redact),
        )
        return door

    def _zone_after_refusal(
        self, used: ZoneInfo, refused: AuthenticationFailed, context: CallContext
    ) -> ZoneInfo | None:
        """Return the zone to repeat the call in, None when the database has not moved."""
        with self._lock:
            current = self._zone
            if current is not None and current.url != used.url:
                return current  # another thread has just found out
            try:
                found = self._look_up(context)
            except AuthenticationFailed:
                raise
            except VendorError as error:
                logger.warning("autotask: the zone could not be looked up after a refused login: %s", error)
                raise refused from error
            self._zone = found
            return found if found.url != used.url else None

    def _look_up(self, context: CallContext) -> ZoneInfo:
        door = HttpDoor(
            VENDOR,
            self.lookup_url,
            self._governor,
            self._recorder,
            timeout_seconds=self._timeout_seconds,
            secrets=self._secrets,
            on_answer=_lookup_error,
        )
        try:
            answer = door.request(
                "GET",
                "/v1.0/zoneInformation",
                context=context,
                endpoint="zoneInformation",
                is_read=True,
                params={"user": self.username},
                governed=False,
                max_attempts=_LOOKUP_ATTEMPTS,
            )
        finally:
            door.close()
        try:
            zone = ZoneInfo.from_wire(answer.json(), lookup_url=self.lookup_url)
        except WireError as error:
            raise answer.broken(f"{error}; check AUTOTASK_ZONE_URL") from error
        self._zone_cache.write(self._cache_key, to_cache(zone), CACHE_SECONDS)
        return zone

    def _learn_budget(self, context: CallContext) -> None:
        """Read Autotask's own counter now and then; strangers use the same budget. Its failure is no one's failure."""
        try:
            if self._governor.should_learn(VENDOR):
                self.fetch_threshold(context)
        except VendorError as error:
            logger.info("autotask: the request counter could not be read: %s", error)


def _lookup_error(answer: Answer) -> VendorError | None:
    # 500 with texts is how the lookup says "unknown user"; no secret was sent, so nothing needs masking.
    if answer.status == 500 and b"errors" in answer.body.lower():  # noqa: PLR2004  HTTP status
        return AuthenticationFailed(
            "Autotask knows no API user of this name: check AUTOTASK_USERNAME, which is the API user's "
            "whole login (it looks like an e-mail address), and AUTOTASK_ZONE_URL",
            vendor=VENDOR,
            method=answer.method,
            path=answer.path,
            status=answer.status,
        )
    if answer.status in {404, 405}:
        return answer.broken(
            "there is no Autotask zone lookup at this address: check AUTOTASK_ZONE_URL, "
            "which ends before /v1.0/zoneInformation"
        )
    return error_of(answer, str)


def _header_safe(setting: str, value: str) -> str:
    if not value:
        raise ValueError(f"{setting}: it is empty; {LOGIN_CURE[0].lower()}{LOGIN_CURE[1:]}")
    if not value.isprintable():
        raise ValueError(f"{setting}: contains a line break or control character; paste it again")
    if value != value.strip():
        raise ValueError(f"{setting}: starts or ends with a blank; paste it again")
    return value


def _as_sent(value: str) -> str:
    # http.client encodes header texts as Latin-1; this makes the bytes on the wire UTF-8.
    return value.encode("utf-8").decode("latin-1")
