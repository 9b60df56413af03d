"""Faults on purpose: any call may be throttled, fail, stay unanswered or happen twice; any process may die.

`python -m localcloud up --faults FILE` reads a TOML or JSON file:

    seed = 7                          # of every random choice below

    [[rule]]                          # calls: the first rule that is due strikes
    fault = "throttle"                # throttle, error, timeout, twice, lost, stale
    service = "sagemaker"             # the prefix of its IAM actions; * and ? match as in a shell
    operation = "UpdateEndpoint"      # named as its IAM action
    principal = "*DeployModel*"      # the caller's ARN; without it: every caller but the administrator
    nth = 2                           # from the second call that matches ...
    count = 3                         # ... to the fourth
    seconds = 0.5                     # timeout: until the connection ends; stale: what is younger

    [[rule]]
    fault = "lost"
    probability = 0.01                # instead of nth: each matching call, at most `count` of them if given

    [[kill]]                          # processes, by SIGKILL
    target = "training"               # lambda, training, endpoint
    name = "*"                        # the function, the job, or the endpoint's container
    nth = 1                           # the first invocation of the function, or start of the container
    after_seconds = 0.3               # after that moment, on the wall; or [0.0, 2.0] for a random one

throttle answers the service's own throttling error, error its own 500. timeout gives no answer: the
connection ends after `seconds`. twice carries the call out two times and answers once, as a duplicate on the
network does. lost carries it out and ends the connection without the answer. stale lets a call of SageMaker
see no model and no endpoint config younger than `seconds` on the wall, as eventual consistency has it. The
state machine's own calls come through the gateway like any other, in the machine's role.

A running cloud takes another plan through its own service `localcloud`, signed by the administrator
(`localcloud.faults.client`): PutFaults replaces the plan and counts anew, GetFaults tells the plan, what was
injected and, when the plan says `observe = true`, how often each operation was called by whom; Kill ends
processes now, ListContainers shows those that run. Every injected fault is a line of faults.jsonl in the
state directory.
"""

from __future__ import annotations

from localcloud.faults import admin, killer, wire
from localcloud.faults.advancing import Advancing
from localcloud.faults.injector import Injector
from localcloud.faults.plan import Plan
from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import stepfunctions


def install(cloud: Cloud) -> None:
    """Put the injector in the way of every call and every process; without a plan it only looks on."""
    plan = Plan.load(cloud.faults) if cloud.faults else Plan()
    injector = Injector(plan, cloud.state_dir / "faults.jsonl")
    reaper = killer.install(injector)
    wire.install(injector)
    admin.install(injector, reaper, Advancing(cloud.clock, running))


def running() -> set[str]:
    """The ARNs of executions that run, none where one of them waits for a person's token."""
    if len(stepfunctions.task_tokens):
        return set()
    return {
        key[-1]
        for key, record in list(stepfunctions.executions._data.items())
        if record["status"] == "RUNNING"
    }
