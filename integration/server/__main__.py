"""Run a whole installation in the foreground: `python -m integration.server`."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from integration.server import obstacles, programs
from integration.server.console import Console, ConsoleClosed
from integration.server.obstacles import Obstacle
from integration.server.options import Options, read_options
from integration.server.readiness import web_state
from integration.server.supervisor import ChildEnded, StopRequested, Supervisor

_STOP_ORDER = (("beat",), ("alerts", "sync"), ("web",), ("sandbox",), ("valkey",))
_READY_SECONDS = 90


def main() -> int:
    """Start everything, wait, stop everything; return the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        options = read_options()
        obstacles.require_data_folder(options.var_dir)
        lock, was_killed = obstacles.take_lock(options.var_dir)
    except (Obstacle, ImproperlyConfigured) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"VAR_DIR: cannot use {error.filename}: {error.strerror}.")
    try:
        require_environment(options, was_killed=was_killed)
    except Obstacle as error:
        return _refuse(str(error))
    else:
        return _serve(options)
    finally:
        obstacles.release_lock(lock)


def _refuse(message: str) -> int:
    print(f"Cannot start. {message}", file=sys.stderr)  # noqa: T201 - the terminal is its reader
    return 1


def require_environment(options: Options, *, was_killed: bool) -> None:
    """Check ports, database and Redis before anything starts.

    Raises:
        Obstacle: something stands in the way.
    """
    patience_seconds = 10.0 if was_killed else 0.0
    obstacles.require_port(options.host, options.port, key="PORT", patience_seconds=patience_seconds)
    obstacles.require_database(options)
    if options.embedded_socket is None:
        obstacles.require_redis(options.redis_url)
    else:
        obstacles.require_socket_folder(options.embedded_socket)
        obstacles.require_quiet_socket(options.embedded_socket)


def _serve(options: Options) -> int:
    with Supervisor(options.root, Console()) as supervisor:
        try:
            _start_all(supervisor, options)
            supervisor.watch(lambda: False)
        except StopRequested:
            _say(supervisor, "stopping ...")
            code = 0
        except (ChildEnded, Obstacle) as error:
            _say(supervisor, f"{error}; stopping the rest")
            code = 1
        supervisor.stop_all(_STOP_ORDER)
        _say(supervisor, "stopped")
        return code


def _say(supervisor: Supervisor, text: str) -> None:
    try:
        for line in text.splitlines():
            supervisor.console.line("server", line)
    except ConsoleClosed:
        return


def _start_all(supervisor: Supervisor, options: Options) -> None:
    if options.embedded_socket is not None:
        _start_broker(supervisor, options, options.embedded_socket)
    state = _prepare(supervisor, options)
    sandbox_runs = _start_sandbox(supervisor, options, state)
    for program in (programs.web, programs.alert_worker, programs.sync_worker, programs.beat):
        supervisor.start(program(options))
    if sandbox_runs and state["connection"] == "none":
        code = supervisor.run(programs.manage(options, "connect", "--demo"))
        if code:
            _say(supervisor, "could not connect to the sandbox (see above); the set-up wizard is at /admin/")
    answer: list[str] = []

    def is_ready() -> bool:
        is_up, detail = web_state(options)
        answer[:] = [detail]
        return is_up

    ready = supervisor.watch(is_ready, seconds=_READY_SECONDS)
    supervisor.console.block(
        _announcement(options, sandbox_runs=sandbox_runs, problem="" if ready else answer[0])
    )


def _start_broker(supervisor: Supervisor, options: Options, path: Path) -> None:
    (options.var_dir / "valkey").mkdir(mode=0o700, exist_ok=True)
    log = programs.broker_log(options)
    # Only the log of this start: it tells why a start failed, and must not grow for ever.
    log.unlink(missing_ok=True)
    supervisor.start(programs.broker(options, path))
    try:
        # Loading a long append-only file takes a while.
        if not supervisor.watch(lambda: _pongs(path), seconds=60):
            raise Obstacle("The embedded Valkey does not answer.", f"See {log}.")
    except ChildEnded:
        if log.exists():
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]:
                supervisor.console.line("valkey", line)
        raise


def _pongs(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _prepare(supervisor: Supervisor, options: Options) -> dict[str, Any]:
    report = options.var_dir / "prepared.json"
    report.unlink(missing_ok=True)
    if supervisor.run(programs.manage(options, "prepare", "--report", str(report))):
        raise Obstacle("The database could not be prepared (see above)", "No data was lost by this.")
    state: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    report.unlink()
    return state


def _start_sandbox(supervisor: Supervisor, options: Options, state: dict[str, Any]) -> bool:
    """Start the sandbox if it has a use; with SANDBOX=auto it has none beside a real connection."""
    is_at_work = state["connection"] != "real" or any(
        url.startswith(options.sandbox_url) for url in state["urls"] if options.sandbox_url
    )
    if options.sandbox == "off" or (options.sandbox == "auto" and not is_at_work):
        return False
    obstacles.require_port("127.0.0.1", options.sandbox_port, key="SANDBOX_PORT", patience_seconds=2)
    supervisor.start(programs.sandbox(options))
    if not supervisor.watch(lambda: _listens(options.sandbox_port), seconds=30):
        raise Obstacle("The sandbox does not answer.", "Set SANDBOX=off to start without it.")
    return True


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def _announcement(options: Options, *, sandbox_runs: bool, problem: str) -> list[str]:
    sign_in = options.var_dir / "first-sign-in.txt"
    lines = ["RMM Bridge is ready." if not problem else f"RMM Bridge runs, but is not ready: {problem}", ""]
    lines.append(f"Open       {options.public_url}/admin/")
    if sign_in.exists():
        name, password = _read_sign_in(sign_in)
        lines.append(f"Sign in    {name}  {password}    (kept in {sign_in} until it is changed)")
    else:
        lines.append("Sign in    with your own name; a new one: script/manage createsuperuser")
    if sandbox_runs:
        lines.append(
            f"Sandbox    http://127.0.0.1:{options.sandbox_port}/    (plays Datto RMM and Autotask; SANDBOX=off ends it)"
        )
    database = "SQLite" if "sqlite" in options.database["ENGINE"] else "PostgreSQL"
    redis = "embedded Valkey" if options.embedded_socket else "Redis at REDIS_URL"
    lines += [f"Data       {options.var_dir}    ({database}, {redis})", "Stop       Ctrl-C"]
    if os.geteuid() == 0:
        lines.append("Note       it runs as root; an ordinary user is enough and safer")
    return lines


def _read_sign_in(path: Path) -> tuple[str, str]:
    lines = dict(
        line.split(": ", 1) for line in path.read_text(encoding="utf-8").splitlines() if ": " in line
    )
    return lines.get("name", "admin"), lines.get("password", "")


if __name__ == "__main__":
    sys.exit(main())
