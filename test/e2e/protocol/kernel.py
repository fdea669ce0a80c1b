"""A kernel under test: started by jupyter_client as a notebook server starts it, cells run over the real protocol."""

import queue
import subprocess
import time
from dataclasses import dataclass, field

import psutil
from jupyter_client import KernelManager


@dataclass
class Cell:
    """What came back for one execute_request."""

    messages: list = field(default_factory=list)  # iopub messages of this cell in order of arrival
    arrivals: list = field(default_factory=list)  # seconds since the request, one per message
    reply: dict | None = None
    idle: bool = False
    seconds: float = 0.0

    def contents(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    @property
    def kinds(self):
        return [m["msg_type"] for m in self.messages]

    def stream(self, name="stdout"):
        return "".join(c["text"] for c in self.contents("stream") if c["name"] == name)

    @property
    def result(self):
        """The MIME bundle of the execute_result."""
        results = self.contents("execute_result")
        assert len(results) == 1, f"expected one execute_result, got {self.describe()}"
        return results[0]["data"]

    @property
    def shown(self):
        """The value as text, also where a kernel prints it instead of sending a result: for cases about something else."""
        results = [c["data"].get("text/plain", "") for c in self.contents("execute_result")]
        return "".join(results or [self.stream()]).strip().strip("'\"")

    @property
    def error(self):
        errors = self.contents("error")
        assert len(errors) == 1, f"expected one error message, got {self.describe()}"
        return errors[0]

    @property
    def text(self):
        """Everything readable: streams, results, errors."""
        shown = [m["content"]["data"].get("text/plain", "") for m in self.messages if "data" in m["content"]]
        failures = [f"{e['ename']}: {e['evalue']}\n" + "\n".join(e["traceback"]) for e in self.contents("error")]
        return "\n".join([self.stream("stdout"), self.stream("stderr"), *map(str, shown), *failures])

    def describe(self):
        status = self.reply["status"] if self.reply else "no reply"
        return f"{self.kinds} ({status}, idle: {self.idle}) {self.text.strip()[:300]!r}"

    def ok(self):
        assert self.reply and self.reply["status"] == "ok" and self.idle, f"expected success, got {self.describe()}"
        return self

    def failed(self):
        assert self.reply and self.reply["status"] == "error" and self.idle, f"expected an error, got {self.describe()}"
        return self


class Kernel:
    def __init__(self, name, folder):
        self.manager = KernelManager(kernel_name=name)
        started = time.monotonic()
        self.manager.start_kernel(cwd=str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=90)
        self.start_seconds = time.monotonic() - started
        self.others = []  # iopub messages of other requests, seen on the way

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def resident(self):
        """Megabytes of memory, with the processes that the kernel consists of."""
        process = psutil.Process(self.pid)
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / 2**20

    def submit(self, code, **flags):
        """Sends a cell and returns its message id; `flags` as of jupyter_client's execute()."""
        self.sent_at = time.monotonic()
        return self.client.execute(code, allow_stdin=False, **flags)

    def collect(self, msg_id, timeout=30.0):
        """Waits for reply and idle status; on a time-out the cell tells what is missing."""
        cell, begin = Cell(), time.monotonic()
        held, self.others = self.others, []
        for message in held:
            self._take(message, cell, msg_id, begin)
        while not (cell.idle and cell.reply) and time.monotonic() - begin < timeout:
            try:
                self._take(self.client.get_iopub_msg(timeout=0.02 if cell.idle else 0.2), cell, msg_id, begin)
            except queue.Empty:
                pass
            self._poll_reply(cell, msg_id)
        cell.seconds = time.monotonic() - begin
        return cell

    def run(self, code, timeout=30.0, **flags):
        return self.collect(self.submit(code, **flags), timeout)

    def ask(self, send, timeout=60.0):
        """Content of the shell reply to a request that `send(client)` made."""
        msg_id = send(self.client)
        return self.reply_to(msg_id, timeout)["content"]

    def reply_to(self, msg_id, timeout=60.0):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            message = self._shell(0.2)
            if message and message["parent_header"].get("msg_id") == msg_id:
                return message
        raise AssertionError(f"no reply within {timeout} s")

    def complete(self, code, position=None):
        return self.ask(lambda client: client.complete(code, len(code) if position is None else position))

    def inspect(self, code, position=None):
        return self.ask(lambda client: client.inspect(code, len(code) if position is None else position))

    def request(self, kind, content, channel="shell"):
        """Sends any message; returns its id."""
        message = self.client.session.msg(kind, content)
        getattr(self.client, f"{channel}_channel").send(message)
        return message["header"]["msg_id"]

    def drain(self, seconds):
        """iopub messages that arrive within this time, besides those of a cell."""
        end, found = time.monotonic() + seconds, self.others
        self.others = []
        while (left := end - time.monotonic()) > 0:
            try:
                found.append(self.client.get_iopub_msg(timeout=left))
            except queue.Empty:
                break
        return found

    def interrupt(self, after=0.5):
        time.sleep(after)
        self.manager.interrupt_kernel()
        return time.monotonic()

    def alive(self):
        """A trivial cell runs; the kernel has survived whatever came before."""
        cell = self.run("1+1", timeout=15)
        assert cell.reply and cell.reply["status"] == "ok" and cell.idle, f"the next cell does not run: {cell.describe()}"

    def close(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)

    def _take(self, message, cell, msg_id, begin):
        if message["parent_header"].get("msg_id") != msg_id:
            self.others.append(message)
            return
        cell.messages.append(message)
        cell.arrivals.append(time.monotonic() - begin)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            cell.idle = True

    def _poll_reply(self, cell, msg_id):
        if cell.reply is None and (message := self._shell(0.001)):
            self.replies = {**getattr(self, "replies", {}), message["parent_header"].get("msg_id"): message}
        if cell.reply is None and (message := getattr(self, "replies", {}).pop(msg_id, None)):
            cell.reply = message["content"]

    def _shell(self, timeout):
        try:
            return self.client.get_shell_msg(timeout=timeout)
        except queue.Empty:
            return None
