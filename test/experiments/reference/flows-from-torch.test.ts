// Files that PyTorch itself writes of ShortCutFlowMLP and ConsistencyMLP, with the names of the reference, become policies that act as
// PyTorch computes. The modules are written anew here from the tables of names and shapes.
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { constants } from "../../../sdk/src/engine/compile.js";
import { tf, type Weights } from "../../../sdk/src/engine/tensor.js";
import { loadPolicy, type LoadOptions } from "../../../sdk/src/experiments/load-policy.js";
import { pythonWith } from "../../checkpoints/python.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

beforeAll(async () => void (await tf.setBackend("cpu")));
const folder = temporaryFolder();
const python = pythonWith("torch");

const program = `
import json, math, sys
import torch
from torch import nn
torch.manual_seed(0)
folder, horizon, actions, observations, rows = sys.argv[1], 4, 3, 11, 5
size = horizon * actions

def waves(t, dim):
    rates = torch.exp(-math.log(10000) * torch.arange(dim // 2) / (dim // 2 - 1))
    angles = t[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)

class Plain(nn.Module):
    def __init__(self, dims, act):
        super().__init__()
        layers = zip(dims[:-1], dims[1:])
        self.moduleList = nn.ModuleList([nn.ModuleDict({"linear_1": nn.Linear(a, b)}) for a, b in layers])
        self.act = act
    def forward(self, x):
        for i, layer in enumerate(self.moduleList):
            x = layer["linear_1"](x)
            if i < len(self.moduleList) - 1: x = self.act(x)
        return x

class Residual(nn.Module):
    def __init__(self, width_in, width, width_out, act):
        super().__init__()
        block = nn.ModuleDict({"l1": nn.Linear(width, width), "l2": nn.Linear(width, width)})
        self.layers = nn.ModuleList([nn.Linear(width_in, width), block, nn.Linear(width, width_out)])
        self.act = act
    def forward(self, x):
        x = self.layers[0](x)
        x = x + self.layers[1]["l2"](self.act(self.layers[1]["l1"](self.act(x))))
        return self.layers[2](x)

class Shortcut(nn.Module):
    def __init__(self, combine):
        super().__init__()
        act = nn.functional.relu
        self.combine = combine
        self.t_emb = nn.Sequential(nn.Linear(16, 8), nn.Mish(), nn.Linear(8, 8))
        self.cond_emb = Plain([observations, 12, 8], act)
        self.vel_head = Residual(size + (16 if combine == "concate" else 8), 24, size, act)
    def forward(self, x, t, d, state):
        both, cond = self.t_emb(torch.cat([waves(t, 8), waves(d, 8)], 1)), self.cond_emb(state.flatten(1))
        met = both + cond if self.combine == "add" else both * cond if self.combine == "multiply" else torch.cat([both, cond], 1)
        return self.vel_head(torch.cat([x.flatten(1), met], 1)).view_as(x)
    def sample(self, state, noise, renoise, steps):
        x = noise
        for i in range(steps):
            t, d = torch.full((rows,), i / steps), torch.full((rows,), 1 / steps)
            x = (x + self(x, t, d, state) / steps).clamp(-1, 1)
        return x

class Consistency(nn.Module):
    def __init__(self):
        super().__init__()
        act = nn.functional.mish
        self.time_embedding = nn.Sequential(nn.Identity(), nn.Linear(8, 32), nn.Mish(), nn.Linear(32, 8))
        self.cond_mlp = Plain([observations, 12, 8], act)
        self.mlp_mean = Residual(size + 8 + 8, 24, size, act)
    def sample(self, state, noise, renoise, steps):
        x = noise
        for i in range(steps):
            t = torch.full((rows,), i / steps)
            columns = [x.flatten(1), self.time_embedding(waves(t, 8)), self.cond_mlp(state.flatten(1))]
            x = i / steps * x + (1 - i / steps) * self.mlp_mean(torch.cat(columns, 1)).view_as(x)
            if i < steps - 1: x = (i + 1) / steps * x + (1 - (i + 1) / steps) * renoise[:, i]
            x = x.clamp(-1, 1)
        return x

class Holder(nn.Module):
    def __init__(self, network, teacher=None):
        super().__init__()
        self.network = network
        if teacher is not None: self.teacher = Holder(teacher)

networks = {**{"shortcut-" + c: Shortcut(c) for c in ("add", "multiply", "concate")}, "consistency": Consistency()}
averaged = {name: Consistency() if name == "consistency" else Shortcut(name.split("-")[1]) for name in networks}
state, noise = torch.rand(rows, 1, observations) * 2 - 1, torch.randn(rows, horizon, actions)
renoise = torch.randn(rows, 3, horizon, actions)
answer = {"state": state.tolist(), "noise": noise.tolist(), "renoise": renoise.tolist(), "expected": {}}
for name in networks:
    teacher = Shortcut("add") if name == "consistency" else None
    model, ema = Holder(networks[name], teacher), Holder(averaged[name], teacher)
    torch.save({"epoch": 7, "model": model.state_dict(), "ema": ema.state_dict()}, f"{folder}/{name}.pt")
    with torch.no_grad():
        answer["expected"][name] = {kind: {str(k): net.sample(state, noise, renoise, k).tolist() for k in (1, 4)}
            for kind, net in (("model", networks[name]), ("ema", averaged[name]))}
# After PPO the policy is the actor, beside the nets of its exploration noise.
tuned = nn.Module()
tuned.actor_ft = nn.Module()
tuned.actor_ft.policy, tuned.actor_ft.mlp_logvar = networks["shortcut-add"], Plain([16, 8, 12], nn.functional.relu)
tuned.critic = Plain([observations, 8, 1], nn.functional.relu)
torch.save({"itr": 3, "model": tuned.state_dict()}, f"{folder}/tuned.pt")
answer["expected"]["tuned"] = {"model": answer["expected"]["shortcut-add"]["model"]}
print(json.dumps(answer))
`;

