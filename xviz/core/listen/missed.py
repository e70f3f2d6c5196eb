"""What looks like attention and was not heard, with the reason and what to change."""

from __future__ import annotations

import re
import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction

from xviz.core.attention import Attend, Missed, Tape
from xviz.core.listen.names import Names

ATTENTION = re.compile(r"attn|attention|multi_?head|^mha$", re.IGNORECASE)
#: what stands beside attention and has its name
BESIDE = re.compile(r"norm|drop|mask|bias|embed|output|proj|softmax|position|rotary", re.IGNORECASE)
#: functions that are heard
HEARD = {"scaled_dot_product_attention", "multi_head_attention_forward"}
#: packages of kernels that keep their weights to themselves
KERNELS = ("flash_attn", "flash_attn_interface", "xformers", "sageattention", "flash_attn_3")
FLEX = "torch.nn.attention.flex_attention"
SWITCH = 'Use an implementation that can be heard: attn_implementation="sdpa" or "eager" in Hugging Face models, '
SWITCH += "torch.nn.functional.scaled_dot_product_attention elsewhere."


class Search:
    """Looks for attention that cannot be heard while a module runs."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._ran: set[int] = set()
        self._heard: set[int] = set()
        self._direct: set[int] = set()
        self._kernels: dict[tuple[str, str], None] = {}

    def visit(self) -> None:
        """The modules that run now did run."""
        self._ran.update(map(id, self._names.running()))

    def heard(self) -> None:
        """The modules that run now were heard."""
        running = self._names.running()
        self._heard.update(map(id, running))
        self._direct.update(map(id, running[-1:]))

    def look(self, name: str, args: tuple[Any, ...]) -> None:
        """A function that ran: whether it is a kernel of attention."""
        kernel, frame = "", sys._getframe(2)
        code = frame.f_code
        if name not in HEARD and ("attention" in name or "attn" in name):
            kernel = name
        elif (package := frame.f_globals.get("__name__", "").partition(".")[0]) in KERNELS:
            kernel = package
        elif code.co_varnames[:1] == ("ctx",) and ATTENTION.search(
            code.co_qualname
        ):  # a function with its own gradient
            kernel = code.co_qualname.rpartition(".")[0].rpartition(".")[2]
        else:
            for arg in args:
                node = arg.grad_fn if isinstance(arg, Tensor) else None
                if isinstance(node, BackwardCFunction) and ATTENTION.search(node.name()):
                    kernel = node.name().removesuffix("Backward")
        if kernel:
            self._kernel(kernel)

    def flex(self) -> None:
        """Something was asked for its shape; flex_attention, which is compiled, does that before it computes."""
        if sys._getframe(2).f_globals.get("__name__") == FLEX:
            self._kernel("flex_attention")

    def _kernel(self, kernel: str) -> None:
        where = self._names.here()
        if where and not isinstance(where.module, Attend):
            plain = type(where.module).__module__.startswith("torch.nn.modules") and "." in where.name
            self._kernels[where.name.rpartition(".")[0] if plain else where.name, kernel] = None

    def finish(self, module: nn.Module, tape: Tape) -> None:
        """Name what was missed, and what listening changed, on the tape."""
        for name, kernel in self._kernels:
            why = f"“{name}” calls “{kernel}”, a kernel that keeps its weights to itself."
            tape.missed.append(Missed(name, why, SWITCH))
        noted = {missed.name for missed in tape.missed}
        tape.missed += [missed for missed in self._built(module) if missed.name not in noted]
        noted = {missed.name for missed in tape.missed}
        for name, part in module.named_modules():
            title = self._names.shown(name)
            if any(title == other or other.startswith(f"{title}.") or title.startswith(f"{other}.") for other in noted):
                continue
            if self._silent(module, name, part):
                why = (
                    f"“{title}” ({type(part).__name__}) ran and looks like attention by its name, but no softmax of "
                    "queries and keys was heard in it."
                )
                tape.missed.append(Missed(title, why, SWITCH))
        tape.notes += _fast(tape)

    def _built(self, module: nn.Module) -> list[Missed]:
        """Compiled and scripted parts, whose steps are out of reach."""
        calls = []
        for name, part in module.named_modules():
            title = self._names.shown(name)
            compiled = "_orig_mod" in part._modules or getattr(part, "_compiled_call_impl", None) is not None
            if compiled and id(part) not in self._heard:
                why = f"“{title}” is compiled; its attention, if it has any, runs inside the compiled graph."
                advice = "Listen to the module as it was before torch.compile (its “_orig_mod”)."
                calls.append(Missed(title, why, advice))
            inside = any(name.startswith(f"{other.name}.") for other in calls)
            if isinstance(part, torch.jit.ScriptModule) and not inside and _scripted(part):
                why = f"“{title}” is a TorchScript module that computes attention where it cannot be heard."
                calls.append(Missed(title, why, "Listen to the module from which it was scripted or traced."))
        return calls

    def _silent(self, module: nn.Module, name: str, part: nn.Module) -> bool:
        """Whether a part looks like attention, ran, and was not heard; the innermost such part alone."""
        if not _looks(name, part) or id(part) in self._heard:
            return False
        above = name.rpartition(".")[0]
        bare = not any(True for _ in part.parameters())
        ran = id(part) in self._ran or (bare and id(module.get_submodule(above)) in self._ran and bool(name))
        inner = any(_looks(below, p) for below, p in part.named_modules() if below and id(p) in self._ran)
        while above:
            if id(module.get_submodule(above)) in self._direct:
                return False
            above = above.rpartition(".")[0]
        return ran and not inner


def _looks(name: str, part: nn.Module) -> bool:
    """Whether a module looks like attention by its class or its own name."""
    kind, own = type(part).__name__, name.rpartition(".")[2]
    if type(part).__module__.startswith("torch.nn.modules"):
        return isinstance(part, nn.MultiheadAttention)
    if isinstance(part, nn.ModuleList | nn.ModuleDict) or BESIDE.search(kind) or BESIDE.search(own):
        return False
    return bool(ATTENTION.search(kind) or ATTENTION.search(own))


def _scripted(part: torch.jit.ScriptModule) -> bool:
    """Whether the graph of a scripted module has attention in it."""
    try:
        graph = str(part.inlined_graph)
    except (RuntimeError, AttributeError):
        return False
    fused = any(f"aten::{name}" in graph for name in ("scaled_dot_product_attention", "_native_multi_head_attention"))
    return fused or ("aten::softmax" in graph and ("aten::matmul" in graph or "aten::bmm" in graph))


def _fast(tape: Tape) -> list[str]:
    """A note where torch would have taken a fused path that it leaves while functions are overridden."""
    slow = {
        heard.name
        for heard in tape
        if isinstance(heard.module, nn.MultiheadAttention)
        and heard.out is None
        and not heard.module.training
        and heard.module.batch_first
        and torch.backends.mha.get_fastpath_enabled()
    }
    if not slow:
        return []
    return [
        f"PyTorch computes {len(slow)} attentions with its fused inference path when nobody listens; with a listener "
        "it takes the same steps one by one, and outputs may differ by rounding, up to 1e-6."
    ]
