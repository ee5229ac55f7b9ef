"""The component's shell text runs against a real HTTP server; the PowerShell text is read for what must be in it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Device, Site
from tickets.domain.requests.scripts import VARIABLE, powershell_script, shell_script
from tickets.models import RequestLink
from tickets.services.requests.policy import rotate_secret

_UID = "0f5b1c2d-1111-2222-3333-444455556666"


def run(script: str, home: Path, secret: str) -> subprocess.CompletedProcess[str]:
    """Run the text as the agent would, with the folders of a machine below `home`."""
    moved = script.replace("/root/.mono", f"{home}/root/.mono").replace("homes=/home", f"homes={home}/home")
    path = home / "component.sh"
    path.write_text(moved)
    environment = {"PATH": os.environ["PATH"], **({VARIABLE: secret} if secret else {})}
    return subprocess.run(  # noqa: S603 - our own text
        ["/bin/sh", str(path)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    values = tmp_path / "root/.mono/registry/CurrentUser/software/centrastage/values.xml"
    values.parent.mkdir(parents=True)
    values.write_text(f'<values>\n<value name="Other"\ntype="string">x</value>\n<value name="deviceID"\n'
                      f'type="string">{_UID}</value>\n</values>\n')  # fmt: skip
    (tmp_path / "home/anna/Desktop").mkdir(parents=True)
    (tmp_path / "home/bo").mkdir()
    return tmp_path


@pytest.mark.django_db(transaction=True)
def test_the_shell_text_puts_the_page_on_each_desktop(live_server: Any, settings: Any, home: Path):
    settings.PUBLIC_URL = live_server.url
    site = Site.objects.create(datto_site_uid="s", name="Berlin", synced_at=timezone.now())
    device = Device.objects.create(
        datto_device_uid=_UID, hostname="PC-1", site=site, synced_at=timezone.now()
    )
    secret = rotate_secret().component_secret
    outside = home / "outside"
    outside.write_text("not mine")
    icon = home / "home/anna/Desktop/Get help.desktop"
    icon.symlink_to(outside)
    done = run(shell_script(live_server.url), home, secret)
    assert done.returncode == 0, done.stdout + done.stderr
    assert RequestLink.objects.get().device == device
    assert not icon.is_symlink()
    assert outside.read_text() == "not mine"
    assert f"URL={live_server.url}/request/" in icon.read_text()
    assert secret not in done.stdout + done.stderr


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_is_said_with_its_cure(live_server: Any, home: Path):
    rotate_secret()
    refused = run(shell_script(live_server.url), home, "wrong")
    assert refused.returncode == 1
    assert "FAILED: RMM Bridge gave no link" in refused.stdout
    assert VARIABLE in run(shell_script(live_server.url), home, "").stdout
    (home / "root/.mono/registry/CurrentUser/software/centrastage/values.xml").unlink()
    assert "Reinstall the agent" in run(shell_script(live_server.url), home, "x").stdout


@pytest.mark.parametrize("make", [powershell_script, shell_script])
def test_addresses_are_quoted_and_nothing_is_left_to_fill_in(make: Any):
    text = make("https://it's.example/")
    assert not re.search(r"@[A-Z]+@", text)
    assert "it's.example/'" not in text
    assert "https://it" in text


def test_the_powershell_text_reads_the_agent_s_uid_and_asks_for_plain_text():
    text = powershell_script("https://bridge.example")
    assert r"HKLM:\SOFTWARE\CentraStage" in text
    assert "DeviceID" in text
    assert f"$env:{VARIABLE}" in text
    assert "$address/request/enroll/" in text
    assert "text/plain" in text
