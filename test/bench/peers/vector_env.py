# Steps per second of a Gymnasium vector environment with random actions: the median over short windows of time, as the
# JavaScript side measures. Arguments: id, number of environments, sync or async, action limit, seconds, window in seconds.
# Prints one JSON line.
import json
import statistics
import sys
import time

import gymnasium
import numpy

name, mode = sys.argv[1], sys.argv[3]
count = int(sys.argv[2])
limit, seconds, window = map(float, sys.argv[4:])


def measure(environments):
    environments.reset(seed=0)
    shape = (64, *environments.action_space.shape)
    actions = numpy.random.default_rng(0).uniform(-limit, limit, shape).astype(numpy.float32)
    rates = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < 1.3 * seconds:
        warm = time.perf_counter() - begin > 0.3 * seconds
        calls = 0
        start = time.perf_counter()
        while time.perf_counter() - start < window:
            environments.step(actions[calls % 64])
            calls += 1
        if warm:
            rates.append(calls * count / (time.perf_counter() - start))
    return statistics.median(rates)


if __name__ == "__main__":
    environments = gymnasium.make_vec(name, num_envs=count, vectorization_mode=mode)
    try:
        print(json.dumps({"rate": measure(environments)}))
    finally:
        environments.close()
