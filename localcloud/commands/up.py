"""`python -m localcloud up`: starts the cloud in the foreground, deploys, and says how to reach it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from localcloud.deploy.stacks import deploy
from localcloud.deploy.synth import Synth
from localcloud.faults.plan import Plan
from localcloud.host import interrupts
from localcloud.host.cloud import Cloud
from localcloud.host.gateway import log_to
from localcloud.host.options import READY, Options
from localcloud.host.ready_file import Ready, kept_while_running
from localcloud.host.server import Server, state_directory
from localcloud.processes import protections
from localcloud.processes.children import Processes


def up(options: Options) -> int:
    """Start, deploy, serve until a signal; the exit status."""
    if options.faults:
        Plan.load(options.faults)  # a mistake is told before anything starts
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    os.umask(0o077)  # state and logs hold sessions' secrets and what was uploaded
    with state_directory(options.state) as state_dir:
        processes = Processes()
        try:
            server = Server(options, state_dir, processes)
            synth = None
            if options.deploy and options.assembly is None:
                synth = Synth(processes, options.stage, state_dir / "cdk.out", Path.cwd())
            log_to(options.log_file(server.port))
            with kept_while_running(options.ready_file):
                status = server.run(lambda cloud: _become_ready(cloud, options, synth))
            if status == 0:
                print("localcloud: stopped", file=sys.stderr, flush=True)
            return status
        finally:
            interrupts.ignore()
            processes.stop_all(grace_seconds=0.0)
            processes.close()


def _end_with_stdin() -> None:
    """Stop this process as Ctrl-C does, when whoever started it is gone."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _become_ready(cloud: Cloud, options: Options, synth: Synth | None) -> None:
    stacks = {}
    if options.deploy:
        _say(f"synthesising stage {options.stage}; until all of it is deployed, about half a minute ...")
        assembly = synth.assembly() if synth else (options.assembly or Path("cdk.out"))
        _say("deploying: images, functions, state machines, alarms ...")
        stacks = {stack.name: stack.outputs for stack in deploy(cloud, assembly)}
    ready = Ready(
        endpoint_url=cloud.endpoint_url,
        # MLflow's plug-in knows no AWS_ENDPOINT_URL (sagemaker_mlflow/mlflow_sagemaker_helpers.py).
        environment=cloud.aws_environment(cloud.admin)
        | {"SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": cloud.endpoint_url},
        stacks=stacks,
        speed=options.speed,
        pid=os.getpid(),
        log=str(options.log_file(cloud.port)),
    )
    _tell(ready)
    if options.ready_file is not None:
        ready.write(options.ready_file)


def _say(text: str) -> None:
    """What takes a while, for a person who waits; programs read the ready file."""
    if sys.stderr.isatty():
        print(f"# {text}", file=sys.stderr, flush=True)


def _tell(ready: Ready) -> None:
    """Print how to reach the cloud, for a person and to be pasted."""
    for stack, outputs in ready.stacks.items():
        print(f"# outputs of stack {stack}")
        for name, value in outputs.items():
            print(f"{name} = {value}")
    print("# an administrator of the account, for the AWS CLI, boto3 and the CDK CLI")
    for name, value in ready.environment.items():
        print(f"export {name}={value}")
    print(f"# the services' log: {ready.log}")
    for lack in protections.missing():
        print(f"# this platform lacks a protection: {lack}")
    print(f"{READY}: {ready.endpoint_url} (Ctrl-C ends it)", flush=True)
