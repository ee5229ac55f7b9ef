"""`script/server`'s supervisor, run as people run it: as a process, on a fresh data folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import ROOT, children_of, clean_environment, end_process, free_port, is_alive
from tests.migrated import copy_migrated
from tests.waiting import wait_for

pytestmark = pytest.mark.journey


class Server:
    """A supervisor on a data folder; its output goes to a file, so that it never waits for us."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = int(settings.get("PORT") or free_port())
        self._output = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed in stop
        environment = clean_environment(
            VAR_DIR=str(folder),
            PORT=str(self.port),
            SANDBOX="off",
            DATABASE_URL="",
            REDIS_URL="",
            PUBLIC_URL="",
        )
        environment |= {"WEB_WORKERS": "1", "ALERT_WORKERS": "1", "SYNC_WORKERS": "1", **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "integration.server"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def output(self) -> str:
        return os.pread(self._output.fileno(), 1_000_000, 0).decode()

    def wait_ready(self) -> None:
        wait_for(
            lambda: "Stop       Ctrl-C" in self.output() or self.process.poll() is not None,
            "it is ready",
            seconds=180,  # migrations, two sandboxes and three processes on a machine that runs other tests
        )
        assert self.process.poll() is None, self.output()

    def wait_exit(self, seconds: float = 30) -> int:
        return self.process.wait(seconds)

    def child(self, words: str) -> int:
        """Return the process id of the direct child whose command line holds the words."""
        direct = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next(pid for pid in map(int, direct) if words in _command(pid))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output.close()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rb-srv-", ignore_cleanup_errors=True) as path:
        yield Path(path) / "var"


@pytest.fixture
def start(folder: Path) -> Iterator[object]:
    started: list[Server] = []

    def run(*, is_migrated: bool = True, **settings: str) -> Server:
        if is_migrated and not (database := folder / "bridge.sqlite3").exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            copy_migrated(database)
        started.append(Server(folder, **settings))
        return started[-1]

    yield run
    for server in started:
        server.stop()


def test_fresh_start_serves_announces_and_stops_without_a_trace(start, folder):
    server = start(is_migrated=False)
    server.wait_ready()
    output = server.output()
    kept = (folder / "first-sign-in.txt").read_text()
    password = kept.split("password: ")[1].splitlines()[0]
    below = children_of(server.process.pid)

    assert f"Open       http://127.0.0.1:{server.port}/admin/" in output
    assert f"Sign in    admin  {password}" in output
    assert (folder / "first-sign-in.txt").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(below) >= 5
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/admin/login/", timeout=5) as answer:
        assert answer.status == 200

    server.process.send_signal(signal.SIGTERM)
    assert server.wait_exit(40) == 0, server.output()
    assert [pid for pid in below if is_alive(pid)] == []
    assert "was killed" not in server.output()

    again = start()
    again.wait_ready()
    assert f"Sign in    admin  {password}" in again.output()


def test_taken_port_is_named_before_anything_starts(start, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = start(is_migrated=False, PORT=str(taken.getsockname()[1]))
        assert server.wait_exit() == 1

    assert f"PORT: port {server.port} on 127.0.0.1 is taken" in server.output()
    assert "Traceback" not in server.output()
    assert not (folder / "bridge.sqlite3").exists()


def test_second_server_on_the_same_folder_is_refused_and_the_first_goes_on(start, folder):
    first = start()
    first.wait_ready()

    second = start()

    assert second.wait_exit() == 1
    assert f"running on {folder} already (process {first.process.pid})" in second.output()
    assert first.process.poll() is None


def test_end_of_one_child_stops_all_and_is_told(start):
    server = start()
    server.wait_ready()
    below = children_of(server.process.pid)

    end_process(server.child(" beat"))

    assert server.wait_exit(40) == 1
    assert "beat ended unexpectedly with signal SIGKILL" in server.output()
    assert [pid for pid in below if is_alive(pid)] == []


def test_killed_supervisor_leaves_no_orphan_and_the_next_start_recovers(start):
    server = start()
    server.wait_ready()
    below = children_of(server.process.pid)

    server.process.kill()
    server.process.wait()

    wait_for(lambda: not [pid for pid in below if is_alive(pid)], "all children are gone", seconds=40)
    again = start(PORT=str(server.port))
    again.wait_ready()


def test_watchdog_kills_what_ignores_the_request_to_stop():
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(90)",
        ],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        told = f"+{stubborn.pid}\n+999999\n-999999\n".encode()

        subprocess.run(  # noqa: S603 - our own file
            [sys.executable, ROOT / "integration/server/watchdog.py"], input=told, timeout=30, check=True
        )

        assert stubborn.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ALERT_WORKERS": "many"}, "ALERT_WORKERS: 'many' is not a whole number"),
        ({"HOST": "192.0.2.1"}, "HOST: cannot listen on '192.0.2.1'"),
        ({"SANDBOX": "perhaps"}, "SANDBOX: 'perhaps' is unknown"),
        ({"REDIS_URL": "redis://:hush-hush@127.0.0.1:1/0"}, "REDIS_URL: the server does not answer"),
        (
            {"DATABASE_URL": "postgres://me:hush-hush@127.0.0.1:1/x"},
            "DATABASE_URL: PostgreSQL does not answer",
        ),
        ({"VAR_DIR": "/proc/no-such-folder"}, "VAR_DIR: cannot use /proc/no-such-folder"),
    ],
)
def test_bad_setting_is_named_without_its_password(start, settings, message):
    server = start(**settings)

    assert server.wait_exit() == 1
    assert message in server.output()
    assert "hush-hush" not in server.output()
    assert "Traceback" not in server.output()
