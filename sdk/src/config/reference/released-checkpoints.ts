// Pre-trained policies that the authors of DMPO released, by policy and environment, for fine-tuning without own pre-training.
const gym = "hf://pretrained_checkpoints/DMPO_pretrained_gym_checkpoints/gym_improved_meanflow_dispersive";
const robomimic = "hf://pretrained_checkpoints/DMPO_pretraining_robomimic_checkpoints/w_0p5";

const meanFlow: Readonly<Record<string, string>> = {
  "hopper-medium-v2": `${gym}/hopper-medium-v2_best.pt`,
  "walker2d-medium-v2": `${gym}/walker2d-medium-v2_best.pt`,
  "ant-medium-expert-v2": `${gym}/ant-medium-expert-v2_best.pt`,
  "Humanoid-medium-v3": `${gym}/Humanoid-medium-v3_best.pt`,
  "humanoid-medium-v3": `${gym}/Humanoid-medium-v3_best.pt`,
  "kitchen-complete-v0": `${gym}/kitchen-complete-v0_best.pt`,
  "kitchen-mixed-v0": `${gym}/kitchen-mixed-v0_state_2000.pt`,
  "kitchen-partial-v0": `${gym}/kitchen-partial-v0_state_2000.pt`,
  ...Object.fromEntries(
    ["lift", "can", "square", "transport"].map((task) => [
      task,
      `${robomimic}/${task}/${task}_w0p5_08_meanflow_dispersive.pt`,
    ]),
  ),
};

const released: Readonly<Record<string, Readonly<Record<string, string>>>> = { meanflow: meanFlow };

/** Address of the released checkpoint for a configuration's `policy.type` and `env_name`; undefined if there is none. */
export function releasedCheckpoint(policy: string, environment: string): string | undefined {
  const ofPolicy = Object.hasOwn(released, policy) ? released[policy]! : {};
  return Object.hasOwn(ofPolicy, environment) ? ofPolicy[environment] : undefined;
}
