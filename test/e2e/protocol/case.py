"""The register of cases, and how a case says the same thing to kernels of different languages."""

import json

CASES = []


class NotApplicable(Exception):
    """The case has no meaning in this kernel's language."""


def case(title, fresh=False):
    """Registers a case under its module's name; `fresh` gives it a kernel of its own."""

    def register(function):
        CASES.append((function.__module__.removeprefix("cases_").replace("_", " "), title, function, fresh))
        return function

    return register


class Dialect:
    """Picks the snippet for a kernel: by its name, else by its language, else the case does not apply."""

    def __init__(self, name):
        self.name = name
        self.language = "python" if name == "python" else "typescript"

    def __call__(self, typescript=None, python=None, **special):
        code = special.get(self.name, python if self.language == "python" else typescript)
        if code is None:
            raise NotApplicable
        return code

    def display(self, bundle, display_id=None, update=False):
        """Code that shows a MIME bundle. `bundle` is JSON, or an expression of the language given as text."""
        data = bundle if isinstance(bundle, str) else json.dumps(bundle)
        transient = json.dumps({"display_id": display_id} if display_id else {})
        options = json.dumps({"id": display_id, "update": update} if display_id else {})
        flag = json.dumps(update)
        kind = "update_display_data" if update else "display_data"
        message = f"{{ data: {data}, metadata: {{}}, transient: {transient} }}"
        return self(
            f'(globalThis as any)[Symbol.for("dmpo.notebook")].display({data}, {options});',
            f"display({data}, raw=True, display_id={display_id!r}, update={update});",
            tslab=f'require("tslab/dist/jupyter.js").lastWriteDisplayData({message}, {flag});',
            deno=f'await Deno.jupyter.broadcast("{kind}", {message});',
        )
