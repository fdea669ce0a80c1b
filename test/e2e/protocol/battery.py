"""Runs every case against one kernel: python battery.py --kernel NAME --json FILE [--only TEXT] [--measure].

The kernel must be registered with Jupyter (JUPYTER_PATH counts). Prints one line per case; the exit code is 0 if all passed.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from case import CASES, Dialect, NotApplicable  # noqa: E402
from kernel import Kernel  # noqa: E402

import cases_output, cases_results, cases_stop, cases_errors, cases_protocol  # noqa: E401, E402, F401
import cases_language, cases_completion, cases_life_cycle  # noqa: E401, E402, F401

DIALECTS = {"tslab": "tslab", "deno": "deno", "python3": "python"}


def main():
    options = parse()
    # The notebook's folder lies below a folder of its own, so that a case can reach outside it.
    place = Path(tempfile.mkdtemp(prefix="dmpo-battery-"))
    folder, temporary = place / "notebooks", place / "tmp"
    folder.mkdir(), temporary.mkdir()
    cases_language.write_fixtures(folder)
    for package in options.link:
        target = folder / "node_modules" / package.split("=")[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(Path(package.split("=")[1]).resolve())
    os.environ.update(BATTERY_FOLDER=str(folder), BATTERY_TEMPORARY=str(temporary), TMPDIR=str(temporary), NO_COLOR="1")
    os.environ.pop("FORCE_COLOR", None)
    try:
        report = run(options, folder)
        if options.measure:
            report["measured"] = measure(options.kernel, folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1))
    counts = {state: sum(c["state"] == state for c in report["cases"]) for state in ("passed", "failed", "not applicable")}
    print(f"{options.kernel}: " + ", ".join(f"{n} {state}" for state, n in counts.items()))
    return 1 if counts["failed"] else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--dialect", help="whose way to display is spoken; default: by the kernel's name")
    parser.add_argument("--json", help="write the outcome here")
    parser.add_argument("--only", default="", help="cases whose 'room: title' contains this")
    parser.add_argument("--link", action="append", default=[], metavar="NAME=FOLDER", help="a package beside the notebook")
    parser.add_argument("--measure", action="store_true", help="also measure start, latency and memory")
    return parser.parse_args()


def run(options, folder):
    dialect = Dialect(options.dialect or DIALECTS.get(options.kernel, "dmpo"))
    kernel, room_of_kernel, outcomes = None, None, []
    try:
        for room, title, function, fresh in CASES:
            if options.only not in f"{room}: {title}":
                continue
            if kernel is None or fresh or room != room_of_kernel:
                kernel = renewed(kernel, options.kernel, folder)
                room_of_kernel = room
            outcome = judge(function, kernel, dialect)
            outcomes.append({"room": room, "title": title, **outcome})
            print(f"{outcome['state']:15}{outcome['seconds']:6.1f} s  {room}: {title}", flush=True)
            if outcome["state"] == "failed":
                print(f"{'':24}{outcome['reason'][:600]}", flush=True)
            # A case that failed, or that used the kernel up, must not spoil the next one.
            if outcome["state"] == "failed" or fresh:
                kernel.close()
                kernel = None
    finally:
        if kernel:
            kernel.close()
    return {"kernel": options.kernel, "cases": outcomes}


def renewed(kernel, name, folder):
    if kernel:
        kernel.close()
    return Kernel(name, folder)


def judge(function, kernel, dialect):
    started = time.monotonic()
    try:
        function(kernel, dialect)
        outcome = {"state": "passed"}
    except NotApplicable:
        outcome = {"state": "not applicable"}
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        said = str(error) or f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {place.line}"
        outcome = {"state": "failed", "reason": said}
    return {**outcome, "seconds": round(time.monotonic() - started, 2)}


def measure(name, folder):
    """Seconds to start, milliseconds per trivial cell, resident megabytes: each in kernels of its own."""
    starts, first, later, sizes = [], [], [], []
    for _ in range(3):
        kernel = Kernel(name, folder)
        starts.append(kernel.start_seconds)
        sizes.append(kernel.resident())
        first.append(1000 * round_trip(kernel, "1+1"))
        later += [1000 * round_trip(kernel, f"1+{i}") for i in range(100)]
        kernel.close()
    return {
        "start": statistics.median(starts),
        "first": statistics.median(first),
        "median": statistics.median(later),
        "p95": sorted(later)[int(0.95 * len(later))],
        "memory": statistics.median(sizes),
    }


def round_trip(kernel, code):
    """Seconds from sending a cell to its idle status, read without pauses."""
    started = time.perf_counter()
    msg_id = kernel.client.execute(code)
    while True:
        message = kernel.client.get_iopub_msg(timeout=10)
        if message["parent_header"].get("msg_id") != msg_id or message["msg_type"] != "status":
            continue
        if message["content"]["execution_state"] == "idle":
            seconds = time.perf_counter() - started
            kernel.client.get_shell_msg(timeout=10)
            return seconds


if __name__ == "__main__":
    sys.exit(main())
