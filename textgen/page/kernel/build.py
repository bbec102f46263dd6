"""Build `kernel.wasm` from `kernel.c`: `python -m textgen.page.kernel.build`.

It needs clang and wasm-ld, of LLVM 14 or newer (`apt-get install clang lld`). What was built is kept with its hash and
that of its sources in `built.json`, so that a test sees a source that changed and was not built.
"""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
ENGINE = FOLDER.parent.parent / "engine"
SOURCES = (FOLDER / "kernel.c", ENGINE / "_network.h", ENGINE / "_kernel.h")
WASM, RECORD = FOLDER / "kernel.wasm", FOLDER / "built.json"
# The options with which a product and a sum are rounded one by one, as the compiled engine rounds them.
OPTIONS = (
    "--target=wasm32 -std=c99 -O3 -ffp-contract=off -ffreestanding -nostdlib -msimd128 -mbulk-memory "
    "-fvisibility=hidden -Wall -Wextra -Wl,--no-entry -Wl,--export=__heap_base -Wl,--strip-all"
).split()


def has_tools() -> bool:
    """Whether this machine has the compiler and the linker."""
    return all(map(shutil.which, ("clang", "wasm-ld")))


def compiler() -> str:
    """The compiler and its version, in one line."""
    found = subprocess.run(["clang", "--version"], check=True, capture_output=True, text=True)
    return found.stdout.splitlines()[0]


def build(target: Path) -> None:
    """Build the module into a file."""
    subprocess.run(["clang", *OPTIONS, "-o", str(target), str(SOURCES[0])], check=True)


def hash_of(*paths: Path) -> str:
    """The SHA-256 of some files, joined, in hexadecimal digits."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def main() -> None:
    """Build the module, and record what it was built from."""
    build(WASM)
    WASM.chmod(0o644)
    record = {"sha256": hash_of(WASM), "sources_sha256": hash_of(*SOURCES), "compiler": compiler()}
    RECORD.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
