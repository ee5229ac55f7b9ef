"""The sync engine: plan, guard, apply, resume, undo; with a kind of its own that writes to a shelf of values."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync import kinds, operations, runs
from integration.sync.changes import NothingToDoError, apply_entries, queue_changes, undo_entries
from integration.sync.operations import Applied, CannotApply, Draft, Operation, Superseded
from integration.sync.recorder import RunLost, RunRecorder, RunYields
from integration.vendors.errors import RateLimited, Rejected, Unavailable, WriteOutcomeUnknown

pytestmark = pytest.mark.django_db
Action, Entry, Status = SyncRunEntry.Action, SyncRunEntry.Status, SyncRun.Status


class Shelf:
    """What the pretended vendor holds, what is wanted, and what goes wrong next."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.wanted: dict[str, int] = {}
        self.writes: list[tuple[str, bool]] = []
        self.trouble: list[BaseException] = []
        self.refusal = ""
        self.after: list[int] = []

    def plan(self, recorder: RunRecorder) -> None:
        for name, value in self.wanted.items():
            if self.held.get(name) == value:
                recorder.unchanged()
                continue
            recorder.plan(draft(name, self.held.get(name), value))

    def apply(self, work, entry, is_doubtful):
        name, value = entry.object_id, entry.after.get("value")
        if is_doubtful and self.held.get(name) == value:
            return Applied(message="was stored already")
        if self.held.get(name) != entry.before.get("value"):
            raise Superseded(f"{name} is {self.held.get(name)} now")
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble is not None and not isinstance(trouble, WriteOutcomeUnknown):
            raise trouble
        self.writes.append((name, is_doubtful))
        if value is None:
            self.held.pop(name, None)
        else:
            self.held[name] = value
        if trouble is not None:
            raise trouble
        return Applied({"was": entry.before.get("value")})

    def undo(self, entry):
        if entry.object_id.startswith("fixed"):
            return "It cannot be taken back."
        return draft(entry.object_id, entry.after.get("value"), entry.before.get("value"))


def draft(name: str, before: int | None, after: int | None, *, needs_approval: bool = False) -> Draft:
    return Draft(
        Action.CREATE if before is None else Action.UPDATE,
        "shelve",
        "thing",
        name,
        name.capitalize(),
        {} if before is None else {"value": before},
        {} if after is None else {"value": after},
        needs_approval=needs_approval,
    )


@pytest.fixture
def shelf(monkeypatch):
    shelf = Shelf()
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    monkeypatch.setattr(operations, "_OPERATIONS", dict(operations._OPERATIONS))
    kinds.register(
        kinds.SyncKind(
            "shelf",
            "Shelf",
            "For tests.",
            shelf.plan,
            99,
            judge=lambda _recorder: shelf.refusal,
            after_apply=lambda recorder: shelf.after.append(recorder.run.pk),
        )
    )
    operations.register_operation(Operation("shelve", shelf.apply, shelf.undo))
    return shelf


def start(*, dry_run: bool = False, **options) -> SyncRun:
    run, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.PERSON, dry_run=dry_run)
    done = runs.execute_run(run.pk, **options)
    assert done is not None
    return done


def again(run: SyncRun) -> SyncRun:
    SyncRun.objects.filter(pk=run.pk).update(not_before=None)
    done = runs.execute_run(run.pk)
    assert done is not None
    return done


def test_a_run_applies_its_plan_and_the_second_one_has_nothing_to_do(shelf):
    shelf.held, shelf.wanted = {"b": 1}, {"a": 1, "b": 2, "c": 3}
    run = start()
    assert shelf.held == shelf.wanted
    assert (run.status, run.creates, run.updates, run.unchanged) == (Status.SUCCEEDED, 2, 1, 0)
    assert set(run.entries.values_list("status", flat=True)) == {Entry.DONE}
    assert shelf.after == [run.pk]
    second = start()
    assert (second.creates, second.updates, second.unchanged) == (0, 0, 3)
    assert not second.entries.exists()


def test_a_preview_counts_and_writes_nothing(shelf):
    shelf.wanted = {"a": 1}
    run = start(dry_run=True)
    assert (run.creates, shelf.writes, shelf.after) == (1, [], [])
    assert run.entries.get().status == Entry.PLANNED


def test_part_of_a_preview_is_applied_once_and_undone(shelf):
    shelf.wanted = {"a": 1, "b": 2}
    preview = start(dry_run=True)
    chosen = preview.entries.get(object_id="a")
    person = User.objects.create(username="ann")
    run = apply_entries(preview, person, entry_ids=[chosen.pk])
    with pytest.raises(NothingToDoError):
        apply_entries(preview, person, entry_ids=[chosen.pk])
    done = runs.execute_run(run.pk)
    assert (shelf.held, done.creates, done.source, done.user) == ({"a": 1}, 1, preview, person)  # type: ignore[union-attr]
    chosen.refresh_from_db()
    assert chosen.status == Entry.HANDED_ON

    back = undo_entries(done, person)  # type: ignore[arg-type]
    runs.execute_run(back.pk)
    assert shelf.held == {}
    assert done.entries.get().status == Entry.UNDONE  # type: ignore[union-attr]
    with pytest.raises(NothingToDoError):
        undo_entries(done, person)  # type: ignore[arg-type]


