"""What class names alone know of photographs, by the size of crops: ``python benchmarks/class_names.py --data DIR``.

DIR is what ``xviz make scenes`` wrote. Nothing is trained: class probabilities of crops times the word vectors of class
names, beside the captions. Prints recall at 10 in both directions with the true boxes, and with the regions that are
found (their mean), and the seconds that 36 crops take on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xviz.data.picture import read_picture
from xviz.models.boxes import find_boxes
from xviz.models.class_names import ClassNames
from xviz.models.mmca import SHIPPED
from xviz.models.regions import RegionEncoder
from xviz.train.mmca import classes
from xviz.train.mmca.features import load_split
from xviz.train.mmca.linear import read
from xviz.train.mmca.scores import recalls


@torch.inference_mode()
def main() -> None:
    """Print one line for each size of crops."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that “xviz make scenes” wrote")
    parser.add_argument("--sides", type=int, nargs="+", default=[112, 160, 192, 224], help="pixels of a crop's side")
    options = parser.parse_args()
    torch.set_num_threads(1)

    names = ClassNames(1000, features=1280, words=384, width=8, softness=SHIPPED.softness, doubt=SHIPPED.doubt)
    classes.fill(names, options.data)
    photos = load_split(options.data, "photos")
    captions = read([scene["sentences"][0]["text"] for scene in photos.scenes]).float()
    captions = F.normalize(captions - captions.mean(0), dim=-1)
    pictures = [read_picture(options.data / scene["image"]).pixels for scene in photos.scenes]
    places = [find_boxes(pixels, count=SHIPPED.regions) for pixels in pictures]

    def said(features: Tensor) -> Tensor:
        return names.words(names(features[None]))[0].mean(0)

    for side in options.sides:
        encoder, true, found, seconds = RegionEncoder(side=side), [], [], []
        for scene, pixels, boxes in zip(photos.scenes, pictures, places, strict=True):
            true.append(said(encoder.features(pixels, np.array([scene["objects"][0]["box"]]))))
            begun = time.process_time()
            found.append(said(encoder.features(pixels, boxes)))
            seconds.append(time.process_time() - begun)
        rows = {"true boxes": torch.stack(true), "found regions": torch.stack(found)}
        scores = {name: F.normalize(row, dim=-1) @ captions.T for name, row in rows.items()}
        told = "; ".join(f"{n} {recalls(s)['R@10']:.1f} / {recalls(s.T)['R@10']:.1f}" for n, s in scores.items())
        print(f"{side} pixels: R@10 {told}; {np.median(seconds):.2f} s for {SHIPPED.regions} crops", flush=True)


if __name__ == "__main__":
    main()
