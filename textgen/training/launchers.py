"""What the launchers of clusters say in the environment of each process, as JAX's cluster detection reads it."""

import os
from importlib import import_module
from typing import Any

from textgen.errors import GroupError, UsageError
from textgen.group.membership import Membership, job_name
from textgen.training import cluster

# The port after it is used too.
LAST_PORT = 65534
# The name of each launcher's job, so that two jobs on the same machines never mix.
JOBS = ("SLURM_JOB_ID", "OMPI_MCA_ess_base_jobid", "JOB_NAME")


def detected(join_seconds: float) -> Membership:
    """Which process this is, by what SLURM, Open MPI or Kubernetes says.

    Args:
        join_seconds: how long to wait for the others.

    Raises:
        UsageError: no launcher is found.
        GroupError: what it says cannot be used.
    """
    cluster.check()
    kinds: list[Any] = [
        getattr(import_module(f"jax._src.clusters.{module}"), name)
        for module, name in (("slurm_cluster", "SlurmCluster"), ("ompi_cluster", "OmpiCluster"))
    ]
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        kinds.append(import_module("jax._src.clusters.k8s_cluster").K8sCluster)
    job = job_name() or next((os.environ[name] for name in JOBS if name in os.environ), "")
    for kind in kinds:
        try:
            if kind.is_env_present():
                address = str(kind.get_coordinator_address(int(join_seconds), None))
                host, _, port = address.rpartition(":")
                address = f"{host}:{min(int(port), LAST_PORT)}"
                size, index = int(kind.get_process_count()), int(kind.get_process_id())
                return Membership(address, index, size, job, join_seconds)
        except (KeyError, ValueError, RuntimeError) as error:
            why = " ".join(str(error).split())[:300]
            raise GroupError(f"`machines=auto`: {kind.name} says what cannot be used: {why}") from None
    raise UsageError(
        "`machines=auto`: neither SLURM nor Open MPI nor Kubernetes started this process; name the machines, or give "
        "`coordinator`, `process` and `of`"
    )
