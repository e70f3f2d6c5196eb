"""Multiscale Multiview Vision Transformer (Liu et al., MMViT, arXiv:2305.00104).

Several views of one input, each cut into patches of its own, go through stages in parallel; from stage to stage the
grid gets coarser and the tokens wider, by pooling attention as in MViT. In every stage one block is a cross-attention
block in which the views ask each other. One class token stands first in view 1, and the outputs are read from it.

Neither code nor tables of the paper could be read when this was built. What its abstract leaves open is a setting of
the card: views with their kernels and strides, the blocks of each stage, the form of cross-attention. ``joint`` (one
softmax over all views' keys), separate weights for each view and the layout of ``PAPERS`` follow a second-hand account;
``sequential`` follows MTV (Yan et al., CVPR 2022). Position codes are absolute, since spectrograms are not square.
``expand`` says where tokens get wider: in the attention (MViT v2) or in the feed-forward network before it (v1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.core.errors import ModelError
from xviz.models.mmvit_layers import KEEP, Block, Pair, Settings, Shape, Tokens

CROSS = ("joint", "pairwise", "sequential", "none")
KINDS = {"A": "own", "S": "own", "C": "cross"}  #: letters of a stage's layout; S, at its start, makes the grid coarser


class MMViT(nn.Module):
    """Several views of one input through stages of pooling attention, to one number for each class.

    Raises:
        ModelError: settings that make no model.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        if settings.cross not in CROSS or settings.expand not in ("attention", "mlp"):
            raise ModelError(
                f"cross is one of {', '.join(CROSS)} and expand “attention” or “mlp”; "
                f"got “{settings.cross}” and “{settings.expand}”."
            )
        self.settings = settings
        self.grids = [view_grid(settings, view) for view in range(len(settings.views))]
        width = settings.width
        self.embed = nn.ModuleList(nn.Linear(patch_size(settings, view), width) for view in range(len(self.grids)))
        self.first = nn.Parameter(torch.zeros(1, 1, width))
        self.place_first = nn.Parameter(torch.zeros(1, 1, width))
        self.place = nn.ParameterList(nn.Parameter(torch.zeros(1, rows * cols, width)) for rows, cols in self.grids)
        for code in (self.first, self.place_first, *self.place):
            nn.init.trunc_normal_(code, std=0.02)
        for view in range(len(self.grids)):
            self.register_buffer(f"mean_view{view + 1}", torch.zeros(patch_size(settings, view)))
        for plan in plans(settings):
            if plan.stage not in dict(self.named_children()):
                self.add_module(plan.stage, nn.ModuleDict())
            block = Block(plan.kind, plan.asking, plan.answering, plan.shape, settings)
            self.get_submodule(plan.stage).add_module(plan.block, block)
        self.last = nn.ModuleList(nn.Identity() for _ in self.grids)  # where Grad-CAM listens
        wide = list(plans(settings))[-1].shape.after
        self.norm, self.classify = nn.LayerNorm(wide), nn.Linear(wide, len(settings.classes))

    def forward(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """One number for each class.

        Args:
            tokens: view1, view2, … (b, n, patch) patches.
            present: The same, (b, n) bool.
            context: cross_1, cross_2, … (b,) factors on what each stage's cross-attention adds; one where missing.
        """
        scores = self.classify(self.norm(self.encode(tokens, present, context)))
        return {name: scores[:, index] for index, name in enumerate(self.settings.classes)}

    def encode(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> Tensor:
        """(b, width) the class token after the last stage."""
        names = [f"view{i + 1}" for i in range(len(self.grids))]
        whole = all(bool(present[name].all()) for name in names)
        views = [self._view(i, tokens[name], None if whole else present[name]) for i, name in enumerate(names)]
        every = list(plans(self.settings))
        for plan in every:
            if plan is every[-1]:
                views = [self._listened(i, view) for i, view in enumerate(views)]
            gate = context.get(f"cross_{plan.stage.removeprefix('stage')}") if plan.crosses else None
            views = self.get_submodule(f"{plan.stage}.{plan.block}")(views, gate)
        return views[0].x[:, 0]

    def _view(self, index: int, patches: Tensor, present: Tensor | None) -> Tokens:
        """The tokens of a view with their places."""
        x = self.embed[index](patches) + self.place[index]
        if index == 0:
            x = torch.cat([(self.first + self.place_first).expand(len(x), -1, -1), x], 1)
        return Tokens(x, self.grids[index], int(index == 0), present)

    def _listened(self, index: int, view: Tokens) -> Tokens:
        """The same tokens; their grid passes a layer of its own as (b, width, n)."""
        first, cells = view.x.split([view.lead, view.x.shape[1] - view.lead], 1)
        return Tokens(torch.cat([first, self.last[index](cells.mT).mT], 1), view.grid, view.lead, view.here)

    def baseline(self) -> dict[str, Tensor]:
        """The uninformative patch of each view, (patch,): the mean of the training set."""
        return {f"view{i + 1}": getattr(self, f"mean_view{i + 1}") for i in range(len(self.grids))}


class Plan:
    """One block: where it stands, who asks whom, and its numbers."""

    def __init__(self, settings: Settings, stage: int, block: int, letter: str) -> None:
        stages, count = settings.stages, len(settings.views)
        self.stage, self.block = f"stage{stage + 1}", f"block{block + 1}"
        self.crosses = KINDS[letter] == "cross" and settings.cross != "none"
        self.kind = settings.cross if self.crosses else "own"
        self.enters = letter == "S" and stage > 0
        before = [view_space(view, stage - self.enters) for view in range(count)]
        after = [view_space(view, stage) for view in range(count)]
        self.before, self.after, self.keys = before, after, [keys_space(name, stage) for name in before]
        lead = ["class+", *[""] * (count - 1)]
        self.asking = [f"{first}{name}" for first, name in zip(lead, after, strict=True)]
        self.answering = [f"{first}{name}" for first, name in zip(lead, self.keys, strict=True)]
        wide = settings.width * 2**stage
        grows_here = self.enters and settings.expand == "attention"
        ends = block == len(stages[stage]) - 1 and stage < len(stages) - 1
        grows_after = ends and settings.expand == "mlp"
        self.shape = Shape(
            before=wide // 2 if grows_here else wide,
            width=wide,
            after=wide * 2 if grows_after else wide,
            heads=settings.heads * 2**stage,
            kernel=settings.pool_kernel,
            q_stride=(2, 2) if self.enters else KEEP,
            kv_stride=settings.kv_stride[stage],
        )


def plans(settings: Settings) -> Iterator[Plan]:
    """The blocks in order.

    Raises:
        ModelError: a stage after the first does not begin with S, or a letter is unknown.
    """
    for stage, letters in enumerate(settings.stages):
        if set(letters) - set(KINDS) or not letters or (letters[0] == "S") != (stage > 0) or "S" in letters[1:]:
            raise ModelError(
                f"Stage {stage + 1} is “{letters}”: a stage is made of A (own attention) and C (cross-attention), "
                "and every stage but the first begins with S (own attention onto a coarser grid)."
            )
        for block, letter in enumerate(letters):
            yield Plan(settings, stage, block, letter)


def view_space(view: int, stage: int) -> str:
    """The space of a view's tokens in a stage, counted from 0; the first stage has those that the model is fed."""
    return f"view{view + 1}" if stage == 0 else f"view{view + 1}.stage{stage + 1}"


def keys_space(before: str, stage: int) -> str:
    """The space of the keys that a stage pools from some tokens."""
    return f"{before}.keys{stage + 1}"


def view_grid(settings: Settings, view: int) -> Pair:
    """Rows and columns of a view's patches."""
    kernel, stride, padding = settings.views[view]
    sides = zip(settings.input, kernel, stride, padding, strict=True)
    return tuple((n + 2 * p - k) // s + 1 for n, k, s, p in sides)  # type: ignore[return-value]


def patch_size(settings: Settings, view: int) -> int:
    """Numbers in one patch of a view."""
    kernel = settings.views[view][0]
    return settings.channels * kernel[0] * kernel[1]


def patches(planes: Tensor, settings: Settings) -> dict[str, Tensor]:
    """(b, channels, rows, columns) → view1, view2, …: (b, n, patch)."""
    views = {}
    for view, (kernel, stride, padding) in enumerate(settings.views):
        views[f"view{view + 1}"] = F.unfold(planes, kernel, padding=padding, stride=stride).mT
    return views
