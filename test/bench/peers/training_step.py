# One pre-training step: draw noise and times, improved MeanFlow with the dispersive loss, gradients, AdamW.
# --mode eager: as users of PyTorch write it, with the double-backward Jacobian-vector product of the DMPO release.
# --mode compiled: the strongest form found, torch.compile over forward-mode differentiation, and fused AdamW.
import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, Policy, parameter_count

options = arguments(mode="eager", batch=128)
size = options.batch
policy = Policy()
assert parameter_count(policy) == 566_652
optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3, weight_decay=1e-6, fused=options.mode == "compiled")
action = torch.rand(size, HORIZON, ACTION) * 2 - 1
state = torch.rand(size, 1, OBSERVATION) * 2 - 1
diagonal = torch.eye(size, dtype=torch.bool)


def draw():
    """Noise (B, Ta, Da), times 0 <= r <= t <= 1 (B), equal in half of the rows."""
    times = torch.sigmoid(torch.randn(size, 2) - 0.4)
    t, r = times.amax(1), times.amin(1)
    r[: size // 2] = t[: size // 2]
    return torch.randn_like(action), t, r


def dispersive(features, temperature=0.5, weight=0.5):
    similarity = -torch.cdist(features, features) / temperature
    similarity = similarity.masked_fill(diagonal, -1e9).clamp(-10, 10)
    return -weight * torch.logsumexp(-similarity, 1).mean()


def loss_of(noise, t, r, jvp):
    time = t[:, None, None]
    clean = action.clamp(-1, 1)
    v = noise - clean
    x = clean + time * v
    condition = policy.encode(state)
    with torch.no_grad():
        direction = policy(x, t, t, condition)
    u, slope = jvp(lambda x, t, r: policy(x, t, r, condition), (x, t, r), (direction, torch.ones_like(t), torch.zeros_like(r)))
    target = v - (t - r)[:, None, None] * slope.detach()
    return (u - target).square().mean() + dispersive(condition)


def double_backward(function, primals, tangents):
    return torch.autograd.functional.jvp(function, primals, tangents, create_graph=True)


if options.mode == "compiled":
    compiled = torch.compile(lambda noise, t, r: loss_of(noise, t, r, torch.func.jvp))
else:
    compiled = lambda noise, t, r: loss_of(noise, t, r, double_backward)


def step():
    loss = compiled(*draw())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


report(step, options.repeats, warmup=10)
