# Stable-Baselines3's SAC, batches of 256 and two layers of 256. --task update: one call is --updates updates of a full memory;
# --task learn: --steps steps of Gymnasium's hopper, an update after --every of them, then the mean return of 20 episodes.
import json
import time

import gymnasium
import numpy
import torch
from measuring import arguments, report
from stable_baselines3 import SAC
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.logger import Logger

options = arguments(task="update", updates=10, steps=40_000, every=4, seed=0)
environment = gymnasium.make("Hopper-v5")
learns = options.task == "learn"
model = SAC(
    "MlpPolicy",
    environment,
    seed=options.seed,
    device="cpu",
    learning_rate=3e-4,
    buffer_size=50_000,
    learning_starts=5000,
    train_freq=options.every,
    policy_kwargs={"net_arch": [256, 256]},
)
if learns:
    start = time.process_time()
    model.learn(options.steps)
    seconds = time.process_time() - start
    mean, deviation = evaluate_policy(model, gymnasium.make("Hopper-v5"), n_eval_episodes=20, warn=False)
    print(json.dumps({"steps": options.steps, "mean": mean, "standardDeviation": deviation, "processorSeconds": seconds}))
else:
    model.set_logger(Logger(folder=None, output_formats=[]))
    random = numpy.random.default_rng(0)
    for _ in range(5000):
        seen, followed = random.uniform(-1, 1, (2, 1, 11)).astype(numpy.float32)
        action = random.uniform(-1, 1, (1, 3)).astype(numpy.float32)
        model.replay_buffer.add(seen, followed, action, random.uniform(-1, 1, 1), numpy.zeros(1), [{}])
    report(lambda: model.train(options.updates, 256), options.repeats, warmup=2, parts=options.updates)
