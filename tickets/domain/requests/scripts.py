"""The texts of the component that puts a device's request page on its desktop. Pure.

The component's only variable is the secret; the device's uid is what the Datto RMM agent itself keeps on the machine.
"""

from __future__ import annotations

from typing import Final

#: Name of the component's variable. Datto RMM hands variables to scripts as environment variables.
VARIABLE: Final = "RequestSecret"
_NAME: Final = "Get help"

_POWERSHELL: Final = r"""# Puts the request page of this device on everybody's desktop.
# Datto RMM component, script type PowerShell, for Windows. Variable: @VARIABLE@ (String).
$ErrorActionPreference = 'Stop'
$address = @ADDRESS@
$name = @NAME@

function Stop-Here([string]$what) {
    Write-Output "FAILED: $what"
    exit 1
}

if (-not $env:@VARIABLE@) { Stop-Here 'The component variable @VARIABLE@ is empty. Set it to the secret of RMM Bridge.' }
$uid = $null
foreach ($place in 'HKLM:\SOFTWARE\CentraStage', 'HKLM:\SOFTWARE\WOW6432Node\CentraStage') {
    $found = Get-ItemProperty -Path $place -ErrorAction SilentlyContinue
    if ($found -and $found.DeviceID) { $uid = [string]$found.DeviceID; break }
}
if (-not $uid) { Stop-Here 'The Datto RMM agent has not stored the device id in the registry. Reinstall the agent.' }

# TLS 1.2, which old versions of Windows do not use by themselves.
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
$client = New-Object Net.WebClient
$client.Encoding = [Text.Encoding]::UTF8
$client.Headers['Authorization'] = 'Bearer ' + $env:@VARIABLE@
$client.Headers['Accept'] = 'text/plain'
$client.Headers['Content-Type'] = 'application/x-www-form-urlencoded'
try {
    $url = $client.UploadString("$address/request/enroll/", 'device_uid=' + [Uri]::EscapeDataString($uid)).Trim()
} catch [Net.WebException] {
    $text = $_.Exception.Message
    if ($_.Exception.Response) {
        $reader = New-Object IO.StreamReader($_.Exception.Response.GetResponseStream())
        $text = $text + ' ' + $reader.ReadToEnd()
    }
    Stop-Here $text
}
if (-not $url.StartsWith("$address/request/")) { Stop-Here 'The answer is not an address of RMM Bridge.' }

$desktop = Join-Path ([string]$env:PUBLIC) 'Desktop'
if (-not (Test-Path -LiteralPath $desktop)) { New-Item -ItemType Directory -Path $desktop | Out-Null }
$lines = '[InternetShortcut]', "URL=$url", "IconFile=$env:SystemRoot\System32\shell32.dll", 'IconIndex=23'
[IO.File]::WriteAllText((Join-Path $desktop "$name.url"), ($lines -join "`r`n") + "`r`n", [Text.Encoding]::ASCII)
Write-Output "The request page is on the desktop as '$name'."
"""

_SHELL: Final = r"""#!/bin/sh
# Puts the request page of this device on everybody's desktop.
# Datto RMM component, script type Unix (Bash), for macOS and Linux. Variable: @VARIABLE@ (String).
set -eu
address=@ADDRESS@
name=@NAME@

stop_here() {
    echo "FAILED: $1"
    exit 1
}

[ -n "${@VARIABLE@:-}" ] || stop_here 'The component variable @VARIABLE@ is empty. Set it to the secret of RMM Bridge.'
command -v curl >/dev/null || stop_here 'curl is missing. Install it.'
uid=''
for file in /var/root/.mono/registry/CurrentUser/software/centrastage/values.xml \
            /root/.mono/registry/CurrentUser/software/centrastage/values.xml; do
    [ -r "$file" ] || continue
    uid=$(tr '\n' ' ' <"$file" | sed -n 's/.*name="[Dd]evice[Ii][Dd]"[^>]*>\([0-9A-Fa-f-]*\)<.*/\1/p')
    [ -z "$uid" ] || break
done
[ -n "$uid" ] || stop_here 'The device id of the Datto RMM agent was not found. Reinstall the agent.'

# The secret goes to curl by a pipe: arguments can be read by every user of the machine.
url=$(printf 'header = "Authorization: Bearer %s"\n' "$@VARIABLE@" |
    curl --config - --silent --show-error --fail --max-time 60 --header 'Accept: text/plain' \
        --data-urlencode "device_uid=$uid" "$address/request/enroll/") || stop_here 'RMM Bridge gave no link; see the line above.'
case "$url" in "$address"/request/*) ;; *) stop_here 'The answer is not an address of RMM Bridge.' ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$(uname)" = Darwin ]; then
    homes=/Users
    file="$name.webloc"
    printf '<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>URL</key><string>%s</string></dict></plist>\n' "$url" >"$work/shortcut"
else
    homes=/home
    file="$name.desktop"
    printf '[Desktop Entry]\nType=Link\nName=%s\nURL=%s\nIcon=help-browser\n' "$name" "$url" >"$work/shortcut"
fi
for desktop in "$homes"/*/Desktop; do
    [ -d "$desktop" ] && [ ! -L "$desktop" ] || continue
    owner=$(ls -ldn "$desktop" | awk '{ print $3 ":" $4 }')
    cp "$work/shortcut" "$work/copy"
    chown "$owner" "$work/copy"
    chmod 644 "$work/copy"
    # A rename replaces whatever is there, and follows no link.
    mv -f "$work/copy" "$desktop/$file"
    echo "The request page is in $desktop as '$name'."
done
"""


def powershell_script(address: str) -> str:
    """Return the component's text for Windows.

    Args:
        address: of this installation, without a slash at the end.
    """
    return _fill(_POWERSHELL, address, quote="''")


def shell_script(address: str) -> str:
    """Return the component's text for macOS and Linux."""
    return _fill(_SHELL, address, quote="'\\''")


def _fill(text: str, address: str, *, quote: str) -> str:
    def literal(value: str) -> str:
        return "'" + value.replace("'", quote) + "'"

    filled = text.replace("@VARIABLE@", VARIABLE).replace("@NAME@", literal(_NAME))
    return filled.replace("@ADDRESS@", literal(address.rstrip("/")))
