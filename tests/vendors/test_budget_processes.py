"""Several processes at once on one budget; one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from integration.vendors.budget import Governor, Lane, Meter, VendorPolicy
from integration.vendors.errors import RateLimited

ROOT = Path(__file__).parents[2]
ALL = dict.fromkeys(Lane, 1.0)

WORKER = """
import sys, time
import redis
from integration.vendors.budget import Governor, Lane, Meter, VendorPolicy
from integration.vendors.errors import RateLimited

socket, mode = sys.argv[1:]
client = redis.Redis(unix_socket_path=socket)
lanes = dict.fromkeys(Lane, 1.0)
patience = dict.fromkeys(Lane, 0.0 if mode == "count" else 5.0)
policy = VendorPolicy(
    meters=(Meter("main", 100, 600, 10),), shares=lanes, patience_seconds=patience, slots_per_endpoint=3, lease_seconds=4.0
)
governor = Governor(client, "test", {"v": policy})
print("ready", flush=True)
sys.stdin.readline()
if mode == "hold":
    with governor.permit("v", endpoint="e", lane=Lane.NOTE):
        print("held", flush=True)
        time.sleep(60)
granted = 0
for n in range(60 if mode == "count" else 15):
    try:
        with governor.permit("v", endpoint=f"{n % 20}" if mode == "count" else "e", lane=Lane.NOTE):
            granted += 1
            if mode == "slots":
                busy = client.incr("busy")
                client.zadd("seen", {str(busy): busy})
                time.sleep(0.003)
                client.decr("busy")
    except RateLimited:
        pass
print(granted, flush=True)
"""


@pytest.fixture
def start(valkey_socket):
    processes = []

    def begin(mode: str, n: int) -> list[Any]:
        # Not the interpreter's fork: threads of the test process must not be copied along.
        new: list[Any] = [
            subprocess.Popen(  # noqa: S603 - our own interpreter and script
                [sys.executable, "-c", WORKER, valkey_socket, mode],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for _ in range(n)
        ]
        processes.extend(new)
        for process in new:
            assert process.stdout.readline() == "ready\n"
        for process in new:
            process.stdin.write("go\n")
            process.stdin.flush()
        return new

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def governor_of(client: redis.Redis, **more: Any) -> Governor:
    policy = VendorPolicy(
        meters=(Meter("main", 100, 600, 10),),
        shares=ALL,
        patience_seconds=dict.fromkeys(Lane, 0.0),
        slots_per_endpoint=3,
        **more,
    )
    return Governor(client, "test", {"v": policy})


def test_many_processes_never_pass_the_limit(redis_client, start):
    granted = [int(process.stdout.readline()) for process in start("count", 4)]
    assert sum(granted) == 100  # they asked 240 times
    assert governor_of(redis_client).calls_in_window("v") == 100


def test_many_processes_never_pass_the_slots(redis_client, start):
    granted = [int(process.stdout.readline()) for process in start("slots", 4)]
    assert sum(granted) == 60
    most = int(redis_client.zrevrange("seen", 0, 0)[0])
    assert 1 <= most <= 3
    assert governor_of(redis_client).snapshot("v").slots_in_use == {}


def test_the_slots_of_killed_processes_come_back(redis_client, start):
    holders = start("hold", 3)
    for process in holders:
        assert process.stdout.readline() == "held\n"
    governor = governor_of(redis_client)
    with pytest.raises(RateLimited, match="busy"), governor.permit("v", endpoint="e", lane=Lane.NEW_TICKET):
        pass
    for process in holders:
        os.kill(process.pid, signal.SIGKILL)
    started = time.monotonic()
    with governor.permit("v", endpoint="e", lane=Lane.NEW_TICKET, patience_seconds=30.0):
        assert time.monotonic() - started < 15
