"""A connected installation without workers, beside a sandbox of any size whose rate limits are lifted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from integration.server.processes import Program, spawn, stop
from integration.server.programs import valkey_binary
from tests.live import ROOT, clean_environment, free_port
from tests.waiting import wait_for

#: Far above what any profile needs: a first run would else be a benchmark of waiting. The product learns it from the
#: sandbox, as it learns a vendor's real limits.
_LIMIT = 1_000_000
_LIMITS = {
    "autotask": {"hourly_limit": _LIMIT},
    "datto_rmm": dict.fromkeys(
        ("read_limit", "write_limit", "operation_limit", "udf_operation_limit"), _LIMIT
    ),
}
_STARTING_SECONDS = 120
_COMMAND_SECONDS = 4 * 3600


class DeviceWorld:
    """Sandbox, Valkey and database; started on entering, removed on leaving.

    Attributes:
        folder: where the database and all logs are.
        sandbox_url: address of the sandbox.
    """

    def __init__(self, profile: str, *, database_url: str = "") -> None:
        self.profile = profile
        self.folder = Path(tempfile.mkdtemp(prefix="rb-devices-"))
        port = free_port()
        self.sandbox_url = f"http://127.0.0.1:{port}"
        socket = self.folder / "valkey.sock"
        self._programs = (
            Program(
                "valkey",
                (
                    *(valkey_binary(), "--port", "0", "--unixsocket", str(socket)),
                    *("--dir", str(self.folder), "--save", ""),
                ),
            ),
            Program(
                "sandbox",
                (
                    *(sys.executable, "-m", "integration.sandbox", "--no-limits"),
                    *("--port", str(port), "--profile", profile),
                ),
            ),
        )
        self.environment = clean_environment(
            VAR_DIR=str(self.folder),
            REDIS_URL=f"unix://{socket}",
            DATABASE_URL=database_url,
            SANDBOX="on",
            SANDBOX_URL=self.sandbox_url,
            PUBLIC_URL="http://127.0.0.1",
            AUTOTASK_HOURLY_LIMIT=str(_LIMIT),
            LOG_LEVEL="ERROR",
        )
        self._running: list[tuple[Program, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> DeviceWorld:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def control(self, path: str, values: dict[str, Any] | None = None, *, method: str = "POST") -> Any:
        """Call the sandbox's machine control and return its JSON.

        Raises:
            requests.RequestException: it refused.
        """
        answer = requests.request(method, f"{self.sandbox_url}/control/{path}", json=values, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def run(self, *command: str, text: str = "") -> str:
        """Run a Python command line (without the interpreter) on this installation, `text` being its standard input.

        Raises:
            RuntimeError: it failed; holds what it printed.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def child(self, command: str, text: str = "") -> Any:
        """Run a command of `script.benchmarks.device_child` and return what it measured."""
        output = self.run("-m", "script.benchmarks.device_child", command, text=text)
        return json.loads(output.splitlines()[-1])

    def _start(self) -> None:
        started = time.monotonic()
        for program in self._programs:
            with (self.folder / f"{program.name}.log").open("ab") as output:
                self._running.append(
                    (program, spawn(program, folder=ROOT, output=output, environment=self.environment))
                )
        wait_for(self._is_up, "the sandbox listens", seconds=_STARTING_SECONDS, interval=0.1)
        self.control("settings", _LIMITS)
        self.run("manage.py", "prepare")
        self.run("manage.py", "connect", "--demo")
        sys.stderr.write(f"  profile {self.profile}: connected after {time.monotonic() - started:.0f} s\n")

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.sandbox_url}/control/state", timeout=5).ok
        except requests.RequestException:
            return False

    def _stop(self) -> None:
        for program, process in reversed(self._running):
            stop(process, seconds=program.stop_seconds)
        self._running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