def test_what_cannot_be_undone_says_so_and_the_rest_is_undone(shelf):
    shelf.wanted = {"a": 1, "fixed": 2}
    run = start()
    back = runs.execute_run(undo_entries(run, None).pk)
    assert shelf.held == {"fixed": 2}
    assert back.entries.get(object_id="fixed").message == "It cannot be taken back."  # type: ignore[union-attr]


def test_an_old_preview_does_not_overwrite_what_changed_since(shelf):
    shelf.held, shelf.wanted = {"a": 1}, {"a": 2}
    preview = start(dry_run=True)
    shelf.held["a"] = 7
    run = runs.execute_run(apply_entries(preview, None).pk)
    assert shelf.held == {"a": 7}
    entry = run.entries.get()  # type: ignore[union-attr]
    assert (entry.status, entry.message) == (Entry.SKIPPED, "a is 7 now")


def test_what_needs_approval_waits_until_it_is_chosen(shelf, monkeypatch):
    monkeypatch.setattr(shelf, "plan", None)
    kinds.register(
        kinds.SyncKind(
            "shelf",
            "Shelf",
            "",
            lambda recorder: recorder.plan(draft("a", None, 1, needs_approval=True)),
            99,
            judge=lambda _: "",
        )
    )
    run = start()
    assert (shelf.held, run.entries.get().status) == ({}, Entry.WAITING)
    with pytest.raises(NothingToDoError):
        apply_entries(run, None)
    runs.execute_run(apply_entries(run, None, entry_ids=[run.entries.get().pk]).pk)
    assert shelf.held == {"a": 1}


def test_the_guard_keeps_the_plan_for_a_person(shelf):
    shelf.wanted, shelf.refusal = {"a": 1}, "Too much at once."
    run = start()
    assert (run.status, run.error, shelf.held) == (Status.GUARDED, "Too much at once.", {})
    runs.execute_run(apply_entries(run, None).pk)
    assert shelf.held == {"a": 1}


def test_a_refused_entry_fails_alone(shelf):
    shelf.wanted = {"a": 1, "b": 2, "c": 3}
    shelf.trouble = [
        Rejected(["Product is inactive"], vendor="autotask"),
        CannotApply("No product.", "Choose one."),
    ]
    run = start()
    assert (run.status, run.failures, shelf.held) == (Status.PARTIAL, 2, {"c": 3})
    assert [entry.remedy for entry in run.entries.filter(status=Entry.FAILED)][1] == "Choose one."


def test_a_defect_in_one_entry_does_not_stop_the_others(shelf):
    shelf.wanted, shelf.trouble = {"a": 1, "b": 2}, [KeyError("oops")]
    run = start()
    assert (run.status, shelf.held) == (Status.PARTIAL, {"b": 2})
    assert "KeyError" in run.entries.get(status=Entry.FAILED).message


@pytest.mark.parametrize(
    "trouble",
    [
        Unavailable("gone", vendor="autotask"),
        RateLimited("spent", vendor="autotask", retry_after_seconds=30),
    ],
)
def test_an_outage_or_a_spent_budget_lets_the_run_wait_and_go_on(shelf, trouble):
    shelf.wanted, shelf.trouble = {"a": 1, "b": 2}, [None, trouble]
    run = start()
    assert run.status == Status.QUEUED
    assert run.not_before > timezone.now()  # type: ignore[operator]
    assert runs.execute_run(run.pk) is None, "not before its time"
    done = again(run)
    assert (done.status, done.creates, shelf.writes) == (Status.SUCCEEDED, 2, [("a", False), ("b", False)])


def test_a_write_with_unknown_outcome_is_looked_up_not_repeated(shelf):
    shelf.wanted = {"a": 1}
    shelf.trouble = [WriteOutcomeUnknown("cut", vendor="autotask")]
    run = start()
    assert (run.status, shelf.writes) == (Status.SUCCEEDED, [("a", False)])
    assert run.entries.get().message == "was stored already"


