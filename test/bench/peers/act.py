# Action chunks for a batch of observations: noise drawn, K denoising steps clipped as in the DMPO release, NumPy in and out.
import numpy
import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, Policy

options = arguments(batch=1, steps=1, repeats=2000)
size, steps = options.batch, options.steps
policy = Policy().eval()
state = numpy.random.default_rng(0).uniform(-1, 1, (size, 1, OBSERVATION)).astype(numpy.float32)


@torch.inference_mode()
def act():
    condition = policy.encode(torch.from_numpy(state))
    times = torch.linspace(1, 0, steps + 1)
    x = torch.randn(size, HORIZON, ACTION)
    for t, r in zip(times[:-1], times[1:]):
        x = x - (t - r) * policy(x, t.expand(size), r.expand(size), condition)
        x = x.clamp(-1, 1)
    return x.numpy()


report(act, options.repeats, warmup=200)
