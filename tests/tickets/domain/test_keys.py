"""Keys by which tickets and conditions are found again."""

from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.keys import EXTERNAL_ID_LENGTH, condition_key, correlation_key

UID = "6f9c2a44-0f2e-4f7b-9a51-1d1a2b3c4d5e"


def test_correlation_key_of_a_guid_is_readable():
    assert correlation_key(UID) == f"rmm-alert:{UID}"
    assert correlation_key(UID, round_=2) == f"rmm-alert:{UID}#2"


@given(st.text(min_size=1, max_size=200), st.integers(min_value=1, max_value=99))
def test_correlation_key_fits_autotask(uid, round_):
    assert len(correlation_key(uid, round_=round_)) <= EXTERNAL_ID_LENGTH


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_correlation_key_tells_alerts_apart(one, other):
    assert (correlation_key(one) == correlation_key(other)) == (one == other)


def test_correlation_key_tells_rounds_apart():
    assert len({correlation_key(UID, round_=n) for n in range(1, 30)}) == 29


def test_condition_key_ignores_the_order_of_stable_fields():
    a = condition_key(device_uid="d", site_uid="s", monitor="disk", stable={"a": 1, "b": "x"})
    assert a == condition_key(device_uid="d", site_uid="s", monitor="disk", stable={"b": "x", "a": 1})


def test_condition_key_changes_with_device_monitor_and_field():
    keys = {
        condition_key(device_uid=d, site_uid="s", monitor=m, stable={"disk": x})
        for d in ("d1", "d2")
        for m in ("disk", "service")
        for x in ("C:", "D:")
    }
    assert len(keys) == 8


def test_condition_key_without_a_device_belongs_to_the_site():
    a = condition_key(device_uid="", site_uid="s1", monitor="network", stable={})
    assert a != condition_key(device_uid="", site_uid="s2", monitor="network", stable={})
