"""The governor: asks Redis for leave before each call, so that all workers together stay within a vendor's limits."""

from __future__ import annotations

import json
import logging
import random
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import redis
from redis.commands.core import Script
from redis.exceptions import RedisError

from integration.vendors.budget import scripts
from integration.vendors.budget.lanes import Lane
from integration.vendors.budget.permit import Permit, meter_named, refusal, to_instant, to_text, wire_meter
from integration.vendors.budget.policy import Meter, VendorPolicy
from integration.vendors.budget.snapshot import BudgetSnapshot, MeterSnapshot
from integration.vendors.errors import RateLimited, Unavailable

logger = logging.getLogger(__name__)

#: A wait for one of these ends at a known moment; other waits end when somebody else finishes.
_KNOWN_END: Final = frozenset({"blocked", "budget"})
_LONGEST_NAP_SECONDS: Final = 1.0
_LEARN_CHECK_SECONDS: Final = 15.0
#: No answer of a vendor makes us pause longer than this.
_LONGEST_PAUSE_SECONDS: Final = 3600.0


class Governor:
    """Shared budgets of all vendors.

    Args:
        client: Redis or Valkey; decoded or raw answers are both fine.
        prefix: in front of every key, such as "rmm-bridge:budget".
        policies: by vendor name.

    Every method raises Unavailable when Redis does not answer: better no call than an uncounted one.
    """

    def __init__(self, client: redis.Redis, prefix: str, policies: Mapping[str, VendorPolicy]) -> None:
        self._redis = client
        self._prefix = prefix
        self._policies = dict(policies)
        self._acquire = client.register_script(scripts.ACQUIRE)
        self._release_script = client.register_script(scripts.RELEASE)
        self._renew_script = client.register_script(scripts.RENEW)
        self._block = client.register_script(scripts.BLOCK)
        self._forbidden = client.register_script(scripts.FORBIDDEN)
        self._learn = client.register_script(scripts.LEARN)
        self._snapshot = client.register_script(scripts.SNAPSHOT)
        self._next_learn_check: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"Governor(prefix={self._prefix!r}, vendors={sorted(self._policies)})"

    def policy(self, vendor: str) -> VendorPolicy:
        """Return a vendor's policy.

        Raises:
            KeyError: when there is none.
        """
        try:
            return self._policies[vendor]
        except KeyError:
            raise KeyError(
                f"no budget policy for {vendor!r}; known: {', '.join(sorted(self._policies))}"
            ) from None

    def patience_seconds(self, vendor: str, lane: Lane) -> float:
        """Return how long a lane waits for this vendor."""
        return self.policy(vendor).patience_seconds[lane]

    def default_retry_after_seconds(self, vendor: str) -> float:
        """Return the pause after a 429 that names none."""
        return self.policy(vendor).default_retry_after_seconds

    @contextmanager
    def permit(
        self,
        vendor: str,
        *,
        endpoint: str,
        lane: Lane,
        is_write: bool = False,
        operation: str = "",
        patience_seconds: float | None = None,
        lease_seconds: float | None = None,
    ) -> Iterator[Permit]:
        """Hold leave for one call; the call is counted and its endpoint slot taken.

        Args:
            vendor: name of a policy.
            endpoint: thread bucket, such as "Tickets".
            lane: decides reserve, order and patience.
            is_write: which windows count it.
            operation: write operation with a limit of its own, such as "alert-resolve".
            patience_seconds: instead of the lane's.
            lease_seconds: a dead worker's slot is free after this; the longest silence of a call, when the caller
                renews it at every sign of life. The policy's when None.

        Raises:
            RateLimited: is_local=True, when there was no leave within the lane's patience.
            Unavailable: when Redis does not answer.
        """
        patience = self.patience_seconds(vendor, lane) if patience_seconds is None else patience_seconds
        meters = self.policy(vendor).meters_for(is_write=is_write, operation=operation)
        lease = self.policy(vendor).lease_seconds if lease_seconds is None else lease_seconds
        held = self._wait(vendor, endpoint, lane, meters, patience, lease)
        try:
            yield held
        finally:
            self._release(vendor, endpoint, lane, held)

    def renew(self, vendor: str, endpoint: str, held: Permit) -> None:
        """Hold a slot for another lease, because the call shows signs of life. Redis trouble is only logged."""
        if self.policy(vendor).slots_per_endpoint is None:
            return
        try:
            self._renew_script(
                keys=[self._base(vendor)], args=[held.token, endpoint, round(held.lease_seconds * 1000)]
            )
        except RedisError:
            logger.warning("%s: a slot of %s could not be held longer", vendor, endpoint)

    @contextmanager
    def exclusive(
        self, vendor: str, name: str, *, lease_seconds: float = 60.0, wait_seconds: float = 30.0
    ) -> Iterator[None]:
        """Let one worker at a time do something, such as log in; the lease ends a dead worker's turn.

        Raises:
            RateLimited: is_local=True, when it was not our turn within wait_seconds.
            Unavailable: when Redis does not answer.
        """
        lock = self._redis.lock(
            f"{self._base(vendor)}:turn:{name}",
            timeout=lease_seconds,
            sleep=0.05,
            blocking_timeout=wait_seconds,
        )
        try:
            is_ours = lock.acquire()
        except RedisError as error:
            self._unavailable(vendor, error)
        if not is_ours:
            raise RateLimited(
                f"another worker is busy with {name}; nothing was sent",
                retry_after_seconds=5.0,
                is_local=True,
                vendor=vendor,
            )
        try:
            yield
        finally:
            try:
                lock.release()
            except RedisError:
                logger.warning(
                    "%s: the turn for %s had already ended or could not be given back", vendor, name
                )

    def block(self, vendor: str, seconds: float, reason: str, *, endpoint: str = "") -> None:
        """Stop all calls to a vendor (or to one endpoint) for a while; a longer pause in force stays."""
        self._pause(vendor, seconds, reason, endpoint, was_429=False)

    def unblock(self, vendor: str) -> None:
        """End a vendor-wide pause."""
        try:
            self._redis.delete(f"{self._base(vendor)}:block")
        except RedisError as error:
            self._unavailable(vendor, error)

    def report_429(self, vendor: str, retry_after_seconds: float | None, *, endpoint: str = "") -> None:
        """Note that the vendor refused: nobody calls it (or that endpoint) before the time it named."""
        seconds = (
            self.default_retry_after_seconds(vendor) if retry_after_seconds is None else retry_after_seconds
        )
        self._pause(vendor, seconds, "the vendor answered 429", endpoint, was_429=True)

    def report_403(self, vendor: str, endpoint: str) -> bool:
        """Note a 403 and return whether it means that our address is blocked rather than a permission missing.

        Then all calls to the vendor stop for the policy's forbidden_block_seconds.
        """
        policy = self.policy(vendor)
        if policy.forbidden_block_seconds is None:
            return False
        arguments = [
            endpoint,
            policy.forbidden_endpoints,
            round(policy.forbidden_after_429_seconds * 1000),
            round(policy.forbidden_block_seconds * 1000),
            "the vendor answers 403 everywhere: our address seems blocked",
        ]
        return bool(self._run(self._forbidden, vendor, arguments))

    def should_learn(self, vendor: str) -> bool:
        """Return whether the caller should now read the vendor's own counter and call `learn_use`.

        True at most once per learn_every_seconds over all workers, and only while calls are being made. Cheap:
        a process asks Redis every 15 seconds at most.
        """
        clock = time.monotonic()
        if clock < self._next_learn_check.get(vendor, 0.0):
            return False
        policy = self.policy(vendor)
        self._next_learn_check[vendor] = clock + min(_LEARN_CHECK_SECONDS, policy.learn_every_seconds)
        if self.calls_in_window(vendor) == 0:
            return False
        try:
            claimed = self._redis.set(
                f"{self._base(vendor)}:learning",
                "1",
                nx=True,
                px=max(1, round(policy.learn_every_seconds * 1000)),
            )
        except RedisError as error:
            self._unavailable(vendor, error)
        return bool(claimed)

    def learn_use(
        self, vendor: str, window_total: int, *, limit: int | None = None, meter: str | None = None
    ) -> None:
        """Take over the vendor's own counter.

        Args:
            vendor: name of a policy.
            window_total: calls of everybody in the window, ours included; ours are subtracted.
            limit: the limit the vendor reports, None to keep the policy's.
            meter: name of a window ("reads", "op:alert-resolve"), the main one when None.

        Raises:
            ValueError: negative total, limit below 1, unknown meter.
        """
        policy = self.policy(vendor)
        if window_total < 0 or (limit is not None and limit < 1):
            raise ValueError("learn_use: window_total must be 0 or more, limit 1 or more")
        found = policy.meters[0] if meter is None else meter_named(policy, meter)
        arguments = [
            found.name,
            found.bucket_seconds * 1000,
            found.window_seconds // found.bucket_seconds,
            window_total,
            "" if limit is None else limit,
            round(policy.others_hold_seconds * 1000),
        ]
        self._run(self._learn, vendor, arguments)

    def calls_in_window(self, vendor: str) -> int:
        """Return how many calls all our workers made in the policy's windows (reads and writes together)."""
        return sum(meter.used_by_us for meter in self.snapshot(vendor).meters)

    def snapshot(self, vendor: str) -> BudgetSnapshot:
        """Return what is known at this moment."""
        policy = self.policy(vendor)
        ask = {
            "meters": [wire_meter(meter) for meter in policy.meters],
            "lanes": [lane.value for lane in Lane],
            "hold_ms": round(policy.others_hold_seconds * 1000),
        }
        until, reason, meters, lanes, slots = self._run(self._snapshot, vendor, [json.dumps(ask)])
        return BudgetSnapshot(
            vendor=vendor,
            meters=tuple(
                MeterSnapshot(
                    name=meter.name,
                    limit=int(limit),
                    window_seconds=meter.window_seconds,
                    used_by_us=int(ours),
                    used_by_others=int(others),
                    learned_at=to_instant(learned_at),
                )
                for meter, (ours, others, limit, learned_at) in zip(policy.meters, meters, strict=True)
            ),
            shares=policy.shares,
            used_by_lane={lane: int(used) for lane, used in zip(Lane, lanes, strict=True)},
            blocked_until=to_instant(until),
            block_reason=to_text(reason),
            slots_in_use={to_text(endpoint): int(used) for endpoint, used in slots},
            slots_per_endpoint=policy.slots_per_endpoint,
        )

    def _base(self, vendor: str) -> str:
        # The braces keep all keys of a vendor in one slot of a clustered Redis.
        return f"{{{self._prefix}:{vendor}}}"

    def _wait(
        self,
        vendor: str,
        endpoint: str,
        lane: Lane,
        meters: tuple[Meter, ...],
        patience_seconds: float,
        lease_seconds: float,
    ) -> Permit:
        policy = self.policy(vendor)
        held = Permit(token=secrets.token_hex(8), lease_seconds=lease_seconds)
        ask = json.dumps(
            {
                "meters": [wire_meter(meter) for meter in meters],
                "share": policy.shares[lane],
                "hold_ms": round(policy.others_hold_seconds * 1000),
                "endpoint": endpoint,
                "slots": policy.slots_for(lane) or 0,
                "lease_ms": round(lease_seconds * 1000),
                "keep_ms": round(max(lease_seconds, policy.lease_seconds) * 1000),
                "token": held.token,
                "lane": lane.value,
                "priority": lane.priority,
                "pacing": [[share, round(s * 1000)] for share, s in policy.pacing]
                if lane is Lane.BACKGROUND
                else [],
            }
        )
        give_up_at = time.monotonic() + patience_seconds
        naps = 0
        while True:
            reply = self._run(self._acquire, vendor, [ask])
            if int(reply[0]):
                held.trouble = bool(int(reply[1]))
                return held
            wait_seconds, kind, detail = int(reply[1]) / 1000, to_text(reply[2]), to_text(reply[3])
            left = give_up_at - time.monotonic()
            if left <= 0 or (kind in _KNOWN_END and wait_seconds > left):
                break
            if kind == "slots":  # ends when a call ends: ask often at first, then less
                wait_seconds = 0.02 * 1.3 ** min(naps, 10)
            jitter = random.uniform(1.0, 1.25)  # noqa: S311 - spreads workers, no secret
            time.sleep(max(0.001, min(wait_seconds * jitter, left, _LONGEST_NAP_SECONDS)))
            naps += 1
        if kind == "slots":
            self._release(
                vendor, endpoint, lane, held
            )  # withdraws our claim, so that others need not wait for it
        raise RateLimited(
            refusal(kind, detail, lane),
            retry_after_seconds=max(wait_seconds, 1.0),
            is_local=True,
            vendor=vendor,
        )

    def _release(self, vendor: str, endpoint: str, lane: Lane, held: Permit) -> None:
        has_slot = self.policy(vendor).slots_per_endpoint is not None
        forget = held.trouble and held.succeeded
        if not has_slot and not forget:
            return
        try:
            self._release_script(
                keys=[self._base(vendor)],
                args=[
                    held.token,
                    endpoint,
                    int(held.frees_slot),
                    lane.priority,
                    int(forget),
                    round(self.policy(vendor).lease_seconds * 1000),
                ],
            )
        except RedisError:
            # The call is over and its answer matters more; the lease frees the slot.
            logger.warning("%s: a slot of %s could not be given back, its lease ends it", vendor, endpoint)

    def _pause(self, vendor: str, seconds: float, reason: str, endpoint: str, *, was_429: bool) -> None:
        self.policy(vendor)
        milliseconds = round(min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS) * 1000)
        self._run(self._block, vendor, [endpoint, milliseconds, reason[:200], int(was_429)])

    def _run(self, script: Script, vendor: str, arguments: list[Any]) -> Any:
        try:
            return script(keys=[self._base(vendor)], args=arguments)
        except RedisError as error:
            self._unavailable(vendor, error)

    def _unavailable(self, vendor: str, error: RedisError) -> NoReturn:
        raise Unavailable(
            f"the shared call budget cannot be read from Redis ({type(error).__name__}); nothing was sent",
            vendor=vendor,
        ) from None
