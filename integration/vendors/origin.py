"""One host, pinned: every address we send to is built from it, never from a text that came over the wire."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Origin:
    """Scheme, host and port of a vendor, with an optional path in front of every relative path.

    Attributes:
        root: scheme, host and port.
        base_url: root and path, without a trailing slash.

    Raises:
        ValueError: when base_url is not an http(s) address, carries credentials, or is plain http to a remote host.
    """

    __slots__ = ("_base_path", "_key", "base_url", "host", "is_loopback", "root")

    def __init__(self, base_url: str, *, allow_insecure: bool = False) -> None:
        try:
            parts = urlsplit(base_url.strip())
            self._key = _key(parts)
        except ValueError:
            raise ValueError("base_url: not an address; give https://host") from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError("base_url: not an http(s) address; give https://host")
        if parts.username is not None:
            raise ValueError("base_url: holds a user name; give https://host without credentials")
        self.host = parts.hostname
        self.is_loopback = _is_loopback(self.host)
        if parts.scheme == "http" and not allow_insecure and not self.is_loopback:
            raise ValueError("base_url: plain http would send the keys unencrypted; give an https:// address")
        self._base_path = parts.path.rstrip("/")
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.base_url = self.root + self._base_path

    def resolve(self, path_or_url: str) -> tuple[str, str]:
        """Return (address to send to, its path).

        Args:
            path_or_url: "/v1.0/Tickets" under base_url, or an absolute address on this very host.

        Raises:
            ValueError: another scheme, host or port, or not a plain path.
        """
        try:
            parts = urlsplit(path_or_url)
            key = _key(parts)
        except ValueError:
            raise ValueError("the address cannot be read") from None
        is_absolute = bool(parts.scheme or parts.netloc or path_or_url.startswith("//"))
        if is_absolute and (key != self._key or parts.username is not None):
            raise ValueError("the address belongs to another host")
        if any(c.isspace() or not c.isprintable() or c == "\\" for c in path_or_url):
            raise ValueError("the address holds characters no path has")
        path = parts.path if is_absolute else self._base_path + parts.path
        if not parts.path.startswith("/") or not {".", ".."}.isdisjoint(path.split("/")):
            raise ValueError("the address is not a plain path")
        return f"{self.root}{path}" + (f"?{parts.query}" if parts.query else ""), path


def _key(parts: SplitResult) -> tuple[str, str, int | None]:
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
