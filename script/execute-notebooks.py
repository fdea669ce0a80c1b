"""Executes one notebook in place with nbclient: `execute-notebooks.py NOTEBOOK TIMEOUT_SECONDS`.

What differs from run to run without meaning anything (times of execution, folders, versions of the kernel) is left out, so
that a repeated execution changes as little as possible. A failing cell leaves the file as it was.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def without_volatile_parts(notebook):
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.pop("transient", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    return notebook


def without_places(text):
    """Folders of this machine, as a reader's own would be called."""
    root = str(Path(__file__).resolve().parent.parent)
    return text.replace(os.environ["DMPO_LOG_DIR"], "log").replace(f"{root}/", "")


def main(path, timeout):
    notebook = nbformat.read(path, as_version=4)
    started = time.monotonic()
    seconds = []

    def tell(cell, cell_index, **_):
        if cell.cell_type != "code":
            return
        seconds.append(time.monotonic() - started - sum(seconds))
        first_line = cell.source.strip().splitlines()[0]
        print(f"  cell {len(seconds)}: {seconds[-1]:.1f} s  {first_line[:70]}", flush=True)

    place = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(notebook, timeout=timeout, resources=place, on_cell_executed=tell).execute()
    except CellExecutionError as error:
        sys.exit(f"{path.name}: {error}")
    text = without_places(nbformat.writes(without_volatile_parts(notebook)) + "\n")
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.chmod(file.name, path.stat().st_mode)
    os.replace(file.name, path)
    print(f"{path.name}: {time.monotonic() - started:.0f} s, {len(text) / 1e6:.2f} MB")


main(Path(sys.argv[1]), float(sys.argv[2]))
