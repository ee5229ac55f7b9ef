"""What `script/server` is asked to run, read from the environment and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integration import env

PROFILES = ("S", "M", "L", "XL")


@dataclass(frozen=True, slots=True)
class Options:
    """One installation, as it will be started."""

    root: Path
    var_dir: Path
    host: str
    port: int
    public_url: str
    redis_url: str
    #: Where the embedded server listens; None when REDIS_URL names another one.
    embedded_socket: Path | None
    database: dict[str, Any]
    #: "auto", "on" or "off".
    sandbox: str
    sandbox_port: int
    sandbox_url: str
    sandbox_profile: str
    web_workers: int
    web_threads: int
    alert_workers: int
    sync_workers: int

    @property
    def reachable_host(self) -> str:
        """The address under which this machine reaches the web server."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104 - read, not bound

    @property
    def public_host(self) -> str:
        """The host name that the web server surely accepts."""
        return urlsplit(self.public_url).netloc


def read_options() -> Options:
    """Return the options.

    Raises:
        ImproperlyConfigured: a value is not usable; the message names its key.
        OSError: the data folder cannot be made.
    """
    # Reading any setting loads them all, and with them `.env`: it must come first.
    var_dir: Path = settings.VAR_DIR
    port: int = settings.PORT
    sandbox_port = env.read_int("SANDBOX_PORT", port + 100, minimum=1, maximum=65535)
    sandbox = settings.SANDBOX.lower()
    if sandbox not in {"auto", "on", "off"}:
        raise ImproperlyConfigured(f"SANDBOX: {settings.SANDBOX!r} is unknown. Use auto, on or off.")
    if sandbox != "off" and sandbox_port == port:
        raise ImproperlyConfigured(f"SANDBOX_PORT: {port} is PORT already. Choose another one.")
    if sandbox != "off" and sandbox_port > 65535:  # noqa: PLR2004 - the highest port
        raise ImproperlyConfigured(f"SANDBOX_PORT: PORT + 100 is {sandbox_port}, no port. Set SANDBOX_PORT.")
    profile = env.read_text("SANDBOX_PROFILE", "S").upper()
    if profile not in PROFILES:
        raise ImproperlyConfigured(f"SANDBOX_PROFILE: {profile!r} is unknown. Use {', '.join(PROFILES)}.")
    return Options(
        root=settings.BASE_DIR,
        var_dir=var_dir,
        host=env.read_text("HOST", "127.0.0.1").strip("[]"),
        port=port,
        public_url=settings.PUBLIC_URL,
        redis_url=settings.REDIS_URL,
        embedded_socket=None if env.read_text("REDIS_URL") else env.embedded_socket_path(var_dir),
        database=settings.DATABASES["default"],
        sandbox=sandbox,
        sandbox_port=sandbox_port,
        sandbox_url=settings.SANDBOX_URL,
        sandbox_profile=profile,
        web_workers=env.read_int("WEB_WORKERS", 2, minimum=1, maximum=64),
        web_threads=env.read_int("WEB_THREADS", 8, minimum=1, maximum=64),
        alert_workers=env.read_int("ALERT_WORKERS", 6, minimum=1, maximum=64),
        sync_workers=env.read_int("SYNC_WORKERS", 2, minimum=1, maximum=16),
    )
