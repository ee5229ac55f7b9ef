"""Addresses in the Datto RMM portal, for people to click on."""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

_PLATFORM: Final = re.compile(r"[a-z0-9-]{1,40}")
#: Vendor domains an address from the API may lie in.
_TRUSTED_DOMAINS: Final = ("centrastage.net", "rmm.datto.com")
_FIELDS: Final = {
    "alert": {"platform", "alert_uid"},
    "device": {"platform", "device_id"},
    "site": {"platform", "site_id"},
    "web_remote": {"platform", "device_id"},
}


@dataclass(frozen=True, slots=True)
class LinkTemplates:
    """Addresses with {platform}, {alert_uid}, {device_id}, {site_id}; the ids of device and site are numeric."""

    alert: str = "https://{platform}.rmm.datto.com/alert/{alert_uid}"
    device: str = "https://{platform}.rmm.datto.com/device/{device_id}"
    site: str = "https://{platform}.rmm.datto.com/site/{site_id}"
    web_remote: str = "https://{platform}.centrastage.net/csm/remote/rto/{device_id}"

    def __post_init__(self) -> None:
        for name, allowed in _FIELDS.items():
            template = getattr(self, name)
            try:
                fields = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
            except ValueError:
                raise ValueError(
                    f"{name} link: has an unclosed brace; write fields as {{platform}}"
                ) from None
            if unknown := fields - allowed:
                raise ValueError(
                    f"{name} link: unknown field {sorted(unknown)[0]!r}; use {', '.join(sorted(allowed))}"
                )
            host = urlsplit(template).netloc
            if (
                urlsplit(template).scheme not in {"https", "http"}
                or not host
                or "_id}" in host
                or "_uid}" in host
            ):
                raise ValueError(
                    f"{name} link: must begin with https:// and a host; only {{platform}} may be in the host"
                )


class Links:
    """Builds portal addresses of one platform.

    Args:
        platform: such as "merlot"; empty when unknown, then every link is empty.
        templates: other forms, for when the vendor changes them.

    Raises:
        ValueError: when the platform is not a plain name.
    """

    __slots__ = ("_platform", "_templates")

    def __init__(self, platform: str, templates: LinkTemplates | None = None) -> None:
        platform = platform.strip().lower()
        if platform and not _PLATFORM.fullmatch(platform):
            raise ValueError("platform: must be a plain name such as merlot")
        self._platform = platform
        self._templates = templates or LinkTemplates()

    def _build(self, template: str, name: str, value: str | int | None) -> str:
        if value in {None, ""} or ("{platform}" in template and not self._platform):
            return ""
        return template.format(platform=self._platform, **{name: quote(str(value), safe="")})

    def alert_url(self, alert_uid: str) -> str:
        """Return the alert's address, empty when it cannot be known."""
        return self._build(self._templates.alert, "alert_uid", alert_uid)

    def device_url(self, device_id: int | None) -> str:
        """Return the device's address by its numeric id, empty when it cannot be known."""
        return self._build(self._templates.device, "device_id", device_id)

    def site_url(self, site_id: int | None) -> str:
        """Return the site's address by its numeric id, empty when it cannot be known."""
        return self._build(self._templates.site, "site_id", site_id)

    def web_remote_url(self, device_id: int | None) -> str:
        """Return where a remote session to the device is opened, empty when it cannot be known."""
        return self._build(self._templates.web_remote, "device_id", device_id)


def trusted_url(url: str, *, extra_hosts: Collection[str] = ()) -> str:
    """Return an address that came from the API if it may be shown as a link, else "".

    Args:
        url: such as a device's portalUrl.
        extra_hosts: hosts to trust besides the vendor's, such as the sandbox'; with plain http too.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        _ = parts.port
    except ValueError:
        return ""
    odd = parts.username is not None or not url.isprintable() or any(c in url for c in ' \\"<>')
    if odd or not host:
        return ""
    if parts.scheme == "https" and any(
        host == domain or host.endswith(f".{domain}") for domain in _TRUSTED_DOMAINS
    ):
        return url.strip()
    if parts.scheme in {"https", "http"} and host in extra_hosts:
        return url.strip()
    return ""
