"""The figures of the paper, in percent: table -> data set -> row -> column -> figure."""

_ALL = ("mAP", "CP", "CR", "CF1", "OP", "OR", "OF1")
_TOP = ("CP3", "CR3", "CF13", "OP3", "OR3", "OF13")


def _row(*figures):
    """The columns of Tables 1 and 2; None where the paper has a dash."""
    return {
        name: figure
        for name, figure in zip((*_ALL, *_TOP), figures, strict=True)
        if figure is not None
    }


def _shares(*figures):
    return dict(zip(("0", "25", "50", "75"), figures, strict=True))


def _ends(*figures):
    return dict(zip(("0", "50"), figures, strict=True))


def _groups(*figures):
    return dict(zip(("0", "10", "15", "20"), figures, strict=True))


_NOT = (None,) * 7

PUBLISHED = {
    "table1": {
        "coco80": {
            "CNN-RNN": _row(61.2, *_NOT[:6], 66.0, 55.6, 60.4, 69.2, 66.4, 67.8),
            "RNN-Attention": _row(*_NOT, 79.1, 58.7, 67.4, 84.0, 63.0, 72.0),
            "Order-Free RNN": _row(*_NOT, 79.1, 58.7, 67.4, 84.0, 63.0, 72.0),
            "ML-ZSL": _row(*_NOT, 74.1, 64.5, 69.0, None, None, None),
            "SRN": _row(
                77.1, 81.6, 65.4, 71.2, 82.7, 69.9, 75.8, 85.2, 58.8, 67.4, 87.4, 62.5, 72.9
            ),
            "ResNet101": _row(
                77.3, 80.2, 66.7, 72.8, 83.9, 70.8, 76.8, 84.1, 59.4, 69.7, 89.1, 62.8, 73.6
            ),
            "Multi-Evidence": _row(
                None, 80.4, 70.2, 74.9, 85.2, 72.5, 78.4, 84.5, 62.2, 70.6, 89.1, 64.3, 74.7
            ),
            "ML-GCN": _row(
                83.0, 85.1, 72.0, 78.0, 85.8, 75.4, 80.3, 89.2, 64.1, 74.6, 90.5, 66.5, 76.7
            ),
            "SSGRL": _row(
                83.8, 89.9, 68.5, 76.8, 91.3, 70.8, 79.7, 91.9, 62.5, 72.7, 93.8, 64.1, 76.2
            ),
            "KGGR": _row(
                84.3, 85.6, 72.7, 78.6, 87.1, 75.6, 80.9, 89.4, 64.6, 75.0, 91.3, 66.6, 77.0
            ),
            "C-Tran": _row(
                85.1, 86.3, 74.3, 79.9, 87.7, 76.5, 81.7, 90.1, 65.7, 76.0, 92.1, 71.4, 77.6
            ),
        }
    },
    "table2": {
        "vg500": {
            "ResNet101": _row(
                30.9, 39.1, 25.6, 31.0, 61.4, 35.9, 45.4, 39.2, 11.7, 18.0, 75.1, 16.3, 26.8
            ),
            "ML-GCN": _row(
                32.6, 42.8, 20.2, 27.5, 66.9, 31.5, 42.8, 39.4, 10.6, 16.8, 77.1, 16.4, 27.1
            ),
            "SSGRL": {"mAP": 36.6},
            "KGGR": _row(
                37.4, 47.4, 24.7, 32.5, 66.9, 36.5, 47.2, 48.7, 12.1, 19.4, 78.6, 17.1, 28.1
            ),
            "C-Tran": _row(
                38.4, 49.8, 27.2, 35.2, 66.9, 39.2, 49.5, 51.1, 12.5, 20.1, 80.2, 17.5, 28.7
            ),
        }
    },
    "table3": {
        "coco80": {
            "Feedbackprop": _shares(80.1, 80.6, 80.8, 80.9),
            "C-Tran": _shares(85.1, 85.2, 85.6, 86.0),
        },
        "vg500": {
            "Feedbackprop": _shares(29.6, 30.1, 30.8, 31.6),
            "C-Tran": _shares(38.4, 39.3, 40.4, 41.5),
        },
        "news500": {
            "Feedbackprop": _shares(14.7, 21.1, 23.7, 25.9),
            "C-Tran": _shares(18.1, 29.7, 35.5, 39.4),
        },
        "coco1000": {
            "Feedbackprop": _shares(29.2, 30.1, 31.5, 33.0),
            "C-Tran": _shares(34.3, 35.9, 37.4, 39.1),
        },
    },
    "table4": {
        "cub312": {
            "Standard": _groups(82.7, 82.7, 82.7, 82.7),
            "Multi-task": _groups(83.8, 83.8, 83.8, 83.8),
            "ConceptBottleneck": _groups(80.1, 87.0, 93.0, 97.5),
            "C-Tran": _groups(83.8, 90.0, 97.0, 98.0),
        }
    },
    "table5": {
        "coco80": {
            "C-Tran, no image": _ends(3.60, 21.7),
            "C-Tran, no LMT": _ends(84.8, 85.0),
            "C-Tran": _ends(85.1, 85.6),
        },
        "vg500": {
            "C-Tran, no image": _ends(2.70, 24.6),
            "C-Tran, no LMT": _ends(38.3, 38.8),
            "C-Tran": _ends(38.4, 40.4),
        },
        "news500": {
            "C-Tran, no image": _ends(6.50, 33.3),
            "C-Tran, no LMT": _ends(16.9, 17.1),
            "C-Tran": _ends(18.1, 35.5),
        },
        "coco1000": {
            "C-Tran, no image": _ends(1.50, 27.8),
            "C-Tran, no LMT": _ends(33.1, 34.0),
            "C-Tran": _ends(34.3, 37.4),
        },
    },
    "layers": {
        "coco80": {
            "C-Tran, 2 layers": {"0": 85.0},
            "C-Tran, 3 layers": {"0": 85.1},
            "C-Tran, 4 layers": {"0": 84.3},
        }
    },
}
