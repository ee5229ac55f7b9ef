"""Starts the sandbox: `python -m integration.sandbox --port 8100 --profile S --state-file var/sandbox.json`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # gunicorn ships no types

from .app import create_app
from .control import Sandbox, SandboxOptions
from .world import DEMO_CREDENTIALS, DemoCredentials
from .world_profiles import PROFILES

_THREADS = 32
_PORT_MAX = 65_535


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= _PORT_MAX:
        raise argparse.ArgumentTypeError("give a port between 1 and 65535")
    return int(text)


def parse(arguments: list[str]) -> tuple[SandboxOptions, str, int]:
    """Return (options, host, port) of a command line; a wrong one ends the process with a usage message."""
    parser = argparse.ArgumentParser(
        prog="python -m integration.sandbox",
        description="A double of Datto RMM and Autotask with demo data. The vendors' products are not involved.",
    )
    parser.add_argument("--port", type=_port, default=8100)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument(
        "--profile", type=str.upper, choices=sorted(PROFILES), default="S", help="size of the world"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another world")
    parser.add_argument("--state-file", type=Path, help="keep the state in this file over restarts")
    parser.add_argument(
        "--public-url", help="scheme, host and port clients use (default: from host and port)"
    )
    parser.add_argument(
        "--no-limits", action="store_true", help="lift both vendors' rate limits, for benchmarks"
    )
    login = DEMO_CREDENTIALS
    for name in DemoCredentials.__dataclass_fields__:
        parser.add_argument(
            f"--{name.replace('_', '-')}", default=getattr(login, name), help="replaces the demo login"
        )
    chosen = parser.parse_args(arguments)
    shown = "127.0.0.1" if chosen.host in {"0.0.0.0", "::"} else chosen.host  # noqa: S104 - compared, not bound
    credentials = DemoCredentials(
        **{name: getattr(chosen, name) for name in DemoCredentials.__dataclass_fields__}
    )
    options = SandboxOptions(
        profile=chosen.profile,
        seed=chosen.seed,
        public_url=(chosen.public_url or f"http://{shown}:{chosen.port}").rstrip("/"),
        state_file=chosen.state_file,
        credentials=credentials,
        limits=not chosen.no_limits,
    )
    return options, chosen.host, chosen.port


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """One gunicorn worker with threads: the state lives in that worker's memory."""

    def __init__(self, options: SandboxOptions, host: str, port: int) -> None:
        self._options = options
        self._bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._sandbox: Sandbox | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn up; no file and no environment variable takes part."""
        settings: dict[str, Any] = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": "gthread",
            "threads": _THREADS,
            "keepalive": 30,
            "timeout": 120,
            "graceful_timeout": 3,
            "control_socket_disable": True,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "worker_exit": self._stop,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the world in the worker and return the application."""
        sandbox = self._sandbox = Sandbox(self._options)
        sandbox.start()
        logging.getLogger("integration.sandbox").info("ready")
        return create_app(sandbox)

    def _stop(self, _server: object, _worker: object) -> None:
        if self._sandbox is not None:
            self._sandbox.close()


def main() -> None:
    """Serve until the process is told to stop."""
    options, host, port = parse(sys.argv[1:])
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    Server(options, host, port).run()


if __name__ == "__main__":
    main()
