"""The right to deploy to an endpoint: one holder at a time, and of those waiting the newest upload wins.

Pure transitions of one record; `lambdas.aws.leases` stores it with compare-and-set, so two writers never
both succeed on the same revision. The token grows with every change of holder: whoever shows an older one
has lost the lease, however late it wakes (Kleppmann, "How to do distributed locking", on fencing tokens).
Times are epoch seconds of the cloud's clock. An `order` is a text that sorts as the uploads did; a rollback,
which is no upload, has an empty one: it waits its turn like any other, but no upload is newer than it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts.errors import LeaseLostError

# Longer than any task that acts under the lease may take, from the moment that the state machine tells it as
# `now`: a function that renewed and then stalls is killed by its own time limit before another execution can
# take over. So each attempt must be told its own time ($now()), never the time that its state was entered.
HOLD_SECONDS = 900
# More than any of these tasks is given. A holder whose execution is over starts no more of them, so that long
# after its last sign of life nothing of it can still act.
TASK_SECONDS = 300
# A waiter polls far more often; one that is silent for this long is taken for dead.
WAIT_SECONDS = 180

ACQUIRED = "acquired"
WAITING = "waiting"
SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The record. Empty texts mean nobody; `promoted_order` is the newest upload that ever took over."""

    revision: int = 0
    token: int = 0
    holder: str = ""
    holder_order: str = ""
    held_until: int = 0
    waiter: str = ""
    waiter_order: str = ""
    waiter_until: int = 0
    promoted_order: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request came to, and the record to store for it."""

    status: str
    reason: str
    lease: Lease


def acquire(lease: Lease, *, holder: str, order: str, now: int, holder_is_over: bool = False) -> Answer:
    """Take the lease, wait for it, or learn that a newer upload makes this one pointless.

    `holder_is_over` says that the execution which holds the lease runs no more, without having let go.
    """
    held_until = lease.held_until - (HOLD_SECONDS - TASK_SECONDS if holder_is_over else 0)
    newer = _newer(lease, holder, order, now, held_until) if order else ""
    if newer:
        return Answer(status=SUPERSEDED, reason=newer, lease=lease)
    if lease.holder not in ("", holder) and held_until > now:
        if order:
            lease = replace(lease, waiter=holder, waiter_order=order, waiter_until=now + WAIT_SECONDS)
        return Answer(status=WAITING, reason=f"{lease.holder} is deploying", lease=lease)
    held = replace(
        lease,
        token=lease.token if lease.holder == holder else lease.token + 1,
        holder=holder,
        holder_order=order,
        held_until=now + HOLD_SECONDS,
    )
    return Answer(status=ACQUIRED, reason="", lease=_without_waiter(held, holder))


def renew(lease: Lease, *, holder: str, token: int, now: int, serves: bool = False) -> Lease:
    """Prove that the lease is still held, and hold it longer; raises LeaseLostError otherwise.

    `serves` records at once that the holder's upload took over, so that no older one is deployed even if the
    holder dies before it can say so on release.
    """
    if lease.holder != holder or lease.token != token:
        raise LeaseLostError(
            f"token {token} of {holder} is stale: the lease is at token {lease.token}, "
            f"held by {lease.holder or 'nobody'}"
        )
    promoted_order = max(lease.promoted_order, lease.holder_order) if serves else lease.promoted_order
    held_until = max(lease.held_until, now + HOLD_SECONDS)
    return replace(lease, held_until=held_until, promoted_order=promoted_order)


def restored(lease: Lease, *, holder: str, token: int, now: int) -> Lease:
    """The record again where somebody deleted it: where there is none, nobody else holds it either.

    Only for a holder whose deployment the endpoint shows: one that slept through another's knows no better.
    """
    if lease != Lease():
        return lease
    return Lease(token=token, holder=holder, held_until=now + HOLD_SECONDS)


def release(lease: Lease, *, holder: str, order: str, promoted: bool) -> Lease:
    """Let go of whatever this holder has; harmless when it has nothing."""
    freed = _without_waiter(lease, holder)
    if freed.holder == holder:
        freed = replace(freed, holder="", holder_order="", held_until=0)
    return replace(freed, promoted_order=max(freed.promoted_order, order)) if promoted else freed


def _newer(lease: Lease, holder: str, order: str, now: int, held_until: int) -> str:
    """Why this upload is not the newest, or an empty text."""
    if order < lease.promoted_order:
        return "a newer upload already serves"
    if lease.holder != holder and order < lease.holder_order and held_until > now:
        return f"a newer upload is being deployed by {lease.holder}"
    if lease.waiter not in ("", holder) and order < lease.waiter_order and lease.waiter_until > now:
        return f"a newer upload waits to be deployed by {lease.waiter}"
    return ""


def _without_waiter(lease: Lease, waiter: str) -> Lease:
    if lease.waiter != waiter:
        return lease
    return replace(lease, waiter="", waiter_order="", waiter_until=0)
