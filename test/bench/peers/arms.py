# Tasks of robosuite 1.4.1 by robomimic's names, for the peers that step and draw them.
import logging
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import robosuite  # noqa: E402

names = {"lift": "Lift", "can": "PickPlaceCan", "square": "NutAssemblySquare", "transport": "TwoArmTransport"}


def arms_of(task):
    return 2 if task == "transport" else 1


def made(task, **options):
    arms = arms_of(task)
    return robosuite.make(
        names[task], robots=["Panda"] * arms if arms > 1 else "Panda", has_renderer=False, use_camera_obs=False,
        ignore_done=True, control_freq=20, hard_reset=False,
        **({"env_configuration": "single-arm-opposed"} if arms > 1 else {}), **options,
    )
