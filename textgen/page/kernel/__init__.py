"""The step in WebAssembly: its source, what was built of it, and how to build it."""
