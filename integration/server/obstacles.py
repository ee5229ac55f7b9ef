"""What may stand in the way of a start, found before anything runs and told with its cure."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import sqlite3
import stat
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import redis

from integration.server.options import Options

_NEEDED_BYTES = 50 * 1024 * 1024


class Obstacle(Exception):  # noqa: N818 - it is what it says
    """The server cannot start; says why and what helps."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(f"{problem}\n  {cure}")


def require_data_folder(folder: Path) -> None:
    """Make sure the data folder takes files, and that only its owner reads them.

    Raises:
        Obstacle: not writable, or the disk is full.
    """
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"x" * 4096)
    except OSError as error:
        raise Obstacle(
            f"VAR_DIR: cannot write to {folder}: {error.strerror}.",
            "Make it writable for this user, or choose another folder with VAR_DIR.",
        ) from error
    finally:
        probe.unlink(missing_ok=True)
    if shutil.disk_usage(folder).free < _NEEDED_BYTES:
        raise Obstacle(
            f"VAR_DIR: less than 50 MB are free on the disk of {folder}.",
            "Free some space, or choose another disk with VAR_DIR.",
        )
    state = folder.stat()
    # Keys and credentials live here. A folder shared on purpose (sticky, or another owner's) is left alone.
    if state.st_uid == os.getuid() and not state.st_mode & stat.S_ISVTX and state.st_mode & 0o077:
        folder.chmod(0o700)


def take_lock(folder: Path) -> tuple[IO[str], bool]:
    """Lock the data folder for this server, until the returned file is closed or the process ends.

    Returns:
        The open lock file, and True when the last server on this folder was killed rather than stopped.

    Raises:
        Obstacle: another server holds it.
    """
    path = folder / "server.lock"
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise Obstacle(
            f"A server is running on {folder} already (process {owner}).",
            "Stop that one first, or give this one a data folder of its own with VAR_DIR.",
        ) from error
    file.seek(0)
    was_killed = bool(file.read().strip())
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file, was_killed


def release_lock(file: IO[str]) -> None:
    """Say that the server ended well, and unlock."""
    file.truncate(0)
    file.close()


def require_port(host: str, port: int, *, key: str, patience_seconds: float = 0) -> None:
    """Make sure that a port can be listened on.

    Args:
        host: address to bind.
        port: port to bind.
        key: the setting that chooses the port.
        patience_seconds: how long to wait for leftovers of a killed server to go.

    Raises:
        Obstacle: taken, not allowed, or the host is not one of this machine.
    """
    deadline = time.monotonic() + patience_seconds
    while (error := _bind_error(host, port)) is not None:
        if error.errno == errno.EADDRINUSE:
            if time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise Obstacle(
                f"{key}: port {port} on {host} is taken by another program.",
                f"Choose a free one, for example {key}={port + 1 if port < 65535 else 8000} script/server",  # noqa: PLR2004 - the highest port
            ) from error
        if error.errno == errno.EACCES:
            raise Obstacle(
                f"{key}: this user may not use port {port}.", f"Choose {key} above 1023."
            ) from error
        raise Obstacle(
            f"HOST: cannot listen on {host!r}: {error.strerror or error}.",
            "Use 127.0.0.1 for this machine only or 0.0.0.0 for every network.",
        ) from error


def _bind_error(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def require_redis(url: str) -> None:
    """Make sure that REDIS_URL answers. The message never holds the password.

    Raises:
        Obstacle: it does not.
    """
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
        try:
            client.ping()
        finally:
            client.close()
    except (redis.RedisError, OSError, ValueError) as error:
        raise Obstacle(
            f"REDIS_URL: the server does not answer: {_safe(error, urlsplit(url).password)}",
            "Start it, correct REDIS_URL, or leave REDIS_URL empty to use the embedded one.",
        ) from error


def require_database(options: Options) -> None:
    """Make sure that the database answers. The message never holds the password.

    Raises:
        Obstacle: it does not.
    """
    config = options.database
    if config["ENGINE"] == "django.db.backends.sqlite3":
        try:
            with_file = sqlite3.connect(config["NAME"], timeout=10)
            try:
                with_file.execute("BEGIN IMMEDIATE")
                with_file.rollback()
            finally:
                with_file.close()
        except sqlite3.Error as error:
            raise Obstacle(
                f"DATABASE_URL: cannot use {config['NAME']}: {error}.",
                "Check that the file and its folder are writable and that the file is a SQLite database.",
            ) from error
        return
    import psycopg  # noqa: PLC0415 - only with PostgreSQL

    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    # Query parameters of the address, such as sslmode, but not what only Django understands.
    not_theirs = {"pool", "isolation_level", "assume_role", "server_side_binding"}
    options_given = {key: value for key, value in config.get("OPTIONS", {}).items() if key not in not_theirs}
    given = options_given | {ours: config[theirs] for theirs, ours in names.items() if config.get(theirs)}
    try:
        psycopg.connect(**{"connect_timeout": 5, **given}).close()
    except psycopg.Error as error:
        raise Obstacle(
            f"DATABASE_URL: PostgreSQL does not answer: {_safe(error, config.get('PASSWORD'))}",
            "Start it, correct DATABASE_URL, or leave DATABASE_URL empty to use SQLite.",
        ) from error


def _safe(error: BaseException, secret: object) -> str:
    text = " ".join(str(error).split())
    return text.replace(str(secret), "[hidden]") if secret else text


def require_socket_folder(path: Path) -> None:
    """Make the folder of the embedded server's socket, private to this user.

    Raises:
        Obstacle: another user's folder is in its place.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid():
        raise Obstacle(
            f"{folder} belongs to somebody else.", "Choose a shorter VAR_DIR, so that it is not needed."
        )


def require_quiet_socket(path: Path, *, patience_seconds: float = 10) -> None:
    """Wait until no server answers on the socket: two on one data file would spoil it.

    Raises:
        Obstacle: one still answers.
    """
    deadline = time.monotonic() + patience_seconds
    while _answers(path):
        if time.monotonic() > deadline:
            raise Obstacle(
                f"An embedded Valkey is still running on {path}.",
                "It was left by a killed server; stop it with: kill $(pgrep -f valkey.sock)",
            )
        time.sleep(0.1)
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
