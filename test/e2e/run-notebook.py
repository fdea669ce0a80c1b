"""Executes a notebook as nbclient does for anyone: python run-notebook.py IN OUT SECONDS. Fails on the first error output."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

source, target, seconds = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(
    notebook,
    timeout=float(seconds),
    startup_timeout=120,
    kernel_name="dmpo",
    resources={"metadata": {"path": str(Path(target).parent)}},
)
try:
    client.execute()
finally:
    nbformat.write(notebook, target)
