# The other policies as users of PyTorch write them: --task training is one pre-training step (noise and times, loss, gradients, AdamW),
# --task act makes action chunks in the usual number of steps, NumPy in and out. Parameter counts are those of our networks.
import math

import numpy
import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, Head, Sinusoids, Unet, mlp, parameter_count, time_embedding
from torch import nn

options = arguments(policy="reflow", task="act", batch=1)
size = options.batch
horizon, actions, observations = (16, 10, 58) if options.policy == "unet" else (HORIZON, ACTION, OBSERVATION)
if options.policy in ("gaussian", "gmm"):
    horizon = 1


class ReFlow(nn.Module):
    steps = 4

    def __init__(self):
        super().__init__()
        self.time, self.head = time_embedding(), Head(16 + OBSERVATION)

    def velocity(self, x, t, state):
        return self.head(x, self.time(t), state).view_as(x)

    def loss(self, action, state):
        t, noise = torch.rand(len(action)), torch.randn_like(action)
        x = t[:, None, None] * action + (1 - t[:, None, None]) * noise
        return (self.velocity(x, t, state) - (action - noise)).square().mean()

    def act(self, state):
        x = torch.randn(len(state), horizon, actions)
        for i in range(self.steps):
            x = (x + self.velocity(x, torch.full((len(state),), i / self.steps), state) / self.steps).clamp(-1, 1)
        return x


class Shortcut(nn.Module):
    steps = 4

    def __init__(self):
        super().__init__()
        self.waves = Sinusoids(16)
        self.time = nn.Sequential(nn.Linear(32, 16), nn.Mish(), nn.Linear(16, 16))
        self.encoder, self.head = mlp([OBSERVATION, 64, 16], nn.ReLU), Head(16)

    def velocity(self, x, t, d, condition):
        features = self.time(torch.cat([self.waves(t), self.waves(d)], -1)) + condition
        return self.head(x, features).view_as(x)

    def loss(self, action, state):
        count, noise = len(action) // 4, torch.randn_like(action)
        condition = self.encoder(state.flatten(1))
        d = 2.0 ** -torch.randint(0, 7, (count,))
        t = torch.rand(len(action))
        t[:count] = (torch.rand(count) / d).floor() * d
        x = (1 - (1 - 1e-5) * t[:, None, None]) * noise + t[:, None, None] * action
        target = action - (1 - 1e-5) * noise
        with torch.no_grad():
            half, own = d / 2, condition[:count]
            first = self.velocity(x[:count], t[:count], half, own)
            second = self.velocity(x[:count] + half[:, None, None] * first, t[:count] + half, half, own)
            target[:count] = (first + second) / 2
        sizes = torch.cat([d, torch.zeros(len(action) - count)])
        return (self.velocity(x, t, sizes, condition) - target).square().mean()

    def act(self, state):
        condition = self.encoder(state.flatten(1))
        x = torch.randn(len(state), horizon, actions)
        d = torch.full((len(state),), 1 / self.steps)
        for i in range(self.steps):
            x = (x + self.velocity(x, i * d, d, condition) / self.steps).clamp(-1, 1)
        return x


