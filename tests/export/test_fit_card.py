"""What a fit tells of itself: counts of labels, and a table of scores."""

import numpy as np
import pandas as pd

from sklearn_ctran._export.fit_card import fit_card, score_table

ROWS = [
    {"method": "C-Tran", "known_fraction": 0.0, "metric": "mAP", "mean": 0.75, "std": 0.1, "n": 1},
    {"method": "C-Tran", "known_fraction": 0.0, "metric": "CF1", "mean": np.float64(0.5)},
    {"method": "C-Tran", "known_fraction": 0.5, "metric": "mAP", "mean": 0.875},
    {"method": "majority", "known_fraction": 0.0, "metric": "mAP", "mean": np.nan},
]


def test_counts():
    y = pd.DataFrame({"cat": [1, 0, 1, np.nan], 7: [0, 0, 1, 1]})
    card = fit_card(y, ROWS, name="Mine", data={"source": "cameras"})
    assert card.name == "Mine"
    assert card.label_counts == {"cat": 2, "7": 2}
    assert card.data == {
        "images": 4,
        "labels": 2,
        "annotated entries": 7,
        "positive entries": 4,
        "source": "cameras",
    }
    assert card.scores == score_table(ROWS)


def test_classes():
    card = fit_card(["cat", "dog", "cat"])
    assert card.label_counts == {"cat": 2, "dog": 1}
    assert card.scores == []


def test_metrics_become_columns():
    assert score_table(ROWS) == [
        {"method": "C-Tran", "known labels": 0.0, "mAP": 0.75, "CF1": 0.5},
        {"method": "C-Tran", "known labels": 0.5, "mAP": 0.875},
        {"method": "majority", "known labels": 0.0, "mAP": None},
    ]
    row = ROWS[0] | {"extra_known_fraction": 1.0}
    assert score_table([row])[0]["known extra labels"] == 1.0