def test_a_run_whose_worker_died_in_the_middle_goes_on_and_writes_nothing_twice(shelf):
    shelf.wanted = {"a": 1, "b": 2, "c": 3}

    def die(work, entry, is_doubtful):
        outcome = Shelf.apply(shelf, work, entry, is_doubtful)
        if entry.object_id == "b" and not is_doubtful:
            raise SystemExit  # after the vendor has stored it, before we have
        return outcome

    operations.register_operation(Operation("shelve", die, shelf.undo))
    run, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.SCHEDULE)
    SyncRun.objects.filter(pk=run.pk).update(cancel_requested=False)
    with pytest.raises(SystemExit):
        runs.execute_run(run.pk)
    # As the database looks when nothing could be recorded any more.
    SyncRun.objects.filter(pk=run.pk).update(
        status=Status.RUNNING, finished_at=None, error="", heartbeat_at=timezone.now() - timedelta(minutes=5)
    )
    assert runs.fail_stale_runs() == 0
    done = again(run)
    assert (done.status, done.creates) == (Status.SUCCEEDED, 3)
    assert [name for name, _ in shelf.writes] == ["a", "b", "c"]


def test_a_run_taken_over_writes_nothing_more(shelf):
    shelf.wanted = {"a": 1, "b": 2}

    def lose(work, entry, is_doubtful):
        SyncRun.objects.filter(pk=work.run.pk).update(token="another worker")
        return Shelf.apply(shelf, work, entry, is_doubtful)

    operations.register_operation(Operation("shelve", lose, shelf.undo))
    run, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.SCHEDULE)
    assert runs.execute_run(run.pk) is None
    assert shelf.held == {"a": 1}
    run.refresh_from_db()
    assert run.status == Status.RUNNING, "it belongs to the other worker"


def test_a_lost_run_cannot_overwrite_its_outcome(shelf):
    run, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.SCHEDULE)
    recorder = RunRecorder(run)
    with pytest.raises(RunLost):
        recorder.write_progress(force=True)


def test_a_slice_hands_on_and_the_next_goes_on(shelf):
    shelf.wanted = {"a": 1, "b": 2}
    run = start(slice_seconds=0)
    assert (run.status, run.phase, shelf.held) == (Status.QUEUED, SyncRun.Phase.APPLY, {})
    shelf.wanted["c"] = 3
    done = again(run)
    assert (done.status, shelf.held) == (Status.SUCCEEDED, {"a": 1, "b": 2})


def test_planning_that_yields_keeps_its_stage_and_not_its_half_plan(shelf):
    seen = []

    def plan(recorder):
        seen.append(recorder.run.stage)
        shelf.plan(recorder)
        if not recorder.run.stage:
            recorder.finish_stage("read")
            raise RunYields

    kinds.register(kinds.SyncKind("shelf", "Shelf", "", plan, 99, judge=lambda _: ""))
    shelf.wanted = {"a": 1}
    done = again(start())
    assert (seen, done.creates, done.entries.count()) == (["", "read"], 1, 1)


def test_cancelling_keeps_what_was_done_and_leaves_the_rest_planned(shelf):
    shelf.wanted = {"a": 1, "b": 2}

    def cancel(work, entry, is_doubtful):
        runs.request_cancel(work.run)
        return Shelf.apply(shelf, work, entry, is_doubtful)

    operations.register_operation(Operation("shelve", cancel, shelf.undo))
    run, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.PERSON)
    from integration.sync import recorder  # noqa: PLC0415 - to see every advance

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "_PROGRESS_SECONDS", 0)
        done = runs.execute_run(run.pk)
    assert (done.status, shelf.held) == (Status.CANCELLED, {"a": 1})  # type: ignore[union-attr]
    assert done.entries.get(object_id="b").status == Entry.PLANNED  # type: ignore[union-attr]


def test_one_whole_run_of_a_kind_and_only_one_at_work(shelf):
    first, is_new = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.SCHEDULE)
    second, is_new_too = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.PERSON)
    assert (first, is_new, is_new_too) == (second, True, False)
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncRun.objects.create(kind="shelf", trigger=SyncRun.Trigger.PERSON)
    small = queue_changes("shelf", [draft("z", None, 1)], None, title="One thing")
    SyncRun.objects.filter(pk=first.pk).update(status=Status.RUNNING, heartbeat_at=timezone.now())
    assert runs.execute_run(small.pk) is None, "its turn comes when the other has ended"
    SyncRun.objects.filter(pk=first.pk).update(status=Status.QUEUED)
    assert runs.next_waiting("shelf") == small, "a person's few changes go first"


def test_a_scoped_run_is_joined_by_the_same_wish(shelf):
    scope = {"device_uids": ["x"]}
    one, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.PERSON, scope=scope)
    two, is_new = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.PERSON, scope=scope)
    other, _ = runs.queue_run(kind="shelf", trigger=SyncRun.Trigger.PERSON, scope={"device_uids": ["y"]})
    assert (one, is_new) == (two, False)
    assert other != one


def test_fifty_refusals_in_a_row_stop_the_run(shelf):
    shelf.wanted = {f"thing {n}": n for n in range(60)}
    shelf.trouble = [CannotApply("No.") for _ in range(60)]
    run = start()
    assert (run.status, run.failures) == (Status.GUARDED, 50)
    assert run.entries.filter(status=Entry.PLANNED).count() == 10
