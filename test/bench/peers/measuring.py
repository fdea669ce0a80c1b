# How every peer measures: warm up, time repeated calls, print one JSON line.
import argparse
import json
import resource
import statistics
import time

import torch


def arguments(**defaults):
    """Options with their defaults, by keyword; sets the number of threads of PyTorch."""
    parser = argparse.ArgumentParser()
    for name, default in {"threads": 1, "repeats": 50, **defaults}.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    return options


def report(call, repeats, warmup=5, parts=1):
    """Prints the milliseconds of `repeats` calls, each by `parts`, of the clock and of processors, and the process's peak resident memory."""
    for _ in range(warmup):
        call()
    milliseconds, before = [], time.process_time()
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        milliseconds.append(1000 * (time.perf_counter() - start) / parts)
    processor = 1000 * (time.process_time() - before) / repeats / parts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = {"median": statistics.median(milliseconds), "minimum": min(milliseconds), "processor": processor}
    print(json.dumps({**measured, "peakMiB": peak}))
