"""Life cycle: restart, neighbours, the end of the process and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from case import case
from kernel import Kernel


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def family(pid):
    """Processes of a kernel: itself and what it has started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def gone(processes, seconds):
    running = lambda p: p.is_running() and p.status() != psutil.STATUS_ZOMBIE
    return wait_until(lambda: not any(running(p) for p in processes), seconds)


WORKERS = """import { Worker } from "node:worker_threads";
const workers = [1, 2].map(() => new Worker("setInterval(() => {}, 100)", { eval: true }));
"""


@case("restart forgets the variables and works again", fresh=True)
def restart(k, d):
    k.run(d("const before = 1;", "before = 1")).ok()
    k.manager.restart_kernel(now=False)
    k.client.wait_for_ready(timeout=60)
    k.run("before").failed()
    cell = k.run("1+1").ok()
    assert cell.shown == "2" and cell.reply["execution_count"] <= 2, cell.describe()


@case("restart out of an endless loop", fresh=True)
def restart_busy(k, d):
    k.submit(d("while (true) {}", "while True: pass"))
    time.sleep(0.5)
    k.manager.restart_kernel(now=True)
    k.client.wait_for_ready(timeout=60)
    k.alive()


@case("two kernels side by side know nothing of each other", fresh=True)
def side_by_side(k, d):
    other = Kernel(k.manager.kernel_name, os.environ["BATTERY_FOLDER"])
    try:
        k.run(d("const mine = 'first';", "mine = 'first'")).ok()
        other.run("mine").failed()
        ids = [(kernel, kernel.submit(d("for (let i = 0; i < 1000; i++) console.log(i)", "for i in range(1000): print(i)"))) for kernel in (k, other)]
        for kernel, msg_id in ids:
            assert kernel.collect(msg_id).ok().stream().split() == [str(i) for i in range(1000)]
    finally:
        other.close()
    k.alive()


@case("shutdown ends the process", fresh=True)
def shutdown(k, d):
    k.run("1").ok()
    processes = family(k.pid)
    k.request("shutdown_request", {"restart": False}, "control")
    reply = k.client.get_control_msg(timeout=5)
    assert reply["msg_type"] == "shutdown_reply" and reply["content"]["restart"] is False, reply
    assert gone(processes, 5), "still running after 5 s"


@case("shutdown ends a busy kernel", fresh=True)
def shutdown_busy(k, d):
    processes = family(k.pid)
    k.submit(d("await null; while (true) {}", "while True: pass"))
    time.sleep(0.7)
    k.request("shutdown_request", {"restart": False}, "control")
    assert gone(processes, 5), "still running after 5 s"


@case("workers and child processes end with the kernel", fresh=True)
def workers(k, d):
    code = d(WORKERS + 'import { spawn } from "node:child_process";\nconst child = spawn("sleep", ["600"]);', "import subprocess\nchild = subprocess.Popen(['sleep', '600'])")
    k.run(code).ok()
    time.sleep(0.5)
    processes = family(k.pid)
    k.manager.shutdown_kernel(now=False)
    assert gone(processes[:1], 5), "the kernel still runs"
    left = [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    for process in left:
        process.kill()
    assert not left, f"left behind: {left}"


@case("environment workers of the SDK end with the kernel", fresh=True)
def sdk_workers(k, d):
    code = d(None, dmpo='import { VectorEnv } from "dmpo";\nconst envs = await VectorEnv.create({ env: "hopper-v2", count: 4, workers: 2, seed: 1, actionSteps: 4, condSteps: 1 });')
    k.run(code, timeout=60).ok()
    processes = family(k.pid)
    k.manager.shutdown_kernel(now=False)
    assert gone(processes, 5), "still running after 5 s"


PARENT = """
import sys, time
sys.path.insert(0, sys.argv[3])
from kernel import Kernel
k = Kernel(sys.argv[1], sys.argv[2])
k.submit(sys.argv[4])
print(k.pid, k.manager.connection_file, flush=True)
time.sleep(600)
"""


def orphan(k, code):
    """Starts a kernel under a process of its own, kills that, and returns whether the kernel ended by itself."""
    here = str(Path(__file__).parent)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, k.manager.kernel_name, os.environ["BATTERY_FOLDER"], here, code], stdout=subprocess.PIPE, text=True)
    pid, connection_file = parent.stdout.readline().split()
    time.sleep(1)
    processes = family(int(pid))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    ended = gone(processes, 10)
    for process in processes:
        if process.is_running():
            process.kill()
    Path(connection_file).unlink(missing_ok=True)
    return ended


@case("the kernel ends when its parent dies")
def parent_dies(k, d):
    assert orphan(k, "1"), "still running 10 s after its parent"


@case("also while a cell is busy")
def parent_dies_busy(k, d):
    assert orphan(k, d("await null; while (true) {}", "while True: pass")), "still running 10 s after its parent"


@case("no files are left behind", fresh=True)
def leftovers(k, d):
    folder, temporary = Path(os.environ["BATTERY_FOLDER"]), Path(os.environ["BATTERY_TEMPORARY"])
    listing = lambda: {str(p) for root in (folder, temporary) for p in root.rglob("*") if "node_modules" not in p.parts}
    before = listing()
    other = Kernel(k.manager.kernel_name, folder)
    other.run(d('import { join } from "node:path";\nconsole.log(join("a", "b"))', "print('a')")).ok()
    other.manager.shutdown_kernel(now=False)
    other.client.stop_channels()
    assert gone([psutil.Process(other.pid)] if other.pid and psutil.pid_exists(other.pid) else [], 5)
    assert not listing() - before, f"left behind: {sorted(listing() - before)[:10]}"


@case("500 small cells grow memory by less than 100 MB", fresh=True)
def memory(k, d):
    resident = k.resident
    code = lambda i: d(f"const value{i % 20} = [{i}].map((n) => n + 1); value{i % 20}[0]", f"value{i % 20} = [{i} + 1]; value{i % 20}[0]")
    for i in range(20):
        k.run(code(i)).ok()
    before = resident()
    for i in range(500):
        cell = k.run(code(i)).ok()
        assert cell.shown == str(i + 1)
    # A collection when idle counts: users pause, too.
    shrunk = wait_until(lambda: resident() - before < 100, 10)
    assert shrunk, f"grew from {before:.0f} to {resident():.0f} MB"


@case("process.exit() in a cell: Jupyter notices that the kernel ended, or the kernel says so and goes on", fresh=True)
def exits(k, d):
    # The compiler is there then.
    k.run("1 + 1").ok()
    cell = k.run(d("process.exit(3)", "import os; os._exit(3)"), timeout=10)
    if cell.reply:
        assert "3" in cell.failed().error["evalue"], cell.describe()
        assert k.run("1 + 1").ok().shown == "2"
    else:
        assert wait_until(lambda: not k.manager.is_alive(), 5), "still running"
