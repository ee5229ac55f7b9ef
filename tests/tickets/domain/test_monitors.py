"""What makes two alerts those of one monitor."""

from __future__ import annotations

from typing import Any

import pytest

from tickets.domain.monitors import Identity, identify, read_typed_key, typed_fingerprint


def disk(text: str = "", *names: str, **stable: Any) -> Identity:
    return identify(
        context_class="perf_disk_usage_ctx",
        monitor_type_name="Disk Usage",
        stable=stable,
        object_label=str(stable.get("diskName", "")),
        text=text,
        own_names=names,
    )


def test_the_same_object_on_any_device_is_one_monitor_whatever_is_measured():
    one = disk("C: has 5 GB free", "NORTH-SRV01", diskName="C:", unset=None)
    assert one == disk("C: has 7 GB free of 20", "SOUTH-PC07", diskName="C:")
    assert one.label == "Disk Usage, C:"
    assert one.fingerprint != disk("", diskName="D:").fingerprint


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "Backup of NORTH-SRV01 failed at 2026-01-31 04:12",
            "Backup of SOUTH-PC07 failed at 2026-02-01 23:59:59",
        ),
        ("12 % free on 10.0.0.7", "3.5 % free on 192.168.1.20"),
        ("Job 4711 took 12 min: \\\\nas\\a failed", "Job 9 took 3 min: C:\\tmp failed"),
    ],
)
def test_without_stable_fields_the_words_count_but_no_number_moment_path_or_own_name(first: str, second: str):
    assert disk(first, "NORTH-SRV01") == disk(second, "SOUTH-PC07")


def test_other_words_are_another_monitor():
    assert disk("Backup failed").fingerprint != disk("Restore failed").fingerprint


def test_monitors_told_by_ids_have_labels_of_their_own():
    labels = {
        identify(
            context_class="patch_ctx",
            monitor_type_name="Patch",
            stable={"policyUid": policy},
            object_label="",
            text="",
        ).label
        for policy in ("6b0daf350e1dacf9", "4598ec978aa9f1ba")
    }
    assert labels == {"Patch, policy 6b0daf35", "Patch, policy 4598ec97"}


def test_a_typed_key_is_the_same_in_any_spelling():
    assert typed_fingerprint("Exchange  Queue") == typed_fingerprint("exchange queue")
    assert typed_fingerprint("a") != typed_fingerprint("b")


@pytest.mark.parametrize("value", [None, True, "[monitor_key]", "x" * 10_000, ["a"], ""])
def test_what_is_no_key_is_none(value: object):
    assert read_typed_key(value) == ""
