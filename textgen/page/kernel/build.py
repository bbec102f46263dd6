"""Build the step for WebAssembly from `kernel.c`: `make kernel`, or `python -m textgen.page.kernel.build`.

It needs the package `ziglang`, whose compiler is clang. There are two variants: one that fuses a product and a sum
where the processor can, as the compiled engine does on nearly every machine (the relaxed vectors of WebAssembly 3.0),
and a plain one for browsers that do not know it. What was built is kept with its hash and that of its sources in
`built.json`, so that a test sees a source that changed and was not built.
"""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ENGINE = FOLDER.parent.parent / "engine"
SOURCES = (FOLDER / "kernel.c", ENGINE / "_network.h", ENGINE / "_kernel.h")
RECORD = FOLDER / "built.json"
# The variants, the better first, and the options that they differ in.
VARIANTS = {"fused": ("-mrelaxed-simd",), "plain": ()}
# Products and sums are rounded one by one except where the source says otherwise.
OPTIONS = (
    "--target=wasm32-freestanding -std=c99 -O3 -ffp-contract=off -ffreestanding -nostdlib -msimd128 -mbulk-memory "
    "-fvisibility=hidden -Wall -Wextra -Wl,--no-entry -Wl,--export=__heap_base -Wl,--strip-all"
).split()


def wasm(variant: str) -> Path:
    """The file of a variant."""
    return FOLDER / f"{variant}.wasm"


def has_tools() -> bool:
    """Whether the compiler is installed."""
    return importlib.util.find_spec("ziglang") is not None


def compiler() -> str:
    """The compiler and its version, in one line."""
    found = subprocess.run([sys.executable, "-m", "ziglang", "version"], check=True, capture_output=True, text=True)
    return f"ziglang {found.stdout.strip()}"


def build(variant: str, target: Path) -> None:
    """Build a variant into a file."""
    command = [sys.executable, "-m", "ziglang", "cc", *OPTIONS, *VARIANTS[variant], "-o", str(target), str(SOURCES[0])]
    subprocess.run(command, check=True)
    target.chmod(0o644)


def hash_of(*paths: Path) -> str:
    """The SHA-256 of some files, joined, in hexadecimal digits."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def main() -> None:
    """Build all variants, and record what they were built from."""
    for variant in VARIANTS:
        build(variant, wasm(variant))
    hashes = {variant: hash_of(wasm(variant)) for variant in VARIANTS}
    record = {"sha256": hashes, "sources_sha256": hash_of(*SOURCES), "compiler": compiler()}
    RECORD.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
