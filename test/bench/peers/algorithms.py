# Updates of SAC, DQL, IDQL and Cal-QL as users of PyTorch write them, eagerly, on a memory of random transitions in NumPy, with the
# settings of our hopper configurations; one call is --updates updates. Parameter counts are those of our networks.
import copy
import math

import numpy
import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, Head, ResidualMlp, mlp, parameter_count, time_embedding
from torch import nn
from torch.nn.functional import relu

options = arguments(algorithm="sac", updates=10)
single = options.algorithm in ("sac", "calql")
actions = ACTION if single else HORIZON * ACTION
batch = 256 if single else 1000
rows, gamma = 50_000, 0.99
random = numpy.random.default_rng(0)
uniform = lambda *shape: random.uniform(-1, 1, shape).astype(numpy.float32)
memory = {
    "state": uniform(rows, OBSERVATION),
    "action": uniform(rows, actions),
    "reward": uniform(rows),
    "next_state": uniform(rows, OBSERVATION),
    "terminated": (uniform(rows) > 0.99).astype(numpy.float32),
    "returns": uniform(rows),
}


def sample():
    chosen = random.integers(0, rows, batch)
    return [torch.from_numpy(column[chosen]) for column in memory.values()]


class SquashedGaussian(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = mlp([OBSERVATION, 256, 256], nn.ReLU)
        self.mean, self.log_std = nn.Linear(256, actions), nn.Linear(256, actions)
        self.low, self.high = math.log(6.7e-3), math.log(7.3891)

    def forward(self, state):
        features = relu(self.base(state))
        unit = self.log_std(features).tanh()
        log_std = unit * (self.high - self.low) / 2 + (self.high + self.low) / 2
        noise = torch.randn_like(log_std)
        before = self.mean(features) + noise.clamp(-10, 10) * log_std.exp()
        action = before.tanh()
        entries = -0.5 * noise.square() - log_std - 0.5 * math.log(2 * math.pi) - (1 + 1e-6 - action.square()).log()
        return action, entries.sum(-1)


class Diffusion(nn.Module):
    levels = 20

    def __init__(self):
        super().__init__()
        self.time, self.head = time_embedding(), Head(16 + OBSERVATION)
        curve = [math.cos((i / self.levels + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(self.levels + 1)]
        betas = torch.tensor([min(0.999, 1 - after / before) for before, after in zip(curve, curve[1:])])
        self.shares = torch.cumprod(1 - betas, 0)

    def noise(self, x, t, state):
        return self.head(x, self.time(t), state)

    def loss(self, action, state):
        level, noise = torch.randint(0, self.levels, (len(action),)), torch.randn_like(action)
        share = self.shares[level][:, None]
        x = share.sqrt() * action + (1 - share).sqrt() * noise
        return (self.noise(x, level.float(), state) - noise).square().mean()

    def forward(self, state):
        x = torch.randn(len(state), actions)
        for level in range(self.levels - 1, -1, -1):
            share = self.shares[level]
            before = self.shares[level - 1] if level > 0 else torch.tensor(1.0)
            noise = self.noise(x, torch.full((len(state),), float(level)), state)
            clean = ((x - (1 - share).sqrt() * noise) / share.sqrt()).clamp(-1, 1)
            beta = 1 - share / before
            x = (before.sqrt() * beta * clean + (1 - beta).sqrt() * (1 - before) * x) / (1 - share)
            sigma = ((1 - before) / (1 - share) * beta).sqrt().clamp(min=0.1)
            x = x + sigma * torch.randn_like(x).clamp(-3, 3)
        return x.clamp(-1, 1)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        inputs = OBSERVATION + actions
        if options.algorithm == "calql":
            layers = []
            for width in (inputs, 256):
                layers += [nn.Linear(width, 256), nn.LayerNorm(256), nn.ReLU()]
            self.body = nn.Sequential(*layers, nn.Linear(256, 1))
        else:
            self.body = mlp([inputs, 256, 256, 1], nn.ReLU) if single else ResidualMlp(inputs, 256, 1)

    def forward(self, state, action):
        return self.body(torch.cat([state, action], -1)).squeeze(-1)


critics = nn.ModuleList([Critic(), Critic()])
targets = copy.deepcopy(critics).requires_grad_(False)
actor = SquashedGaussian() if single else Diffusion()
assert parameter_count(actor) == (70_406 if single else 553_020)
assert parameter_count(critics) == {"sac": 139_778, "calql": 141_826}.get(options.algorithm, 275_970)
log_alpha = torch.zeros(1, requires_grad=True)
optimizer_class = torch.optim.Adam if options.algorithm == "sac" else torch.optim.AdamW
optimizers = {
    "actor": optimizer_class(actor.parameters(), lr=1e-4),
    "critics": optimizer_class(critics.parameters(), lr=3e-4),
    "alpha": torch.optim.Adam([log_alpha], lr=3e-4),
}


def learn(name, loss):
    optimizers[name].zero_grad()
    loss.backward()
    optimizers[name].step()


@torch.no_grad()
def follow(rate=0.005):
    for target, source in zip(targets.parameters(), critics.parameters()):
        target.lerp_(source, rate)


def least(networks, state, action):
    return torch.min(*(network(state, action) for network in networks))


def errors(state, action, target):
    return sum((critic(state, action) - target).square().mean() for critic in critics)


def improve_softly(state):
    action, log_probability = actor(state)
    learn("actor", (log_alpha.exp().detach() * log_probability - least(critics, state, action)).mean())
    learn("alpha", -(log_alpha.exp() * (log_probability.detach().mean() - actions)).mean())


def sac():
    state, action, reward, next_state, terminated, _ = sample()
    with torch.no_grad():
        next_action, log_probability = actor(next_state)
        value = least(targets, next_state, next_action) - log_alpha.exp() * log_probability
        target = reward + gamma * (1 - terminated) * value
    learn("critics", errors(state, action, target))
    follow()
    improve_softly(sample()[0])


def calql(randoms=4, proposals=10):
    state, action, reward, next_state, terminated, returns = sample()
    repeat = lambda x, times: x.repeat_interleave(times, 0)
    with torch.no_grad():
        many = repeat(next_state, proposals)
        value = least(targets, many, actor(many)[0]).view(batch, proposals).amax(1)
        target = reward + gamma * (1 - terminated) * value
        here, next_here = actor(state), actor(next_state)
        chosen = torch.rand(batch * randoms, actions) * 2 - 1
    gap = 0
    seen = torch.cat([state, state, next_state, repeat(state, randoms)])
    taken = torch.cat([action, here[0], next_here[0], chosen])
    loss = 0
    for critic in critics:
        data, of_here, of_next, of_random = critic(seen, taken).split([batch, batch, batch, batch * randoms])
        loss = loss + (data - target).square().mean()
        calibrated = [torch.maximum(value, returns) - density for value, density in ((of_here, here[1]), (of_next, next_here[1]))]
        columns = [of_random.view(batch, randoms) + actions * math.log(2), *(column[:, None] for column in calibrated)]
        gap = gap + (torch.cat(columns, 1).logsumexp(1) - data).mean()
    learn("critics", loss + 5 * gap)
    follow()
    improve_softly(state)


def dql(eta=1.0):
    state, action, reward, next_state, terminated, _ = sample()
    with torch.no_grad():
        target = 0.01 * reward + gamma * (1 - terminated) * least(targets, next_state, actor(next_state))
    learn("critics", errors(state, action, target))
    follow()
    new = actor(state)
    q1, q2 = (critic(state, new) for critic in critics)
    if random.integers(2):
        q1, q2 = q2, q1
    pull = -q1.mean() / q2.abs().mean().detach()
    learn("actor", actor.loss(action, state) + eta * pull)


def idql(expectile=0.8):
    state, action, reward, next_state, terminated, _ = sample()
    with torch.no_grad():
        wanted = least(targets, state, action)
    difference = wanted - values(state).squeeze(-1)
    weight = torch.where(difference < 0, 1 - expectile, expectile)
    learn("values", (weight * difference.square()).mean())
    with torch.no_grad():
        target = 0.01 * reward + gamma * (1 - terminated) * values(next_state).squeeze(-1)
    learn("critics", errors(state, action, target))
    follow(0.001)
    learn("actor", actor.loss(action, state))


if options.algorithm == "idql":
    values = ResidualMlp(OBSERVATION, 256, 1)
    assert parameter_count(values) == 134_913
    optimizers["values"] = optimizer_class(values.parameters(), lr=1e-3)
update = {"sac": sac, "calql": calql, "dql": dql, "idql": idql}[options.algorithm]


def updates():
    for _ in range(options.updates):
        update()


report(updates, options.repeats, warmup=2, parts=options.updates)
