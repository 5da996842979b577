"""Pool the features of an image to one vector."""

#: The smallest feature in generalised-mean pooling: powers of 0 have no gradient.
LEAST = 1e-6


def pool_features(features, pool, gem_power=3.0):
    """Pool the features (B, P, C) of each image by "mean", "max" or "gem", to (B, C).

    "gem" is the generalised mean, ``mean(x ** p) ** (1 / p)`` with p = `gem_power` (Radenović,
    Tolias, Chum: Fine-tuning CNN Image Retrieval with No Human Annotation, TPAMI 2019, eq. 3), in
    which features below 1e-6 count as 1e-6.
    """
    if pool == "mean":
        return features.mean(dim=1)
    largest = features.amax(dim=1)
    if pool == "max":
        return largest
    # Relative to the largest feature, no power overflows.
    largest = largest.clamp(min=LEAST).detach()
    powers = (features.clamp(min=LEAST) / largest[:, None]).pow(gem_power)
    return largest * powers.mean(dim=1).pow(1 / gem_power)
