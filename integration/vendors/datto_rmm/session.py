"""One logged-in connection to an account, shared by all light copies of the client."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Final

from integration.vendors.budget import Governor, Lane
from integration.vendors.calls import Answer, CallContext
from integration.vendors.datto_rmm.hosts import normalize_api_url
from integration.vendors.datto_rmm.tokens import TokenStore
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
    WriteOutcomeUnknown,
)
from integration.vendors.http import HttpDoor, Params, Recorder

logger = logging.getLogger(__name__)

VENDOR: Final = "datto_rmm"
TOKEN_PATH: Final = "/auth/oauth/token"  # noqa: S105 - an address
#: The same for everybody; not secret.
_CLIENT: Final = ("public-client", "public")
#: A token is replaced this long before it ends, but never earlier than a tenth of its life.
_MARGIN_SECONDS: Final = 600.0
#: When the answer does not say how long a token lives.
_SHORT_LIFE_SECONDS: Final = 3600.0
#: A token read from the store is used this long before the store is asked again.
_MEMORY_SECONDS: Final = 60.0
_LOGIN_REFUSED_SECONDS: Final = 20.0


class Session:
    """Login, statuses and transport; see `DattoRmmClient` for the arguments."""

    def __init__(
        self,
        api_url: str,
        api_key: str,
        api_secret: str,
        *,
        governor: Governor,
        token_store: TokenStore,
        recorder: Recorder,
        timeout_seconds: tuple[float, float],
        allow_insecure: bool = False,
    ) -> None:
        address = normalize_api_url(api_url, allow_insecure=allow_insecure)
        self._key, self._secret = api_key.strip(), api_secret.strip()
        for name, value in (("API key", self._key), ("API secret", self._secret)):
            if not value:
                raise ValueError(
                    f"{name}: is empty; generate keys on the user's page in Datto RMM and paste both"
                )
            if not value.isprintable():
                raise ValueError(f"{name}: holds line breaks or control characters; paste it again")
        self.platform = address.platform
        self.governor = governor
        self._store = token_store
        self._token, self._token_good_until = "", 0.0
        self._refused_until = 0.0
        self.door = HttpDoor(
            VENDOR,
            address.url,
            governor,
            recorder,
            timeout_seconds=timeout_seconds,
            allow_insecure=allow_insecure,
            secrets=[self._secret, self._key],
            on_answer=self._judge,
        )

    def __repr__(self) -> str:
        return f"Session({self.door!r})"

    def call(
        self,
        method: str,
        path: str,
        *,
        context: CallContext,
        endpoint: str,
        operation: str = "",
        params: Params | None = None,
        json_body: object = None,
        with_token: bool = True,
    ) -> Answer:
        """Send one call under "/api" and return its 2xx answer; every other status is raised.

        Args:
            method: GET reads, everything else writes.
            path: below "/api".
            context: why.
            endpoint: short name of the address, without ids.
            operation: of a write, for its limit.
            params: query.
            json_body: body.
            with_token: False for the one address that needs none.
        """
        is_read = method == "GET"
        token = self._current_token(context) if with_token else ""
        for is_second in (False, True):
            try:
                return self.door.request(
                    method,
                    f"/api{path}",
                    context=context,
                    endpoint=endpoint,
                    is_read=is_read,
                    operation=operation,
                    params=params,
                    json_body=json_body,
                    headers={"Authorization": f"Bearer {token}"} if token else None,
                )
            except AuthenticationFailed:
                # 401 means the call was not carried out, so a write may be sent again, once.
                if is_second or not token:
                    raise
                token = self._new_token(context, stale=token)
            except PermissionDenied as error:
                if self.governor.report_403(VENDOR, endpoint):
                    raise self._address_blocked(error) from None
                raise
        raise AssertionError("unreachable: the second round returns or raises")

    def _address_blocked(self, error: PermissionDenied) -> RateLimited:
        pause = self.governor.policy(VENDOR).forbidden_block_seconds or 0.0
        return RateLimited(
            "Datto RMM answers 403 to everything: our address seems blocked for a while; all calls pause",
            retry_after_seconds=pause,
            vendor=VENDOR,
            method=error.method,
            path=error.path,
            status=error.status,
        )

    def _current_token(self, context: CallContext) -> str:
        if self._token and time.monotonic() < self._token_good_until:
            return self._token
        held = self._store.load()
        return self._remember(*held) if held is not None else self._new_token(context, stale="")

    def _remember(self, token: str, seconds: float) -> str:
        self._token, self._token_good_until = token, time.monotonic() + min(seconds, _MEMORY_SECONDS)
        return token

    def _new_token(self, context: CallContext, *, stale: str) -> str:
        """Return a token other than the stale one, logging in unless another worker just did.

        Raises:
            AuthenticationFailed: when the keys are refused.
            RateLimited, Unavailable, ContractBroken: when login was not possible.
        """
        with self.governor.exclusive(
            VENDOR, "login", lease_seconds=180.0, wait_seconds=self._patience(context)
        ):
            held = self._store.load()
            if held is not None and held[0] != stale:
                return self._remember(*held)
            if time.monotonic() < self._refused_until:
                raise self._keys_refused()
            self._token = ""
            try:
                token, seconds = self._log_in(context)
            except AuthenticationFailed:
                # Not asked again for a moment, so that a busy worker does not hammer the login with bad keys.
                self._refused_until = time.monotonic() + _LOGIN_REFUSED_SECONDS
                self._store.forget()
                raise
            self._store.save(token, seconds)
            return self._remember(token, seconds)

    def _patience(self, context: CallContext) -> float:
        return self.governor.patience_seconds(VENDOR, context.lane)

    def _log_in(self, context: CallContext) -> tuple[str, float]:
        """Return (token, seconds to use it)."""
        answer = self.door.request(
            "POST",
            TOKEN_PATH,
            context=context,
            endpoint="login",
            is_read=True,  # changes nothing: a second token does no harm
            form={"grant_type": "password", "username": self._key, "password": self._secret},
            auth=_CLIENT,
        )
        body = answer.json()
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or not isinstance(token, str) or not token.strip():
            raise answer.broken("the login answer holds no access token")
        try:
            life = float(str(body.get("expires_in") or _SHORT_LIFE_SECONDS))
        except ValueError:
            life = _SHORT_LIFE_SECONDS
        life = max(life, 1.0)
        return token.strip(), max(life - _MARGIN_SECONDS, life * 0.1)

    def _keys_refused(self) -> AuthenticationFailed:
        return AuthenticationFailed(
            "Datto RMM refuses the API key or secret; generate new ones on the user's page and save them here",
            vendor=VENDOR,
            method="POST",
            path=TOKEN_PATH,
        )

    def _judge(self, answer: Answer) -> VendorError | None:
        status = answer.status
        if answer.is_success:
            return None
        is_login = answer.path.endswith(TOKEN_PATH)
        is_read = answer.method == "GET" or is_login
        where = {"vendor": VENDOR, "method": answer.method, "path": answer.path}
        if is_login and status in {400, 401}:
            refused = self._keys_refused()
            refused.status, refused.path = status, answer.path
            return refused
        if status == 401:  # noqa: PLR2004 - HTTP status
            return AuthenticationFailed("Datto RMM does not accept the access token", status=status, **where)
        if status == 403:  # noqa: PLR2004 - HTTP status
            if answer.headers.get("retry-after"):
                return self.door.rate_limited(answer)
            return PermissionDenied(
                "the API user may not do this; check the security level of the keys' user",
                status=status,
                **where,
            )
        if status == 404:  # noqa: PLR2004 - HTTP status
            if is_login:
                return ContractBroken(
                    "there is no login at this address; check the API URL", status=status, **where
                )
            return NotFound("no such object, or not visible to the API user", status=status, **where)
        if status == 409:  # noqa: PLR2004 - HTTP status
            return Unavailable(
                "the object is being changed by somebody else; nothing changed", status=status, **where
            )
        if status == 429 or status in {502, 503, 504}:  # noqa: PLR2004 - HTTP status; the door's business
            return None
        if status >= 500:  # noqa: PLR2004 - HTTP status class
            if is_read:
                return Unavailable("Datto RMM had an internal error", status=status, **where)
            return WriteOutcomeUnknown(
                "Datto RMM had an internal error; the change may have happened", status=status, **where
            )
        return Rejected([self._message(answer)], status=status, **where)

    def _message(self, answer: Answer) -> str:
        """Return the vendor's own words, short and without secrets; usually there is only a reason phrase."""
        with contextlib.suppress(ContractBroken):
            body = answer.json()
            if isinstance(body, Mapping):
                for name in ("message", "error_description", "error"):
                    if isinstance(text := body.get(name), str) and text.strip():
                        return self.door.redact(text.strip(), longest=300)
        return f"refused with status {answer.status}"

    def should_learn(self, lane: Lane) -> bool:
        """Return whether this call should be followed by a look at the vendor's own counter."""
        return lane in {Lane.BACKGROUND, Lane.NOTE} and self.governor.should_learn(VENDOR)
