"""Where an account lives: from whatever a person pasted to the address we call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from integration.vendors.origin import Origin

#: Platforms known to exist; others are accepted with a warning.
PLATFORMS: Final = ("pinotage", "merlot", "concord", "vidal", "zinfandel", "syrah")
_API_HOST: Final = re.compile(r"(?P<platform>[a-z0-9-]+)-api\.centrastage\.net")
_UI_HOST: Final = re.compile(
    r"(?P<platform>[a-z0-9-]+)\.rmm\.datto\.com|(?P<old>[a-z0-9-]+?)(?:rmm)?\.centrastage\.net"
)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,30}")
_CURE: Final = "copy it from your user page in Datto RMM, such as https://merlot-api.centrastage.net"


@dataclass(frozen=True, slots=True)
class ApiUrl:
    """A cleaned API address.

    Attributes:
        url: host, and path prefix if any, without "/api" and without a trailing slash.
        platform: such as "merlot", empty when the host does not tell.
        warning: why a person should look at it again, empty when all is well.
    """

    url: str
    platform: str
    warning: str = ""


def normalize_api_url(text: str, *, allow_insecure: bool = False) -> ApiUrl:
    """Return the API address meant by what a person pasted.

    Args:
        text: an address with or without scheme, "/api" and trailing slash; the address of the web portal; or the
            bare name of a platform ("Merlot").
        allow_insecure: accept plain http to hosts other than loopback, for a sandbox in a container.

    Raises:
        ValueError: naming the field and the cure.
    """
    cleaned = text.strip().strip("\"'<>").strip()
    if not cleaned:
        raise ValueError(f"API URL: is empty; {_CURE}")
    if cleaned.lower() in PLATFORMS:
        return _for_platform(cleaned.lower())
    if _NAME.fullmatch(cleaned.lower()) and cleaned.lower() != "localhost":
        raise ValueError(f"API URL: no known platform is called {cleaned[:40]!r}; {_CURE}")
    if "://" not in cleaned:
        cleaned = f"https://{cleaned}"
    try:
        parts = urlsplit(cleaned)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError(f"API URL: is not an address; {_CURE}") from None
    if parts.username is not None:
        raise ValueError(
            "API URL: holds a user name; leave credentials out of it, they have their own fields"
        )
    if (parts.scheme == "https" and port in {None, 443}) and (known := _known_host(host)):
        return known
    path = re.sub(r"/api(/.*)?$", "", parts.path.rstrip("/"))
    netloc = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme.lower()}://{netloc}{f':{port}' if port else ''}{path}"
    try:
        origin = Origin(url, allow_insecure=allow_insecure)
    except ValueError as error:
        problem = str(error).removeprefix("base_url: ").partition(";")[0]
        raise ValueError(f"API URL: {problem}; {_CURE}") from None
    warning = (
        "" if origin.is_loopback else f"{host} is not a Datto RMM host we know; check it before you save keys"
    )
    return ApiUrl(url=origin.base_url, platform="", warning=warning)


def _for_platform(platform: str) -> ApiUrl:
    warning = (
        "" if platform in PLATFORMS else f"the platform {platform!r} is not one we know; check the address"
    )
    return ApiUrl(url=f"https://{platform}-api.centrastage.net", platform=platform, warning=warning)


def _known_host(host: str) -> ApiUrl | None:
    if found := _API_HOST.fullmatch(host):
        return _for_platform(found["platform"])
    if found := _UI_HOST.fullmatch(host):
        return _for_platform(found["platform"] or found["old"])
    return None
