"""The one part of the package that setup.cfg cannot declare: the compiled step, where there is a compiler."""

import os
import sysconfig

from setuptools import Extension, setup

# One build serves every Python from 3.11 on, except those without a global interpreter lock.
limited = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    ext_modules=[
        Extension(
            "textgen.engine._step",
            sources=["textgen/engine/_step.c"],
            depends=["textgen/engine/_kernel.h"],
            # The compiler must not fuse a product and a sum in one place and not in another.
            extra_compile_args=[]
            if os.name == "nt"
            else ["-std=c99", "-O3", "-ffp-contract=off", "-fvisibility=hidden"],
            py_limited_api=limited,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if limited else {},
)
