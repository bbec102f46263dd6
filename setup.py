"""The one part of the package that setup.cfg cannot declare: the compiled step, where there is a compiler."""

import os
import sysconfig

from setuptools import Extension, setup

# One build serves every Python from 3.11 on, except those without a global interpreter lock.
limited = not sysconfig.get_config_var("Py_GIL_DISABLED")
# The compiler must not fuse a product and a sum in one place and not in another.
flags = [] if os.name == "nt" else "-std=c99 -O3 -ffp-contract=off -fvisibility=hidden -g0".split()

step = Extension(
    "textgen.engine._step",
    sources=["textgen/engine/_step.c"],
    depends=["textgen/engine/_network.h", "textgen/engine/_kernel.h"],
    extra_compile_args=flags + os.environ.get("TEXTGEN_CFLAGS", "").split(),
    extra_link_args=os.environ.get("TEXTGEN_LDFLAGS", "").split(),
    py_limited_api=limited,
    optional=True,
)
setup(ext_modules=[step], options={"bdist_wheel": {"py_limited_api": "cp311"}} if limited else {})
