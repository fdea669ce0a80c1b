# The peer of ours/vision.ts: the same network, loss and optimiser in PyTorch, written for this comparison.
import math

import torch
import torch.nn.functional as F
from torch import nn

from measuring import arguments, report

options = arguments(batch=64, what="step", layout="contiguous")
size, last = options.batch, options.layout == "channels-last"


class Layer(nn.Module):
    def __init__(self, width=128, heads=4):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        rows, tokens, width = x.shape
        parts = self.qkv(self.norm1(x)).chunk(3, -1)
        q, k, v = (p.view(rows, tokens, self.heads, width // self.heads).transpose(1, 2) for p in parts)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(rows, tokens, width)
        x = x + self.out(mixed)
        return x + self.narrow(F.gelu(self.widen(self.norm2(x))))


def embedding():
    return nn.Sequential(nn.Linear(16, 32), nn.Mish(), nn.Linear(32, 16))


class Policy(nn.Module):
    def __init__(self, width=128, tokens=121):
        super().__init__()
        self.stem1, self.stem2 = nn.Conv2d(3, width, 8, 4), nn.Conv2d(width, width, 3, 2)
        self.position = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        self.layer, self.norm = Layer(), nn.LayerNorm(width)
        self.project, self.project_norm = nn.Linear(tokens + 9, 128), nn.LayerNorm(128)
        self.weight, self.dropout = nn.Parameter(torch.randn(1, width, 128)), nn.Dropout(0.1)
        self.time, self.r = embedding(), embedding()
        self.first, self.last = nn.Linear(197, 768), nn.Linear(768, 28)
        self.inner1, self.inner2 = nn.Linear(768, 768), nn.Linear(768, 768)

    def encode(self, pictures, state):
        x = pictures / 255 - 0.5
        if last:
            x = x.contiguous(memory_format=torch.channels_last)
        x = self.stem2(F.relu(self.stem1(x))).flatten(2).transpose(1, 2) + self.position
        x = self.norm(self.layer(x)).transpose(1, 2)
        x = torch.cat([x, state[:, None].expand(-1, x.shape[1], -1)], 2)
        x = F.relu(self.project_norm(self.project(x)))
        return torch.cat([self.dropout((x * self.weight).sum(1)), state], 1)

    def forward(self, x, t, r, condition):
        frequencies = torch.exp(-torch.arange(8) * math.log(10_000) / 7)
        waves = [torch.cat([(s[:, None] * frequencies).sin(), (s[:, None] * frequencies).cos()], 1) for s in (t, r)]
        h = self.first(torch.cat([x, self.time(waves[0]), self.r(waves[1]), condition], 1))
        return self.last(h + self.inner2(F.mish(self.inner1(F.mish(h)))))


def moved(pictures):
    """Random shifts by bilinear sampling at whole pixels, the usual way in PyTorch."""
    rows, _, height, _ = pictures.shape
    x = F.pad(pictures, (4,) * 4, "replicate")
    edge = 1 / (height + 8)
    line = torch.linspace(-1 + edge, 1 - edge, height + 8)[:height].expand(height, -1)[..., None]
    grid = torch.cat([line, line.transpose(1, 0)], 2).expand(rows, -1, -1, -1)
    shift = torch.randint(0, 9, (rows, 1, 1, 2)).float() * 2 / (height + 8)
    return F.grid_sample(x, grid + shift, padding_mode="zeros", align_corners=False)


policy = Policy()
assert sum(p.numel() for p in policy.parameters()) == 1_776_636
if last:
    policy = policy.to(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(policy.parameters(), 1e-4, weight_decay=1e-6, fused=True)
pictures = torch.randint(0, 256, (size, 3, 96, 96), dtype=torch.uint8)
state, action = torch.rand(size, 9), 2 * torch.rand(size, 28) - 1


def step():
    noise, t = torch.randn(size, 28), torch.rand(size)
    r = t * torch.rand(size)
    v = noise - action
    x = action + t[:, None] * v
    condition = policy.encode(moved(pictures.float()), state)
    with torch.no_grad():
        direction = policy(x, t, t, condition)
        head = lambda x, t, r: policy(x, t, r, condition.detach())
        _, slope = torch.func.jvp(head, (x, t, r), (direction, torch.ones_like(t), torch.zeros_like(r)))
    loss = (policy(x, t, r, condition) - (v - (t - r)[:, None] * slope)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def act():
    with torch.inference_mode():
        noise, ones = torch.zeros(size, 28), torch.ones(size)
        return (noise - policy(noise, ones, 0 * ones, policy.encode(pictures.float(), state))).clamp(-1, 1)


if options.what == "act":
    policy.eval()
    report(act, options.repeats)
else:
    report(step, options.repeats, warmup=3)
