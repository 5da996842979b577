"""A small convolutional network for small images, trained from scratch."""

from torch import nn


class SmallCNN(nn.Sequential):
    """Five times convolution, batch normalisation and ReLU, with strides 1, 2, 1, 2, 1.

    For images below about 64 pixels. A cell of the feature map covers 4 x 4 pixels; its receptive
    field is 21 x 21 pixels. `widths` are the channels at full, half and quarter resolution.
    """

    def __init__(self, widths=(32, 64, 128)):
        first, second, third = widths
        super().__init__(
            _layer(3, first, stride=1),
            _layer(first, second, stride=2),
            _layer(second, second, stride=1),
            _layer(second, third, stride=2),
            _layer(third, third, stride=1),
        )


def _layer(n_in, n_out, stride):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )
