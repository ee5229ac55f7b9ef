"""A whole installation for end-to-end tests: sandbox, web, workers and beat as the processes that users run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from integration.server import programs
from integration.server.options import Options
from integration.server.processes import Program, kill_group, spawn, stop
from integration.server.readiness import web_state
from tests.migrated import copy_migrated
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parent.parent

#: Everything happens within a second or two, not within minutes.
QUICK = {
    "ALERT_POLL_SECONDS": "2",
    "TICKET_POLL_SECONDS": "2",
    "SWEEP_SECONDS": "1",
    "DEVICE_SYNC_MINUTES": "1",
}

_STOP_ORDER = ("beat", "alerts", "sync", "web", "sandbox", "valkey")


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(**settings: str) -> dict[str, str]:
    """Return an environment for processes of the product: none of our test settings, then `settings`."""
    ours = {"VAR_DIR", "REDIS_URL", "DATABASE_URL", "SANDBOX", "LOG_LEVEL", "DJANGO_SETTINGS_MODULE"}
    return {key: value for key, value in os.environ.items() if key not in ours} | settings


class LiveBridge:
    """Starts on entering, stops on leaving, shows all logs when the block failed.

    Args:
        sandbox: start the sandbox and connect to it.
        database_url: another database than SQLite, e.g. `os.environ["TEST_POSTGRES_URL"]`.
        **settings: environment keys of the product, e.g. `ALERT_POLL_SECONDS="1"`.
    """

    def __init__(self, *, sandbox: bool = True, database_url: str = "", **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rb-live-"))
        self.port, self.sandbox_port = free_port(), free_port()
        self.url, self.sandbox_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.sandbox_port}"
        self.password = "live-bridge-password"
        self.has_sandbox = sandbox
        self.environment = clean_environment(
            **QUICK,
            VAR_DIR=str(self.folder),
            PORT=str(self.port),
            SANDBOX="on" if sandbox else "off",
            SANDBOX_PORT=str(self.sandbox_port),
            ADMIN_PASSWORD=self.password,
            PYTHONUNBUFFERED="1",
            LOG_LEVEL="INFO",
            # Empty ones keep a `.env` of the checkout out.
            DATABASE_URL=database_url,
            REDIS_URL="",
            PUBLIC_URL=self.url,
        )
        self.environment |= settings
        self.options = self._options()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._programs: dict[str, Program] = {}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._show_logs()
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._show_logs()
        self.stop()

    def start(self) -> None:
        """Start everything and wait until it is ready."""
        path = self.folder / "valkey.sock"
        (self.folder / "valkey").mkdir(exist_ok=True)
        self._start(programs.broker(self.options, path))
        wait_for(path.exists, "the embedded Valkey listens")
        if not self.environment["DATABASE_URL"] and not (database := self.folder / "bridge.sqlite3").exists():
            copy_migrated(database)
        self.manage("prepare")
        if self.has_sandbox:
            self._start(programs.sandbox(self.options))
            wait_for(lambda: _listens(self.sandbox_port), "the sandbox listens")
            self.manage("connect", "--demo", "--no-devices")
        for make in (programs.web, programs.alert_worker, programs.sync_worker, programs.beat):
            self._start(make(self.options))
        wait_for(self._is_ready, "the bridge is ready", seconds=60, interval=0.1)

    def alert_state(self, uid: str) -> tuple[str, bool] | None:
        """Return the state of an alert as stored, and whether it is resolved; None while it is not there.

        A look at the SQLite file: starting a command to look takes seconds of a processor.
        """
        with closing(
            sqlite3.connect(f"file:{self.folder / 'bridge.sqlite3'}?mode=ro", uri=True, timeout=10)
        ) as database:
            row = database.execute(
                "SELECT state, is_resolved FROM tickets_alert WHERE alert_uid = ?", (uid,)
            ).fetchone()
        return None if row is None else (row[0], bool(row[1]))

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command on this installation.

        Raises:
            AssertionError: it failed and `check` is on; holds its output.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if check and done.returncode:
            raise AssertionError(
                f"manage.py {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def manage_json(self, *arguments: str, check: bool = True) -> Any:
        """Run a management command with --json and return its answer."""
        return json.loads(self.manage(*arguments, "--json", check=check).stdout)

    def kill_worker(self, name: str = "alerts") -> None:
        """Kill a worker and its children as a power cut would: "alerts" (and tickets) or "sync"."""
        self.kill(name)

    def restart_worker(self, name: str = "alerts") -> None:
        """Start a worker again, after ending it gently if it runs."""
        self.end(name)
        self._start(self._programs[name])

    def kill(self, name: str) -> None:
        """Kill one process and all its children at once."""
        process = self._running.pop(name)
        kill_group(process)
        process.wait()

    def end(self, name: str) -> None:
        """Stop one process gently."""
        process = self._running.pop(name, None)
        if process is not None:
            stop(process, seconds=self._programs[name].stop_seconds)

    def begin(self, name: str) -> None:
        """Start a process that was killed or ended, e.g. "web", "sandbox" or "valkey"."""
        self._start(self._programs[name])

    def is_running(self, name: str) -> bool:
        """Whether a process lives."""
        return name in self._running and self._running[name].poll() is None

    def process_id(self, name: str) -> int:
        """Return the process id of one process."""
        return self._running[name].pid

    def log(self, name: str) -> str:
        """Return what a process printed so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """Stop everything and remove the data; repeatable."""
        for name in _STOP_ORDER:
            self.end(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, program: Program) -> None:
        self._programs[program.name] = program
        with (self.folder / f"{program.name}.log").open("ab") as output:
            self._running[program.name] = spawn(
                program, folder=ROOT, output=output, environment=self.environment
            )

    def _is_ready(self) -> bool:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}")
        return web_state(self.options)[0]

    def _options(self) -> Options:
        return Options(
            root=ROOT,
            var_dir=self.folder,
            host="127.0.0.1",
            port=self.port,
            public_url=self.url,
            redis_url="",
            embedded_socket=self.folder / "valkey.sock",
            database={},
            sandbox="on" if self.has_sandbox else "off",
            sandbox_port=self.sandbox_port,
            sandbox_url=self.sandbox_url,
            sandbox_profile=self.environment.get("SANDBOX_PROFILE", "S"),
            web_workers=1,
            web_threads=4,
            alert_workers=int(self.environment.get("ALERT_WORKERS", "2")),
            sync_workers=1,
        )

    def _show_logs(self) -> None:
        for path in sorted(self.folder.glob("*.log")):
            tail = self.log(path.stem).splitlines()[-60:]
            sys.stdout.write(f"\n--- {path.stem} ---\n" + "\n".join(tail) + "\n")


def _listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Return the process ids below `pid`, at any depth (Linux)."""
    below: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in path.read_text(encoding="ascii").split()]
        except OSError:
            continue
        for child in direct:
            below += [child, *children_of(child)]
    return below


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def end_process(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a process of ours that may be gone."""
    if is_alive(pid):
        os.kill(pid, number)
