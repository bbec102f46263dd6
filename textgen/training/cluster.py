"""JAX among several processes: connected before Keras starts, by the group's own meeting and nothing else.

JAX's coordination service serves only while the processes connect. It would end a process by SIGABRT and print a page
where another one is lost; `textgen.group` notices that by itself and says it in a line. So where the processes exchange
numbers by gloo, whose connections are made once, the service is shut down before the training begins.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from textgen.errors import GroupError, UsageError
from textgen.group.group import Group
from textgen.group.members import Members
from textgen.group.membership import Membership, shown_address
from textgen.system import extras
from textgen.system.native import suppress_native_output

BACKEND = "jax"
# Seconds in which all processes must have connected through JAX, once they have met.
CONNECT_SECONDS = 60
# Signs of life between JAX's own processes, where its service stays: longer than the group's, which says what happened.
HEARTBEAT_SECONDS = 100


def check() -> None:
    """Raise UsageError where JAX is missing, or Keras runs on something else."""
    extras.check(BACKEND, "training with several processes")
    keras = sys.modules.get("keras")
    if keras is not None and keras.backend.backend() != BACKEND:
        raise UsageError(
            f"several processes train on JAX, and Keras runs on {keras.backend.backend()} here; set KERAS_BACKEND=jax "
            "before Keras is imported"
        )
    os.environ["KERAS_BACKEND"] = BACKEND


def start(group: Group, member: Membership) -> None:
    """Connect the processes of a group through JAX. Raises GroupError and UsageError.

    Call this before Keras is imported, and once in a process: JAX cannot do it again.

    Args:
        group: the group, whose processes have met.
        member: which of them this one is.
    """
    if not isinstance(group, Members):
        return
    jax = import_module("jax")
    if import_module("jax._src.xla_bridge").backends_are_initialized():
        raise UsageError(
            "JAX has been used in this process before, and connects to others only when it starts; train in a new "
            "process"
        )
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.config.update("jax_enable_preemption_service", False)
    host, port = member.address
    with suppress_native_output(), _errors(member):
        jax.distributed.initialize(
            shown_address(host, port + 1),
            group.size,
            group.index,
            coordinator_bind_address=shown_address(group.own_host, port + 1),
            cluster_detection_method="deactivate",
            initialization_timeout=CONNECT_SECONDS,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        )
        with _exchanging_at(group.own_host):
            jax.devices()
        if member.report and jax.default_backend() != "cpu":
            raise UsageError("one process drives all GPUs of a machine; leave out `processes`, or give `processes=1`")
        # The first exchange makes the connections.
        import_module("jax.experimental.multihost_utils").sync_global_devices("textgen")
        if jax.default_backend() == "cpu":
            jax.distributed.shutdown()


@contextlib.contextmanager
def _exchanging_at(host: str) -> Iterator[None]:
    """In the block, gloo takes this address of the machine, and not what the machine's name stands for.

    Many systems let their own name stand for 127.0.1.1, where no other machine reaches them. JAX has no setting for it,
    so setup.cfg bounds its version.
    """
    library: Any = import_module("jax._src.lib")._jax
    make = library.make_gloo_tcp_collectives
    library.make_gloo_tcp_collectives = functools.partial(make, hostname=host)
    try:
        yield
    finally:
        library.make_gloo_tcp_collectives = make


@contextlib.contextmanager
def _errors(member: Membership) -> Iterator[None]:
    """Turn JAX's errors into one line."""
    try:
        yield
    except RuntimeError as error:
        host, port = member.address
        why = " ".join(str(error).split())[:300]
        raise GroupError(
            f"the processes met at {member.coordinator} and could not connect through JAX at "
            f"{shown_address(host, port + 1)} ({why}); that port must be free and open too"
        ) from None
