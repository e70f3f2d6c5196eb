"""What photos say of supervoxels, against answers that are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.models.rooms import TINY
from tests.models.rooms import room as make_room
from xviz import engine
from xviz.core.errors import ModelError
from xviz.core.sample import PointCloud
from xviz.models.clouds import cut, laid, laid_turned
from xviz.models.mit import MIT
from xviz.models.mit_cards import MIT_CARD, SHIPPED, prepare
from xviz.models.mit_carried import carried, joined
from xviz.models.mit_encode import encode, second_of, with_photos

CLASSES = torch.tensor([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]])


def test_a_supervoxel_takes_the_classes_of_the_patches_that_show_it() -> None:
    agreed = torch.full((3, 4), -30.0)
    agreed[[0, 1, 2], [2, 0, 3]] = 0.0
    photos = carried(agreed, CLASSES, torch.ones(3, dtype=torch.bool))
    torch.testing.assert_close(photos.sum(1), torch.ones(4))
    assert photos.argmax(1)[[2, 0, 3]].tolist() == [0, 1, 2]
    torch.testing.assert_close(photos[1], CLASSES.mean(0))  # no patch shows it: what all say
    without = carried(agreed, CLASSES, torch.tensor([True, False, True]))
    torch.testing.assert_close(without[0], CLASSES[[0, 2]].mean(0))  # who showed it is not there


def test_points_and_photos_are_multiplied_and_the_usual_is_divided_out() -> None:
    points = torch.tensor([[0.6, 0.3, 0.1]])
    usual = torch.tensor([0.7, 0.2, 0.1])
    torch.testing.assert_close(joined(points, usual[None], usual, 1.0), points, atol=2e-3, rtol=0)
    torch.testing.assert_close(joined(points, CLASSES[:1], usual, 0.0), points, atol=2e-3, rtol=0)
    photos = torch.tensor([[0.4, 0.2, 0.4]])  # says most of the last class, beside what is usual
    want = points * (photos / usual) ** 0.5
    torch.testing.assert_close(joined(points, photos, usual, 0.5), want / want.sum(), atol=5e-3, rtol=0)


def scene(model: MIT) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], torch.Tensor]:
    """Two photos and thirty supervoxels of some colours."""
    made = torch.Generator().manual_seed(0)
    patches = 2 * model.settings.grid[0] * model.settings.grid[1]
    tokens = {
        "supervoxels": torch.rand(30, model.settings.width + 3, generator=made) * 2 - 1,
        "patches": torch.rand(patches, model.settings.view_width + 3, generator=made) * 2 - 1,
    }
    present = {name: torch.ones(len(values), dtype=torch.bool) for name, values in tokens.items()}
    return tokens, present, torch.rand(30, 3, generator=made) * 4


def test_photos_have_a_say_where_there_are_photos_and_colours() -> None:
    torch.manual_seed(0)
    model = MIT(replace(SHIPPED, photos_say=0.5)).eval()
    tokens, present, places = scene(model)
    points = torch.full((30, len(SHIPPED.classes)), 1 / len(SHIPPED.classes))
    with torch.no_grad():
        photos = model.said_by_photos(tokens, present, places)
        together = with_photos(model, points, tokens, present, places)
    assert photos is not None
    torch.testing.assert_close(together, joined(points, photos, model.get_buffer("usual_views"), 0.5))
    assert (together - points).abs().max() > 1e-4
    grey = tokens | {"supervoxels": tokens["supervoxels"].clone()}
    grey["supervoxels"][:, -3:] = 0
    nobody = present | {"patches": torch.zeros_like(present["patches"])}
    with torch.no_grad():
        assert with_photos(model, points, grey, present, places) is points
        assert with_photos(model, points, tokens, nobody, places) is points


def test_photos_without_colours_are_refused() -> None:
    with pytest.raises(ModelError, match="colours"):
        engine.untrained(replace(MIT_CARD, settings=replace(SHIPPED, colours=False, photos_say=0.5)))


def test_the_second_stage_says_the_mean_over_turns_of_the_room() -> None:
    torch.manual_seed(0)
    module = MIT(TINY).eval()
    room_ = make_room()
    cut_cloud = cut(room_.part("points", PointCloud), TINY)
    ways = [laid(cut_cloud, TINY), *laid_turned(cut_cloud, replace(TINY, turns=(30.0, 90.0)))]
    assert module.second is not None
    assert module.classify_second is not None
    each = [second_of(module.second, module.classify_second, [way], cut_cloud.supervoxels) for way in ways]
    together = second_of(module.second, module.classify_second, ways, cut_cloud.supervoxels)
    torch.testing.assert_close(together, torch.stack(each).mean(0))
    assert (each[0] - each[1]).abs().max() > 1e-4  # a network on a grid says not quite the same
    turning = replace(TINY, turns=(30.0, 90.0))
    inputs = encode(module, prepare(room_, TINY))
    torch.testing.assert_close(inputs.context["second"], each[0])
    turned = MIT(turning).eval()
    turned.load_state_dict(module.state_dict())
    both = encode(turned, prepare(room_, turning))
    torch.testing.assert_close(both.context["second"], together)
    assert set(both.context) == {"places", "second"}