class Consistency(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(Sinusoids(128), nn.Linear(128, 512), nn.Mish(), nn.Linear(512, 128))
        self.head = Head(128 + OBSERVATION, activation=nn.Mish)

    def end(self, x, t, state):
        time = t[:, None, None]
        return time * x + (1 - time) * self.head(x, self.time(t), state).view_as(x)

    def loss(self, action, state):
        n, noise = torch.randint(0, 40, (len(action),)), torch.randn_like(action)
        t, following = n / 40, (n + 1) / 40
        x = t[:, None, None] * action + (1 - t[:, None, None]) * noise
        with torch.no_grad():
            moved = x + (following - t)[:, None, None] * teacher.velocity(x, t, state)
            target = self.end(moved, following, state)
        return (self.end(x, t, state) - target).square().mean()

    def act(self, state):
        x = torch.randn(len(state), horizon, actions)
        return self.end(x, torch.zeros(len(state)), state).clamp(-1, 1)


class Diffusion(nn.Module):
    """DDPM with all its levels, or DDIM in some of them."""

    def __init__(self, levels=20, steps=None):
        super().__init__()
        curve = [math.cos((i / levels + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(levels + 1)]
        betas = torch.tensor([min(0.999, 1 - after / before) for before, after in zip(curve, curve[1:])])
        self.shares, self.levels, self.steps = torch.cumprod(1 - betas, 0), levels, steps
        self.build()

    def build(self):
        self.time, self.head = time_embedding(), Head(16 + OBSERVATION)

    def noise(self, x, t, state):
        return self.head(x, self.time(t), state).view_as(x)

    def loss(self, action, state):
        level, noise = torch.randint(0, self.levels, (len(action),)), torch.randn_like(action)
        share = self.shares[level][:, None, None]
        x = share.sqrt() * action + (1 - share).sqrt() * noise
        return (self.noise(x, level.float(), state) - noise).square().mean()

    def act(self, state):
        x = torch.randn(len(state), horizon, actions)
        stride = self.levels // (self.steps or self.levels)
        for level in range(self.levels - stride, -1, -stride):
            share = self.shares[level]
            before = self.shares[level - stride] if level > 0 else torch.tensor(1.0)
            noise = self.noise(x, torch.full((len(state),), float(level)), state)
            clean = ((x - (1 - share).sqrt() * noise) / share.sqrt()).clamp(-1, 1)
            noise = (x - share.sqrt() * clean) / (1 - share).sqrt()
            sigma = torch.tensor(0.0) if self.steps else ((1 - before) / (1 - share) * (1 - share / before)).sqrt()
            x = before.sqrt() * clean + (1 - before - sigma**2).clamp(min=0).sqrt() * noise
            if not self.steps and level > 0:
                x = x + sigma.clamp(min=1e-3) * torch.randn_like(x).clamp(-10, 10)
        return x


class UnetDiffusion(Diffusion):
    def build(self):
        self.network = Unet()

    def noise(self, x, t, state):
        return self.network(x, t, state)


class Gaussian(nn.Module):
    def __init__(self, modes=1):
        super().__init__()
        self.modes, outputs = modes, modes * horizon * actions
        self.mean = Head(OBSERVATION, outputs, 256, nn.Mish, 0)
        self.weights = Head(OBSERVATION, modes, 256, nn.Mish, 0) if modes > 1 else None

    def distribution(self, state):
        mean = self.mean(state).tanh()
        if self.modes == 1:
            return torch.distributions.Normal(mean, 0.1)
        parts = torch.distributions.Normal(mean.view(len(state), self.modes, -1), 0.1)
        mixture = torch.distributions.Categorical(logits=self.weights(state))
        return torch.distributions.MixtureSameFamily(mixture, torch.distributions.Independent(parts, 1))

    def loss(self, action, state):
        return -self.distribution(state).log_prob(action.flatten(1)).mean()

    def act(self, state):
        return self.distribution(state).sample().view(len(state), horizon, actions)


made = {
    "reflow": (ReFlow, 553_020),
    "shortcut": (Shortcut, 548_924),
    "consistency": (Consistency, 741_004),
    "diffusion": (Diffusion, 553_020),
    "gaussian": (Gaussian, 135_427),
    "gmm": (lambda: Gaussian(5), 274_452),
    "unet": (lambda: UnetDiffusion(100, 5), 6_856_346),
}
build, count = made[options.policy]
policy = build()
assert parameter_count(policy) == count
teacher = ReFlow() if options.policy == "consistency" else None
state = numpy.random.default_rng(0).uniform(-1, 1, (size, 1, observations)).astype(numpy.float32)


def training():
    loss = policy.loss(action, seen)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.inference_mode()
def act():
    return policy.act(torch.from_numpy(state)).numpy()


if options.task == "training":
    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3, weight_decay=1e-6)
    action, seen = torch.rand(size, horizon, actions) * 2 - 1, torch.from_numpy(state)
    report(training, options.repeats, warmup=5)
else:
    policy.eval()
    report(act, options.repeats, warmup=20)
