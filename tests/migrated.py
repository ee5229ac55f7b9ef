"""One SQLite database with all migrations applied, made once and copied by whoever needs a fresh one.

Migrating takes many seconds of a processor; each test process and each installation of a journey would pay it again. That
migrations run from nothing is tested where an installation starts from nothing (`tests/script/test_server.py`) and by
the tests on PostgreSQL.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_KEPT_SECONDS: Final = 86_400
_APPS: Final = ("integration", "mappings", "tickets")


def copy_migrated(target: Path) -> None:
    """Put a migrated, otherwise empty database at `target`.

    Raises:
        subprocess.CalledProcessError: the migrations fail; their output went to this process's.
    """
    folder = Path(tempfile.gettempdir()) / f"rb-migrated-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"{_state_of_the_code()}.sqlite3"
    with (folder / "lock").open("w") as lock:
        # The first process makes it, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            for older in folder.glob("*.sqlite3"):
                # Those of other checkouts stay while they may be in use.
                if older.stat().st_mtime < time.time() - _KEPT_SECONDS:
                    older.unlink()
            _migrate(made)
        shutil.copyfile(made, target)


def _migrate(made: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rb-migrating-") as var:
        fresh = Path(var) / "bridge.sqlite3"
        environment = {
            **os.environ,
            "VAR_DIR": var,
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "integration.settings",
        }
        command = [sys.executable, str(_ROOT / "manage.py"), "migrate", "--no-input", "--verbosity", "0"]
        subprocess.run(command, env=environment, cwd=_ROOT, check=True)  # noqa: S603 - our own command
        # Renamed when whole, so that a killed run leaves nothing that looks finished.
        whole = made.with_suffix(".part")
        shutil.copyfile(fresh, whole)
        whole.rename(made)


def _state_of_the_code() -> str:
    """Return what changes with any migration, model, or function that runs after migrations."""
    digest = hashlib.sha256((_ROOT / "requirements.txt").read_bytes())
    for app in _APPS:
        for path in sorted((_ROOT / app).rglob("*.py")):
            digest.update(str(path.relative_to(_ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:24]
