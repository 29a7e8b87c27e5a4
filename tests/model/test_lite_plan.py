from __future__ import annotations

import pytest

from kuzov.model.lite_plan import Block, plan_blocks, round_channels


# Channels of the seven stages by the width, as in the EfficientNet-Lite release.
@pytest.mark.parametrize(
    ("width", "channels"),
    [
        (1.0, [16, 24, 40, 80, 112, 192, 320]),
        (1.1, [16, 24, 48, 88, 120, 208, 352]),
        (1.2, [24, 32, 48, 96, 136, 232, 384]),
        (1.4, [24, 32, 56, 112, 160, 272, 448]),
    ],
)
def test_channels_scale_to_multiples_of_eight(width: float, channels: list[int]) -> None:
    assert [round_channels(each, width) for each in (16, 24, 40, 80, 112, 192, 320)] == channels


def test_the_blocks_of_lite0() -> None:
    blocks = list(plan_blocks(1.0, 1.0))
    assert [each.name for each in blocks] == [f"block{number}" for number in range(16)]
    assert blocks[0] == Block(
        name="block0", in_channels=32, wide_channels=32, out_channels=16, kernel=3, stride=1
    )
    assert blocks[3] == Block(
        name="block3", in_channels=24, wide_channels=144, out_channels=40, kernel=5, stride=2
    )
    assert [each.kernel for each in blocks] == [3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3]
    assert [each.name for each in blocks if each.stride == 2] == ["block1", "block3", "block5", "block11"]
    assert [each.name for each in blocks if not each.expands] == ["block0"]
    adding = {each.name for each in blocks if each.adds_input}  # all but the first block of a stage
    assert adding == {f"block{number}" for number in (2, 4, 6, 7, 9, 10, 12, 13, 14)}


def test_each_block_takes_what_the_one_before_gives() -> None:
    blocks = list(plan_blocks(1.1, 1.2))
    assert [each.in_channels for each in blocks] == [32, *(each.out_channels for each in blocks[:-1])]


# Repeats of the seven stages, as in the EfficientNet-Lite release: the first and the last keep one block.
@pytest.mark.parametrize(
    ("width", "depth", "repeats"),
    [
        (1.0, 1.0, [1, 2, 2, 3, 3, 4, 1]),  # Lite0
        (1.0, 1.1, [1, 3, 3, 4, 4, 5, 1]),  # Lite1
        (1.1, 1.2, [1, 3, 3, 4, 4, 5, 1]),  # Lite2
        (1.2, 1.4, [1, 3, 3, 5, 5, 6, 1]),  # Lite3
        (1.4, 1.8, [1, 4, 4, 6, 6, 8, 1]),  # Lite4
    ],
)
def test_deeper_networks_repeat_their_inner_stages(width: float, depth: float, repeats: list[int]) -> None:
    channels = [each.out_channels for each in plan_blocks(width, depth)]
    assert [channels.count(each) for each in dict.fromkeys(channels)] == repeats
