"""Sheets of photos in the page: what is true and predicted of each, and suspicious labels."""

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_ctran._images.pictures import are_pictures, read_pictures
from sklearn_ctran.inspection._displays.canvas import RIGHT, WRONG
from sklearn_ctran.inspection._displays.contact_sheet import ContactSheetDisplay
from sklearn_ctran.inspection._displays.label_errors import LabelErrorsDisplay
from sklearn_ctran.inspection._displays.sheet import clipped, titles_of
from sklearn_ctran.inspection._label_errors import find_label_errors
from sklearn_ctran.inspection._report.drawing import THUMBNAIL, thumbnail
from sklearn_ctran.inspection._report.markup import paragraph, section, table, text

_KINDS = {WRONG: "wrong", RIGHT: "right"}


def photos_of(X, photos):
    """The images to show, or None if there are none; ValueError unless `photos` are those of X."""
    if photos is not None:
        n_photos, n_rows = _num_samples(photos), _num_samples(X)
        if n_photos != n_rows:
            raise ValueError(
                f"photos has {n_photos} rows, and X has {n_rows}: pass a photo for each row of X."
            )
        return photos
    return X if are_pictures(X) else None


def contact_sheet(evidence, n_photos):
    """Photos with true and predicted labels, those with most errors first; None without photos."""
    if evidence.photos is None or not n_photos:
        return None
    display = ContactSheetDisplay(
        evidence.photos,
        evidence.truth,
        evidence.decisions,
        y_score=evidence.proba,
        known_labels=evidence.known,
        label_names=evidence.names,
    )
    n_wrong = (display.is_false | display.is_missed).sum(axis=1)
    rows = np.argsort(-n_wrong, kind="stable")[:n_photos]
    titles = titles_of(evidence.photos)
    captions = [clipped(display._lines(row, None)) for row in rows]
    items = _items(evidence.photos, rows, [titles[row] for row in rows], captions, n_wrong[rows])
    words = (
        f"The {len(rows)} of {len(n_wrong):,} images with most wrong labels. Numbers are "
        "probabilities. ✓ right; ✗ predicted, not true; ○ true, not predicted; = known; "
        "? predicted, not annotated."
    )
    return section("photos", "Where it is most wrong", paragraph(words), items)


def label_errors(evidence, n_photos, verbose):
    """Given labels that are most likely wrong, by fits on folds of the images; None for classes."""
    if evidence.is_exclusive:
        return None
    errors = find_label_errors(
        evidence.estimator,
        evidence.X,
        evidence.y,
        extra_labels=evidence.extra_labels,
        random_state=0,
        verbose=verbose,
    )
    title = "Labels that may be wrong"
    if not len(errors):
        return section("errors", title, paragraph("None looks wrong."))
    n_shown = min(n_photos, len(errors))
    words = (
        f"{len(errors):,} given labels are improbable to models that were fitted on other images "
        f"of this page; the first {n_shown} are shown. P is the probability that the label is true."
    )
    shown = range(n_shown)
    if evidence.photos is None:
        rows = [
            (int(errors.rows[i]), str(errors.labels[i]), int(errors.given_label[i]))
            + (float(errors.label_quality[i]),)
            for i in shown
        ]
        heads = ("row", "label", "given", "probability of what is given")
        return section("errors", title, paragraph(words), table(heads, rows, "Suspicious labels"))
    titles = titles_of(evidence.photos)
    display = LabelErrorsDisplay(errors, evidence.photos)
    captions = [display._caption(i, titles) for i in shown]
    rows = errors.rows[:n_shown]
    names = [caption[0].text for caption in captions]
    lines = [caption[1:] for caption in captions]
    items = _items(evidence.photos, rows, names, lines, np.ones(n_shown))
    return section("errors", title, paragraph(words), items)


def _items(photos, rows, names, captions, n_wrong):
    """A list of photos, each over its caption."""
    pictures = read_pictures(photos, rows, longest=THUMBNAIL)
    parts = []
    for picture, name, lines, is_wrong in zip(pictures, names, captions, n_wrong, strict=True):
        height, width = picture.shape[:2]
        image = (
            f'<img src="{thumbnail(picture)}" alt="{text(name)}" width="{width}" height="{height}">'
        )
        kind = ' class="has-wrong"' if is_wrong else ""
        caption = "".join(map(_line, lines))
        parts.append(f'<li{kind}>{image}<span class="name">{text(name)}</span>{caption}</li>')
    return f'<ul class="sheet">{"".join(parts)}</ul>'


def _line(line):
    kind = _KINDS.get(line.colour, "other")
    mark = f'<b class="mark {kind}">{text(line.mark)}</b>' if line.mark else ""
    return f"<span>{mark}{text(line.text)}</span>"
