"""The governor on a real Valkey."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from integration.vendors.budget import Governor, Lane, Meter, VendorPolicy, autotask_policy, datto_rmm_policy
from integration.vendors.budget.policy import Counts
from integration.vendors.errors import RateLimited, Unavailable

ALL = dict.fromkeys(Lane, 1.0)
NO_PATIENCE = dict.fromkeys(Lane, 0.0)


def policy(limit: int = 10, window: int = 60, **more: Any) -> VendorPolicy:
    values: dict[str, Any] = {"shares": ALL, "patience_seconds": NO_PATIENCE} | more
    return VendorPolicy(meters=(Meter("main", limit, window),), **values)


def governor_of(client: redis.Redis, **policies: VendorPolicy) -> Governor:
    return Governor(client, "test", policies)


def take(
    governor: Governor, n: int = 1, vendor: str = "v", lane: Lane = Lane.NEW_TICKET, **more: Any
) -> None:
    endpoint = more.pop("endpoint", "e")
    for _ in range(n):
        with governor.permit(vendor, endpoint=endpoint, lane=lane, **more):
            pass


def test_priorities():
    order = sorted(Lane, key=lambda lane: -lane.priority)
    assert Lane.NEW_TICKET.priority == Lane.INTAKE.priority
    assert order[2:] == [Lane.CLOSE, Lane.INTERACTIVE, Lane.NOTE, Lane.BACKGROUND]


def test_counts_up_to_the_limit_and_then_refuses(redis_client):
    governor = governor_of(redis_client, v=policy(limit=5))
    take(governor, 5)
    with pytest.raises(RateLimited) as caught:
        take(governor)
    assert caught.value.is_local
    assert caught.value.vendor == "v"
    assert 55 < caught.value.retry_after_seconds <= 61
    assert governor.calls_in_window("v") == 5


def test_old_calls_leave_the_window(redis_client):
    governor = governor_of(redis_client, v=policy(limit=3))
    take(governor, 3)
    key = "{test:v}:m:main"
    (bucket,) = [field for field in redis_client.hkeys(key) if field.isdigit()]
    older = int(bucket) - 62  # as if the calls had been made 62 seconds ago
    redis_client.hset(key, mapping={older: 3, "h": older})
    redis_client.hdel(key, bucket)
    assert governor.calls_in_window("v") == 0
    take(governor, 3)
    assert governor.calls_in_window("v") == 3


def test_a_call_counts_until_its_last_moment_has_left(redis_client):
    governor = governor_of(redis_client, v=policy(limit=1))
    take(governor)
    key = "{test:v}:m:main"
    (bucket,) = [int(field) for field in redis_client.hkeys(key) if field.isdigit()]
    redis_client.hset(key, mapping={bucket - 58: 1, "h": bucket - 58})
    redis_client.hdel(key, bucket)
    with pytest.raises(RateLimited) as caught:
        take(governor)
    assert 1 <= caught.value.retry_after_seconds <= 3


def test_waits_for_room_within_its_patience(redis_client):
    governor = governor_of(
        redis_client, v=policy(limit=2, window=1, patience_seconds=dict.fromkeys(Lane, 5.0))
    )
    started = time.monotonic()
    take(governor, 3)
    assert 0.5 < time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("lane", "calls"),
    [
        (Lane.BACKGROUND, 60),
        (Lane.NOTE, 80),
        (Lane.INTERACTIVE, 92),
        (Lane.CLOSE, 92),
        (Lane.NEW_TICKET, 98),
        (Lane.INTAKE, 98),
    ],
)
def test_autotask_reserves(redis_client, lane, calls):
    hundred = replace(autotask_policy(limit=100, patience_seconds=NO_PATIENCE), pacing=())
    governor = governor_of(redis_client, autotask=hundred)
    take(governor, calls, vendor="autotask", lane=lane)
    with pytest.raises(RateLimited, match="used up"):
        take(governor, vendor="autotask", lane=lane)
    snapshot = governor.snapshot("autotask")
    assert (snapshot.limit, snapshot.window_seconds, snapshot.used_by_us) == (100, 3600, calls)
    assert snapshot.used_by_lane[lane] == calls
    assert snapshot.shares[lane] == calls / 100


def test_background_is_refused_while_new_tickets_go_on(redis_client):
    hundred = replace(autotask_policy(limit=100, patience_seconds=NO_PATIENCE), pacing=())
    governor = governor_of(redis_client, autotask=hundred)
    take(governor, 60, vendor="autotask", lane=Lane.BACKGROUND)
    with pytest.raises(RateLimited):
        take(governor, vendor="autotask", lane=Lane.BACKGROUND)
    take(governor, 38, vendor="autotask", lane=Lane.NEW_TICKET)
    with pytest.raises(RateLimited):
        take(governor, vendor="autotask", lane=Lane.NEW_TICKET)


def test_datto_counts_reads_writes_and_operations_apart(redis_client):
    small = datto_rmm_policy(read_limit=10, write_limit=20, operation_limit=5, patience_seconds=NO_PATIENCE)
    governor = governor_of(
        redis_client, datto_rmm=replace(small, shares=ALL, operation_limits={"device-udf-set": 20})
    )

    def write(n: int, operation: str) -> None:
        take(governor, n, vendor="datto_rmm", is_write=True, operation=operation)

    write(5, "alert-resolve")
    with pytest.raises(RateLimited, match="op:alert-resolve"):
        write(1, "alert-resolve")
    write(15, "device-udf-set")
    with pytest.raises(RateLimited, match="writes"):
        write(1, "site-create")
    take(governor, 10, vendor="datto_rmm")
    assert governor.calls_in_window("datto_rmm") == 30
    assert [meter.used_by_us for meter in governor.snapshot("datto_rmm").meters] == [10, 20]


def test_datto_brown_out_leaves_the_last_tenth_to_new_tickets():
    shares = datto_rmm_policy().shares
    assert [lane for lane, share in shares.items() if share > 0.9] == [Lane.NEW_TICKET, Lane.INTAKE]


def test_strangers_use_counts_and_ours_is_subtracted(redis_client):
    governor = governor_of(redis_client, v=policy(limit=100))
    take(governor, 10)
    governor.learn_use("v", 70, limit=90)
    snapshot = governor.snapshot("v")
    assert (snapshot.used_by_us, snapshot.used_by_others, snapshot.limit) == (10, 60, 90)
    assert snapshot.used_share == pytest.approx(70 / 90)
    learned_at = snapshot.meters[0].learned_at
    assert learned_at is not None
    assert abs((datetime.now(UTC) - learned_at).total_seconds()) < 5
    take(governor, 20)
    with pytest.raises(RateLimited):
        take(governor)


def test_what_was_learned_fades(redis_client):
    governor = governor_of(redis_client, v=policy(limit=100, others_hold_seconds=1000))
    governor.learn_use("v", 80, limit=90)
    key = "{test:v}:o:main"
    now = int(redis_client.hget(key, "at"))
    redis_client.hset(key, "at", now - 1_500_000)
    assert 38 <= governor.snapshot("v").used_by_others <= 40
    redis_client.hset(key, "at", now - 2_000_001)
    snapshot = governor.snapshot("v")
    assert (snapshot.used_by_others, snapshot.limit, snapshot.meters[0].learned_at) == (0, 100, None)


def test_learning_a_lower_count_than_ours_never_goes_negative(redis_client):
    governor = governor_of(redis_client, v=policy())
    take(governor, 5)
    governor.learn_use("v", 2)
    assert governor.snapshot("v").used_by_others == 0


@pytest.mark.parametrize(
    "arguments", [{"window_total": -1}, {"window_total": 1, "limit": 0}, {"window_total": 1, "meter": "x"}]
)
def test_nonsense_is_not_learned(redis_client, arguments):
    with pytest.raises(ValueError, match=r"learn_use|meter"):
        governor_of(redis_client, v=policy()).learn_use("v", **arguments)


def test_should_learn_only_when_calls_are_made_and_once_for_all_workers(redis_client):
    first, second = governor_of(redis_client, v=policy()), governor_of(redis_client, v=policy())
    idle = governor_of(redis_client, v=policy())
    assert not idle.should_learn("v")
    take(first)
    assert [first.should_learn("v"), first.should_learn("v"), second.should_learn("v")] == [
        True,
        False,
        False,
    ]


def test_background_paces_itself(redis_client):
    paced = policy(limit=10, pacing=((0.5, 30.0),), patience_seconds=NO_PATIENCE)
    governor = governor_of(redis_client, v=paced)
    take(governor, 6, lane=Lane.BACKGROUND)  # the sixth finds half of the budget used and starts the pause
    with pytest.raises(RateLimited, match="slowed down"):
        take(governor, lane=Lane.BACKGROUND)
    take(governor, lane=Lane.NOTE)


def test_slots_are_limited_per_endpoint_and_come_back(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=3))
    with (
        governor.permit("v", endpoint="Tickets", lane=Lane.NOTE),
        governor.permit("v", endpoint="Tickets", lane=Lane.NOTE),
        governor.permit("v", endpoint="Tickets", lane=Lane.NOTE),
    ):
        assert governor.snapshot("v").slots_in_use == {"Tickets": 3}
        with pytest.raises(RateLimited, match="Tickets are busy"):
            take(governor, endpoint="Tickets")
        take(governor, endpoint="Companies")
    assert governor.snapshot("v").slots_in_use == {}
    take(governor, endpoint="Tickets")


def test_background_leaves_the_last_slot(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=3))
    with (
        governor.permit("v", endpoint="e", lane=Lane.BACKGROUND),
        governor.permit("v", endpoint="e", lane=Lane.BACKGROUND),
    ):
        with pytest.raises(RateLimited):
            take(governor, lane=Lane.BACKGROUND)
        take(governor, lane=Lane.NOTE)


def test_a_slot_is_given_back_when_the_call_fails(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=1))
    with pytest.raises(ZeroDivisionError), governor.permit("v", endpoint="e", lane=Lane.NOTE):
        _ = 1 / 0
    take(governor)


def test_a_lost_slot_is_free_after_its_lease(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=1, lease_seconds=0.1))
    with governor.permit("v", endpoint="e", lane=Lane.NOTE) as held:
        held.leave_slot_taken()
    with pytest.raises(RateLimited):
        take(governor)
    time.sleep(0.12)
    take(governor)


def test_a_dead_workers_slot_is_free_after_the_lease_of_its_call_not_after_the_policys(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=1))
    died = governor.permit("v", endpoint="e", lane=Lane.NOTE, lease_seconds=0.1)
    died.__enter__()  # and never given back
    with pytest.raises(RateLimited):
        take(governor)
    time.sleep(0.12)
    take(governor)


def test_a_renewed_slot_is_held_for_another_lease(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=1))
    with governor.permit("v", endpoint="e", lane=Lane.NOTE, lease_seconds=0.2) as held:
        time.sleep(0.12)
        governor.renew("v", "e", held)
        time.sleep(0.12)
        with pytest.raises(RateLimited):
            take(governor)
    take(governor)


def test_a_slot_left_taken_is_held_for_the_policys_lease(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=1, lease_seconds=60.0))
    with governor.permit("v", endpoint="e", lane=Lane.NOTE, lease_seconds=0.05) as held:
        held.leave_slot_taken()
    time.sleep(0.06)
    with pytest.raises(RateLimited):
        take(governor)


def test_who_is_more_urgent_gets_the_next_slot(redis_client):
    patient = policy(limit=100, slots_per_endpoint=1, patience_seconds=dict.fromkeys(Lane, 5.0))
    governor = governor_of(redis_client, v=patient)
    order = []

    def wait(lane):
        with governor.permit("v", endpoint="e", lane=lane):
            order.append(lane)

    threads = [
        threading.Thread(target=wait, args=(lane,)) for lane in (Lane.NOTE, Lane.BACKGROUND, Lane.NEW_TICKET)
    ]
    with governor.permit("v", endpoint="e", lane=Lane.NOTE):
        for thread in threads:
            thread.start()
        for _ in range(200):
            if redis_client.zcard("{test:v}:w:e") == 3:
                break
            time.sleep(0.01)
    for thread in threads:
        thread.join(5)
    assert order == [Lane.NEW_TICKET, Lane.NOTE, Lane.BACKGROUND]


def test_who_gives_up_waiting_does_not_hold_up_others(redis_client):
    governor = governor_of(redis_client, v=policy(slots_per_endpoint=1))
    with governor.permit("v", endpoint="e", lane=Lane.NOTE), pytest.raises(RateLimited):
        take(governor, lane=Lane.NEW_TICKET)
    take(governor, lane=Lane.BACKGROUND)


def test_block_stops_everything_until_it_ends(redis_client):
    governor = governor_of(redis_client, v=policy())
    governor.block("v", 30, "maintenance")
    governor.block("v", 1, "shorter")
    with pytest.raises(RateLimited, match="maintenance") as caught:
        take(governor)
    assert 29 < caught.value.retry_after_seconds <= 30
    snapshot = governor.snapshot("v")
    assert snapshot.block_reason == "maintenance"
    assert snapshot.blocked_until is not None
    assert 28 < (snapshot.blocked_until - datetime.now(UTC)).total_seconds() <= 30
    governor.unblock("v")
    take(governor)
    governor.report_429("v", 0.05)
    with pytest.raises(RateLimited, match="429"):
        take(governor)
    time.sleep(0.06)
    take(governor)


def test_an_endpoint_can_be_blocked_alone(redis_client):
    governor = governor_of(redis_client, v=policy())
    governor.report_429("v", 30, endpoint="Tickets")
    with pytest.raises(RateLimited):
        take(governor, endpoint="Tickets")
    take(governor, endpoint="Companies")


def test_one_403_is_a_permission_and_many_are_a_block(redis_client):
    governor = governor_of(redis_client, v=policy(forbidden_block_seconds=300.0, forbidden_endpoints=3))
    assert [governor.report_403("v", endpoint) for endpoint in ("a", "a", "a", "b")] == [False] * 4
    take(governor)
    assert governor.report_403("v", "c")
    with pytest.raises(RateLimited, match="403") as caught:
        take(governor)
    assert 299 < caught.value.retry_after_seconds <= 300


def test_a_success_between_403s_shows_that_we_are_not_blocked(redis_client):
    governor = governor_of(redis_client, v=policy(forbidden_block_seconds=300.0, forbidden_endpoints=2))
    governor.report_403("v", "a")
    with governor.permit("v", endpoint="e", lane=Lane.NOTE) as held:
        held.succeeded = True
    assert not governor.report_403("v", "b")


def test_a_403_right_after_a_429_is_a_block(redis_client):
    governor = governor_of(redis_client, v=policy(forbidden_block_seconds=300.0))
    governor.report_429("v", 0)
    assert governor.report_403("v", "a")


def test_a_vendor_without_ip_blocks_never_blocks_on_403(redis_client):
    governor = governor_of(redis_client, v=policy())
    governor.report_429("v", 0)
    assert not any(governor.report_403("v", str(n)) for n in range(9))


def test_only_one_does_what_is_exclusive(redis_client):
    governor = governor_of(redis_client, v=policy())
    with (
        governor.exclusive("v", "login"),
        pytest.raises(RateLimited),
        governor.exclusive("v", "login", wait_seconds=0.05),
    ):
        pytest.fail("two at once")
    with governor.exclusive("v", "login", wait_seconds=0.05):
        pass


def test_redis_down_is_a_clear_error(valkey_socket):
    client = redis.Redis(unix_socket_path=valkey_socket + ".gone", retry=Retry(NoBackoff(), 0))
    governor = governor_of(client, v=policy(forbidden_block_seconds=1.0))
    calls: list[Callable[[], Any]] = [
        lambda: take(governor),
        lambda: governor.block("v", 1, "x"),
        lambda: governor.unblock("v"),
        lambda: governor.report_429("v", 1),
        lambda: governor.report_403("v", "e"),
        lambda: governor.snapshot("v"),
        lambda: governor.should_learn("v"),
        lambda: governor.learn_use("v", 1),
        lambda: governor.exclusive("v", "x").__enter__(),
    ]
    for call in calls:
        with pytest.raises(Unavailable, match="budget cannot be read"):
            call()


def test_decoded_answers_work_as_well(valkey_socket, redis_client):
    decoded = redis.Redis(unix_socket_path=valkey_socket, decode_responses=True)
    governor = governor_of(decoded, v=policy(slots_per_endpoint=2))
    with governor.permit("v", endpoint="Tickets", lane=Lane.NOTE):
        assert governor.snapshot("v").slots_in_use == {"Tickets": 1}
    governor.block("v", 5, "why")
    assert governor.snapshot("v").block_reason == "why"
    decoded.close()


def test_unknown_vendor_is_named(redis_client):
    with pytest.raises(KeyError, match="no budget policy for 'x'"):
        take(governor_of(redis_client, v=policy()), vendor="x")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Meter("m", 0, 60), "limit"),
        (lambda: Meter("m", 1, 60, 7), "multiple"),
        (lambda: VendorPolicy(meters=(), shares=ALL), "meters"),
        (lambda: policy(shares={Lane.NOTE: 1.0}), "shares: no value for"),
        (lambda: policy(shares={**ALL, Lane.NOTE: 1.5}), "not so for note"),
        (lambda: policy(slots_per_endpoint=0), "slots_per_endpoint"),
    ],
)
def test_bad_policies_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_meters_choose_their_calls():
    assert Meter("m", 1, 60, counts=Counts.ALL).counts_call(is_write=True)
    assert not Meter("m", 1, 60, counts=Counts.READS).counts_call(is_write=True)
    assert Meter("m", 1, 60, counts=Counts.WRITES).counts_call(is_write=True)
