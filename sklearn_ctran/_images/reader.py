"""Images as users have them, to checked images and to the tokens of a backbone."""

from dataclasses import dataclass

from sklearn_ctran._cache.token_cache import TokenCache
from sklearn_ctran._images.encoder import Encoder
from sklearn_ctran._images.engines import choose_engine
from sklearn_ctran._images.images import check_images
from sklearn_ctran._images.preprocessing import Preprocessing
from sklearn_ctran._utils.devices import has_bfloat16


@dataclass(frozen=True)
class ImageReader:
    """Reads images and encodes them.

    Attributes
    ----------
    preprocessing : Preprocessing
    label : str
        The backbone in words, for the table of what the cache holds.
    batch_size : int
        Images per pass through a backbone.
    precision : {"auto", "float32", "bfloat16", "float64"}
    engine : {"auto", "torch", "openvino", "onnxruntime"}
        What computes the tokens of a backbone.
    n_views : {1, 2}
        Whether mirror images pass through a frozen backbone too.
    n_jobs : int or None
        Threads that decode.
    cache : TokenCache or None
    verbose : int
        That of :class:`Progress`.
    """

    preprocessing: Preprocessing
    label: str
    batch_size: int
    precision: str
    engine: str
    n_views: int
    n_jobs: int | None
    cache: TokenCache | None
    verbose: int

    def read(self, X, decode=False):
        """Check images in any form of ``fit``; with `decode`, decode them, to find broken pixels.

        Raises ValueError, TypeError or FileNotFoundError if an image cannot be used.
        """
        images = check_images(X, n_jobs=self.n_jobs, decode=decode, verbose=self.verbose)
        self.preprocessing.check(images)
        return images

    def encode(self, images, backbone, device, precision=None):
        """Feature maps of images, (n_samples, n_tokens, n_channels), float32, in evaluation mode.

        They are read from the cache if the backbone is frozen. `precision` is that of the forward
        pass; None is the reader's.
        """
        # A trained backbone belongs to one estimator: nobody else will look for its tokens.
        cache = self.cache if backbone.frozen else None
        return self._encoder(backbone, device, precision).encode(images, cache, self.label)

    def encode_anew(self, batches, backbone, device, pool, precision=None):
        """Tokens of ImageBatches that a backbone computes when they are requested.

        Its weights must not change meanwhile. `pool` is as of :class:`EncodedBatches`, `precision`
        as of `encode`.
        """
        return self._encoder(backbone, device, precision).encode_anew(batches, pool)

    def space(self, backbone, device, precision=None):
        """Digest of all that features depend on but the image; arguments as of `encode`.

        Its fingerprint of the backbone may be the last one: tokens are not kept under it.
        """
        resizing = self.preprocessing.image_size
        encoder = self._encoder(backbone, device, precision)
        return encoder.space(resizing, backbone.last_fingerprint())

    def _encoder(self, backbone, device, precision):
        return Encoder(
            backbone,
            self.preprocessing,
            # On a CPU, features of more images would not stay in its cache.
            batch_size=min(self.batch_size, 32) if device == "cpu" else self.batch_size,
            device=device,
            precision=precision or forward_precision(self.precision, device),
            engine=choose_engine(self.engine, backbone, device),
            n_views=self.n_views if backbone.frozen else 1,
            verbose=self.verbose,
        )


def forward_precision(precision, device):
    """What a device computes forward passes in: "float32" or "bfloat16".

    A `precision` of "auto" is bfloat16 where the device is faster in it; "float64" is not for
    backbones.
    """
    if precision == "auto":
        return "bfloat16" if has_bfloat16(device) else "float32"
    return "bfloat16" if precision == "bfloat16" else "float32"
