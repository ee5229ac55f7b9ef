"""Settings for tests: the product's own, on a throw-away data folder of this process.

Nothing of the person who runs the tests gets in: a DATABASE_URL or REDIS_URL from their shell or `.env` would be
emptied. `TEST_DATABASE=postgres` chooses PostgreSQL; the first process starts it and xdist's workers share it.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

import environ

_ROOT = Path(__file__).resolve().parent.parent
for _key in re.findall(
    r"^#?\s?([A-Z][A-Z_]+)=", (_ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE
):
    os.environ.pop(_key, None)
    os.environ.pop(f"{_key}_FILE", None)
environ.Env.read_env = staticmethod(lambda *_, **__: None)

# Short, because a unix socket's path may not be longer than about 100 characters.
_folder = Path(tempfile.mkdtemp(prefix="rb-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ |= {
    "VAR_DIR": str(_folder),
    "LOG_LEVEL": "WARNING",
    "SANDBOX": "off",
    "REDIS_URL": f"unix://{_folder / 'v.sock'}?db=0",
}

if os.environ.get("TEST_DATABASE") == "postgres":
    if "TEST_POSTGRES_URL" not in os.environ:
        from tests.postgres import PostgresServer

        _server = PostgresServer()
        atexit.register(_server.stop)
        os.environ["TEST_POSTGRES_URL"] = _server.url
    os.environ["DATABASE_URL"] = os.environ["TEST_POSTGRES_URL"]

from integration.settings import *  # noqa: E402, F403 - the environment must be set first

STATIC_ROOT = _folder / "static"
STATIC_ROOT.mkdir()
if os.environ.get("TEST_DATABASE") != "postgres":
    # A file, not memory: threads of one test must meet in one database.
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}  # noqa: F405 - from the line above
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