const width = (value: number) => new Float32Array(value);
const normalization = {
  observationMin: width(11).fill(-1),
  observationMax: width(11).fill(1),
  actionMin: width(3).fill(-1),
  actionMax: width(3).fill(1),
};
const head = { mlpDims: [24, 24, 24], condMlpDims: [12, 8], residualStyle: true };

interface Answer {
  readonly state: number[][][];
  readonly noise: number[][][];
  readonly renoise: number[][][][];
  readonly expected: Record<string, Record<"model" | "ema", Record<string, number[][][]>>>;
}

describe.skipIf(!python)("flows in files of PyTorch", () => {
  let answer: Answer;
  beforeAll(() => void (answer = python!(program, folder) as Answer));

  const shortcut = (embedCombinationType?: string) => ({ activationType: "ReLU", embedCombinationType });
  test.each<[string, "model" | "ema", string, LoadOptions["network"], object]>([
    ["shortcut-add", "ema", "shortcut", shortcut(), { ...head, tdEmbDim: 8, embedCombinationType: "add" }],
    ["shortcut-add", "model", "shortcut", shortcut(), { ...head, tdEmbDim: 8 }],
    // Sums and products look the same in weights, so products have to be named.
    ["shortcut-multiply", "ema", "shortcut", shortcut("multiply"), { ...head, embedCombinationType: "multiply" }],
    ["shortcut-concate", "ema", "shortcut", shortcut(), { ...head, embedCombinationType: "concate" }],
    ["tuned", "model", "shortcut", shortcut(), { ...head, tdEmbDim: 8 }],
    ["consistency", "ema", "consistency", undefined, { ...head, timeDim: 8 }],
    ["consistency", "model", "consistency", undefined, { ...head, timeDim: 8 }],
  ])("%s: %s is recognised and acts as there", async (name, set, policy, network, sizes) => {
    const averagedWeights = set === "ema" || name === "tuned";
    const { model, weights } = await loadPolicy(join(folder, `${name}.pt`), {
      normalization,
      averagedWeights,
      network,
    });
    expect(model.spec.policy).toBe(policy);
    expect(model.spec.network).toMatchObject({ horizonSteps: 4, actionDim: 3, condDim: 11, ...sizes });
    for (const [steps, wanted] of Object.entries(answer.expected[name]![set])) {
      const actions = tf.tidy(() => {
        const draws = {
          noise: tf.tensor3d(answer.noise),
          renoise: tf.tensor4d(answer.renoise).slice([0, 0], [-1, Math.max(1, Number(steps) - 1)]),
        };
        const state = tf.tensor3d(answer.state);
        const views = constants<Weights>(model.views(weights));
        return Array.from(model.sample(views, { state }, draws, { steps: Number(steps) }).dataSync());
      });
      const flat = wanted.flat(2);
      expect(flat.some((value) => Math.abs(value) < 1)).toBe(true);
      actions.forEach((value, i) => expect(Math.abs(value - flat[i]!), `${steps} steps, ${i}`).toBeLessThan(1e-5));
    }
  });
});
