"""How a request leaves: session, credentials from nowhere else, query and body."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from integration.vendors.origin import Origin

#: Values sent as query; None is left out, a sequence repeats its name.
Params = Mapping[str, str | int | bool | Sequence[str] | None]


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the request alone; given as auth so that nothing else (netrc) can supply one."""
    return request


def new_session(origin: Origin, *, verify: bool | str) -> requests.Session:
    """Return a session that takes from the environment only what we choose.

    trust_env is off because netrc would override our Authorization header; proxies and CA bundles, which
    sites with a filtering proxy need, are read here by hand.
    """
    session = requests.Session()
    session.trust_env = False
    if not origin.is_loopback:
        session.proxies.update(get_environ_proxies(origin.root))
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    session.verify = bundle if verify is True and bundle else verify
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=max(8, threading.active_count()), max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def query_pairs(params: Params | None) -> list[tuple[str, str]]:
    """Return the query as pairs, in order; None is left out, booleans are written in lower case."""
    pairs = []
    for name, value in (params or {}).items():
        if value is None:
            continue
        values = [value] if isinstance(value, str | int) else value
        pairs += [(name, str(one).lower() if isinstance(one, bool) else str(one)) for one in values]
    return pairs


def encode_body(json_body: object, form: Mapping[str, str] | None, headers: dict[str, str]) -> bytes | None:
    """Return the body and add its content type to the headers."""
    if json_body is not None:
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
        return json.dumps(json_body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if form is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return urlencode(form).encode("ascii")
    return None
