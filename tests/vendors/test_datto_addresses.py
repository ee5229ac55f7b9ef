"""API addresses as people paste them, and portal links."""

from __future__ import annotations

import pytest

from integration.vendors.datto_rmm import Links, LinkTemplates, normalize_api_url, trusted_url

MERLOT = "https://merlot-api.centrastage.net"


@pytest.mark.parametrize(
    "text",
    [
        MERLOT, f"{MERLOT}/", f"{MERLOT}/api", f" {MERLOT}/api/ \n", f"{MERLOT}/api/v2", f"{MERLOT}:443/api", f'"{MERLOT}"',
        "merlot-api.centrastage.net", "merlot-api.centrastage.net/api", "MERLOT-API.centrastage.net", "Merlot", "merlot",
        "https://merlot.rmm.datto.com", "https://merlot.rmm.datto.com/device/12?x=1", "merlot.centrastage.net/csm/search",
        "https://merlotrmm.centrastage.net/alert/x",
    ],
)  # fmt: skip
def test_one_platform_in_many_spellings(text):
    found = normalize_api_url(text)
    assert (found.url, found.platform, found.warning) == (MERLOT, "merlot", "")


def test_unknown_platforms_and_hosts_are_taken_with_a_warning():
    found = normalize_api_url("https://newone-api.centrastage.net/api")
    assert (found.url, found.platform) == ("https://newone-api.centrastage.net", "newone")
    assert "newone" in found.warning
    found = normalize_api_url("https://rmm.example.com:8443/prefix/api/v2/")
    assert (found.url, found.platform) == ("https://rmm.example.com:8443/prefix", "")
    assert "rmm.example.com" in found.warning


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:9100", "http://localhost:9100/api", "http://[::1]:9100/api/"],
)
def test_loopback_is_fine_in_plain_http(text):
    found = normalize_api_url(text)
    assert found.url == text.removesuffix("/").removesuffix("/api")
    assert found.warning == ""


def test_a_sandbox_elsewhere_needs_permission():
    with pytest.raises(ValueError, match="plain http"):
        normalize_api_url("http://sandbox:9100")
    assert normalize_api_url("http://sandbox:9100", allow_insecure=True).url == "http://sandbox:9100"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "chablis",
        "ftp://x.example",
        "https://u:p@x.example",
        "https://",
        "https://[::1",
        "https://h.example:x",
    ],
)
def test_bad_addresses_are_named_with_a_cure(text):
    with pytest.raises(ValueError, match=r"^API URL: .*(copy it from|leave credentials)") as caught:
        normalize_api_url(text)
    assert "u:p" not in str(caught.value)


def test_links():
    links = Links(" Merlot ")
    assert links.alert_url("a/b") == "https://merlot.rmm.datto.com/alert/a%2Fb"
    assert links.device_url(17) == "https://merlot.rmm.datto.com/device/17"
    assert links.site_url(3) == "https://merlot.rmm.datto.com/site/3"
    assert links.web_remote_url(17) == "https://merlot.centrastage.net/csm/remote/rto/17"
    assert links.device_url(None) == links.alert_url("") == Links("").device_url(17) == ""


def test_link_templates_can_be_replaced():
    links = Links("", LinkTemplates(alert="https://portal.example/a/{alert_uid}"))
    assert links.alert_url("x") == "https://portal.example/a/x"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("https://x.example/{uid}", "unknown field 'uid'"),
        ("https://x.example/{alert_uid", "unclosed brace"),
        ("javascript:alert({alert_uid})", "must begin with https"),
        ("https://{alert_uid}.example/", "only {platform} may be in the host"),
        ("/alert/{alert_uid}", "must begin with https"),
    ],
)
def test_bad_link_templates_are_named(template, message):
    with pytest.raises(ValueError, match=r"^alert link: ") as caught:
        LinkTemplates(alert=template)
    assert message in str(caught.value)


@pytest.mark.parametrize("platform", ["evil.example/", "a b", "a@b"])
def test_a_platform_is_a_plain_name(platform):
    with pytest.raises(ValueError, match=r"^platform: "):
        Links(platform)


@pytest.mark.parametrize(
    ("url", "is_trusted"),
    [
        ("https://merlot.centrastage.net/csm/search/1", True),
        ("https://merlot.rmm.datto.com/device/1", True),
        ("http://127.0.0.1:9100/device/1", True),
        ("http://merlot.centrastage.net/x", False),
        ("https://centrastage.net.evil.example/x", False),
        ("https://evilcentrastage.net/x", False),
        ("https://merlot.centrastage.net@evil.example/", False),
        ("https://evil.example\\.centrastage.net/", False),
        ("https://a.centrastage.net/<script>", False),
        ("javascript:alert(1)", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_links_from_the_api_are_checked(url, is_trusted):
    assert trusted_url(url, extra_hosts=["127.0.0.1"]) == (url if is_trusted else "")
