"""Settings for tests: the product's own, on a throw-away data folder."""

import os
import tempfile

os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="rmm-bridge-test-"))
os.environ["LOG_LEVEL"] = "WARNING"

from integration.settings import *  # noqa: F403 - the environment must be set first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
