from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from recipes.backbone.depthwise import depthwise_convolution


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [3, 5])
def test_the_fast_gradients_are_those_of_float32(side: int, stride: int) -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 4, 13, 13, requires_grad=True)
    kernel = torch.randn(4, 1, side, side, requires_grad=True)
    expected = functional.conv2d(images, kernel, stride=stride, groups=4)
    gradient = torch.randn_like(expected)
    exact = torch.autograd.grad(expected, (images, kernel), gradient)

    with torch.autocast("cpu", torch.bfloat16):
        found = depthwise_convolution(images, kernel, stride)
    quick = torch.autograd.grad(found, (images, kernel), gradient.bfloat16())

    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), expected, atol=0.1, rtol=0.05)
    for fast, slow in zip(quick, exact, strict=True):
        assert functional.cosine_similarity(fast.flatten().float(), slow.flatten(), dim=0) > 0.999


def test_without_autocast_it_is_the_plain_convolution() -> None:
    images, kernel = torch.randn(1, 2, 8, 8), torch.randn(2, 1, 3, 3)

    assert torch.equal(
        depthwise_convolution(images, kernel, 2), functional.conv2d(images, kernel, stride=2, groups=2)
    )
