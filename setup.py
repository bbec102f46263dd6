"""The one part of the package that setup.cfg cannot declare: the compiled modules, where there is a compiler."""

import os
import sysconfig

from setuptools import Extension, setup

# One build serves every Python from 3.11 on, except those without a global interpreter lock.
limited = not sysconfig.get_config_var("Py_GIL_DISABLED")
# The compiler must not fuse a product and a sum in one place and not in another.
flags = [] if os.name == "nt" else "-std=c99 -O3 -ffp-contract=off -fvisibility=hidden -g0".split()

threads = [] if os.name == "nt" else ["-pthread"]


def extension(source: str, headers: list[str]) -> Extension:
    """The module that is made of one file of C and the engine's headers."""
    shared = [f"textgen/engine/{name}.h" for name in ("_arrays", "_kernel", "_network", "_sets")]
    return Extension(
        source.removesuffix(".c").replace("/", "."),
        sources=[source],
        depends=shared + headers,
        extra_compile_args=flags + threads + os.environ.get("TEXTGEN_CFLAGS", "").split(),
        extra_link_args=threads + os.environ.get("TEXTGEN_LDFLAGS", "").split(),
        py_limited_api=limited,
        optional=True,
    )


extensions = [
    extension("textgen/engine/_step.c", []),
    extension("textgen/training/_recurrence.c", ["textgen/training/_loop.h"]),
]
setup(ext_modules=extensions, options={"bdist_wheel": {"py_limited_api": "cp311"}} if limited else {})
