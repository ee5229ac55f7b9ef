"""Runs the checks and the tests; `script/test` and `script/lint` are its doors."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Per cent of lines and branches that tests must reach.
COVERAGE_FLOOR = 80
_HEAVY = "browser or journey"
#: What Django's deployment checks ask for and we leave to the owner of the domain, with the reason.
_DECIDED_OTHERWISE = {
    "security.W005": "other hosts of the owner's domain are not ours to force to https",
    "security.W008": "the proxy that ends TLS redirects; health checks of the machine itself use http",
    "security.W021": "preloading is a promise for the whole domain, which only its owner can give",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended; `closing` is pytest's last line, for the steps that run it."""

    title: str
    is_ok: bool
    seconds: float
    closing: str = ""


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; 0 when all of it is well."""
    door, *rest = arguments
    if door == "lint":
        return _report([run() for run in _checks()])
    if rest and rest not in (["--fast"], ["--coverage"]):
        return _call([str(BIN / "pytest"), *(argument for argument in rest if argument != "--fast")])
    is_fast = rest == ["--fast"]
    outcomes = [run() for run in _checks()]
    if not is_fast:
        _ensure_chromium()
    outcomes += _tests(is_fast=is_fast, is_covered=rest == ["--coverage"])
    return _report(outcomes)


def _checks() -> list[Callable[[], Outcome]]:
    python = sys.executable
    return [
        lambda: _step("format", [str(BIN / "ruff"), "format", "--check", "."]),
        lambda: _step("lint", [str(BIN / "ruff"), "check", "."]),
        lambda: _step("layers", [str(BIN / "lint-imports")]),
        lambda: _step("types", [str(BIN / "mypy"), "."]),
        _settings,
        lambda: _step(
            "migrations", [python, "manage.py", "makemigrations", "--check", "--dry-run"], _production()
        ),
        _lock_files,
    ]


def _settings() -> Outcome:
    """Run Django's deployment checks; whatever they say beyond what we decided otherwise is a failure."""
    print("\n== settings", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT,
        env={**os.environ, **_production()},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    surplus = set(re.findall(r"\((\w+\.[WEC]\d+)\)", said)) - set(_DECIDED_OTHERWISE)
    is_ok = done.returncode == 0 and not surplus
    print("only what is decided otherwise" if is_ok else said)
    return Outcome("settings", is_ok, time.monotonic() - began)


def _production() -> dict[str, str]:
    """Return settings as a careful owner would choose them, on a data folder of no use to anybody."""
    folder = Path(tempfile.gettempdir()) / f"rmm-bridge-check-{os.getuid()}"
    return {
        "VAR_DIR": str(folder),
        "PUBLIC_URL": "https://bridge.example.com",
        "DATABASE_URL": "",
        "DEBUG": "false",
    }


def _step(title: str, command: list[str], environment: dict[str, str] | None = None) -> Outcome:
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    code = _call(command, environment)
    return Outcome(title, code == 0, time.monotonic() - began)


def _call(command: list[str], environment: dict[str, str] | None = None) -> int:
    return subprocess.call(  # noqa: S603 - our own commands
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL
    )


def _lock_files() -> Outcome:
    """Compare each requirements*.in with its lock file, without a network."""
    print("\n== lock files", flush=True)
    began = time.monotonic()
    problems: list[str] = []
    runtime = _pins(ROOT / "requirements.txt")
    everything = _pins(ROOT / "requirements-dev.txt")
    for name, pins in (("requirements", runtime), ("requirements-dev", everything)):
        wanted = _wanted(ROOT / f"{name}.in")
        for requirement in wanted:
            pin = pins.get(canonicalize_name(requirement.name))
            if pin is None:
                problems.append(f"{name}.txt lacks {requirement.name}")
            elif not requirement.specifier.contains(pin, prereleases=True):
                problems.append(
                    f"{name}.txt has {requirement.name} {pin}, {name}.in wants {requirement.specifier}"
                )
        names = {canonicalize_name(requirement.name) for requirement in wanted}
        surplus = _asked_for(ROOT / f"{name}.txt", f"{name}.in") - names
        problems += [f"{name}.txt has {one}, which {name}.in no longer asks for" for one in sorted(surplus)]
    problems += [
        f"{name} is {version} in requirements.txt and {everything.get(name, 'absent')} in requirements-dev.txt"
        for name, version in runtime.items()
        if everything.get(name) != version
    ]
    for problem in problems:
        print(f"{problem}: run script/lock")
    if not problems:
        print(f"{len(runtime)} packages to run, {len(everything)} with the tools: as asked for")
    return Outcome("lock files", not problems, time.monotonic() - began)


def _wanted(path: Path) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def _pins(path: Path) -> dict[str, str]:
    found = re.findall(
        r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {canonicalize_name(name): version for name, version in found}


def _asked_for(path: Path, source: str) -> set[str]:
    """Return the packages that the lock file says are there because `source` asks for them."""
    found: set[str] = set()
    for block in re.split(r"^(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if re.search(rf"-r {re.escape(source)}$", block, re.MULTILINE):
            found.add(canonicalize_name(re.split(r"[\[=]", block, maxsplit=1)[0]))
    return found


def _ensure_chromium() -> None:
    """Install a browser where there is none; if that fails, only the browser tests fail, and say so."""
    if os.environ.get("CHROMIUM") or any(
        map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    ):
        return
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        print("\n== installing chromium (a Debian package)", flush=True)
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        install = [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        if _call(install, quiet) and not _call([apt, "update", "-qq"], quiet):
            _call(install, quiet)
        if shutil.which("chromium"):
            return
    print("\n== installing chromium (playwright's)", flush=True)
    if _call([str(BIN / "playwright"), "install", "chromium"]):
        print(
            "No Chromium could be installed: browser tests will fail. Install one, or set CHROMIUM to its path."
        )


def _tests(*, is_fast: bool, is_covered: bool) -> list[Outcome]:
    for path in ROOT.glob(".coverage*"):
        path.unlink()
    light = "not postgres" + (f" and not ({_HEAVY})" if is_fast else "")
    # More than there are processors: the journeys mostly wait for workers and vendors.
    common = ["-n", "4", "--dist", "loadgroup"]
    # Asked for by itself: tracing doubles the time of the run.
    traced = ["--cov", "--cov-report="] if is_covered else []
    more = ["--cov-append"] if is_covered else []
    outcomes = [
        _pytest("tests", [*common, *traced, "-m", light], {}),
        _pytest(
            "tests on PostgreSQL", [*common, *traced, *more, "-m", "postgres"], {"TEST_DATABASE": "postgres"}
        ),
    ]
    if is_fast or not is_covered:
        # What the journeys reach is missing.
        return outcomes
    report = ["report", "--skip-covered", "--skip-empty", "--sort=cover", f"--fail-under={COVERAGE_FLOOR}"]
    outcomes.append(_step(f"coverage of at least {COVERAGE_FLOOR} %", [str(BIN / "coverage"), *report]))
    return outcomes


def _pytest(title: str, arguments: list[str], environment: dict[str, str]) -> Outcome:
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    last = ""
    with subprocess.Popen(  # noqa: S603 - our own command
        [str(BIN / "pytest"), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if re.search(r"\d+ \w+.* in [\d.]+s|no tests ran", line):
                last = line.strip()
    # 5: nothing is marked so, or all of it was left out.
    return Outcome(title, process.returncode in {0, 5}, time.monotonic() - began, last)


def _report(outcomes: list[Outcome]) -> int:
    print("\n== summary")
    for outcome in outcomes:
        print(f"{'ok    ' if outcome.is_ok else 'FAILED'}  {outcome.title} ({outcome.seconds:.0f} s)")
    runs = [outcome for outcome in outcomes if outcome.closing]
    if runs:
        print("\n" + _closing_line(runs))
    return 0 if all(outcome.is_ok for outcome in outcomes) else 1


def _closing_line(runs: list[Outcome]) -> str:
    """Return one closing line in pytest's words for all its runs together."""
    counts: dict[str, int] = {}
    for run in runs:
        for number, word in re.findall(
            r"(\d+) (failed|passed|skipped|xfailed|xpassed|errors?)\b", run.closing
        ):
            key = "error" if word.startswith("error") else word
            counts[key] = counts.get(key, 0) + int(number)
    words = [
        f"{counts[key]} {'errors' if key == 'error' and counts[key] > 1 else key}"
        for key in ("failed", "passed", "skipped", "xfailed", "xpassed", "error")
        if counts.get(key)
    ]
    return f"{', '.join(words) or 'no tests ran'} in {sum(run.seconds for run in runs):.2f}s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
