"""Images through a backbone to tokens: what everybody who takes images shares."""

from sklearn_ctran._cache.token_cache import join_session, resolve_cache, session_token
from sklearn_ctran._images.encoder import Encoder
from sklearn_ctran._images.images import check_images
from sklearn_ctran._utils.devices import has_bfloat16


class ImageEncoding:
    """Reads images and encodes them.

    A subclass has the constructor parameters `backbone`, `image_size`, `batch_size`, `precision`,
    `n_jobs`, `cache` and `verbose`, and the attribute `_preprocess` (Preprocessing).
    """

    def _check_images(self, X, decode):
        images = check_images(X, n_jobs=self.n_jobs, decode=decode)
        self._preprocess.check(images)
        return images

    def _encode_images(self, images, backbone, device):
        """Features (n, P, C) of images; those of a frozen backbone come from the cache."""
        # A backbone that was trained is this estimator's own: nobody else will ask for its tokens.
        cache = resolve_cache(self.cache) if backbone.frozen else None
        return self._encoder(backbone, device).encode(images, cache, self._backbone_label())

    def _encoder(self, backbone, device):
        return Encoder(
            backbone,
            self._preprocess,
            # On a CPU, features of more images would not stay in its cache.
            batch_size=min(self.batch_size, 32) if device == "cpu" else self.batch_size,
            device=device,
            precision=self._encoder_precision(backbone, device),
            verbose=self.verbose,
        )

    def _encoder_precision(self, backbone, device):
        return self._backbone_precision(device)

    def _backbone_precision(self, device):
        """What "auto" means for a backbone that is not being trained."""
        if self.precision == "auto":
            return "bfloat16" if has_bfloat16(device) else "float32"
        return "bfloat16" if self.precision == "bfloat16" else "float32"

    def _backbone_label(self):
        """The backbone in words, for the table of what the cache holds."""
        is_name = isinstance(self.backbone, str)
        name = self.backbone if is_name else type(self.backbone).__name__
        return f"{name}, image_size={self.image_size}"

    def __getstate__(self):
        state = super().__getstate__()
        # A worker process is to find the tokens that this process has in memory.
        return state | {"_session": session_token()} if self.cache == "memory" else state

    def __setstate__(self, state):
        join_session(state.pop("_session", ""))
        super().__setstate__(state)
