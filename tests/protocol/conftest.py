"""Fitted models for the tests of the protocol."""

import numpy as np
import pandas as pd
import pytest
from small_models import LEARNS, RULES, quick


@pytest.fixture(scope="session")
def scenes():
    """Features that tell label "cat" only; "umbrella" follows the extra label "rain"."""
    rng = np.random.RandomState(0)
    X = rng.randn(200, 4).astype(np.float32)
    rain, night = rng.randint(2, size=(2, 200))
    Y = pd.DataFrame({"cat": (X[:, 0] > 0).astype(int), "umbrella": rain})
    return X, Y, pd.DataFrame({"rain": rain, "night": night})


@pytest.fixture(scope="session")
def told(scenes):
    """Fitted on the scenes, and has learned what follows from the extra labels."""
    X, Y, E = scenes
    return quick(None, **LEARNS).fit(X[:150], Y[:150], extra_labels=E[:150])


@pytest.fixture(scope="session")
def weather():
    """At most one of three weathers; a cat, or a dog, is an animal; place is extra."""
    rng = np.random.RandomState(0)
    X = rng.randn(200, 5).astype(np.float32)
    sky = (X[:, 0] + 0.5 * rng.randn(200)).round().clip(-1, 2)
    Y = pd.DataFrame({name: sky == code for code, name in enumerate(["sun", "rain", "snow"])})
    Y["cat"], Y["dog"] = X[:, 1] > 0.7, X[:, 2] > 0.7
    Y["animal"] = Y["cat"] | Y["dog"] | (X[:, 3] > 0.5)
    E = pd.DataFrame({"city": X[:, 4] > 0, "farm": X[:, 4] <= 0})
    return X, Y.astype(int), E.astype(int)


@pytest.fixture(scope="session")
def ruled(weather):
    """Fitted on the weather under its rules."""
    X, Y, E = weather
    return quick(None, max_epochs=20, **RULES).fit(X, Y, extra_labels=E)
