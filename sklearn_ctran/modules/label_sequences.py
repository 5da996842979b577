"""Label sets as sequences: a network says which label comes next, or that none does.

A sequence names the positive labels of an image, each once, and then ends. Known positives are its
beginning; known negatives, and labels that nobody annotated, are never next.
"""

from collections.abc import Callable

import torch
from torch import nn

from sklearn_ctran.modules.label_states import POSITIVE, UNKNOWN

#: Of a row whose sequences have all ended but for this share, no further label is looked for.
_LEFT_OPEN = 1e-6
#: Probabilities as logits: none is further from the border than float32 can tell.
_LEAST, _MOST = 1e-30, 1 - 6e-8


class LabelSequences:
    """What modules of label sequences share; a mixin of PooledModel or TokenModel.

    A subclass defines ``begin``, ``step`` and ``first_of``.

    `n_classes` is the number of classes of a 1-D `y`, which are the first labels: exactly one of
    them is in a sequence. `beam_width` is the number of sequences that probabilities follow.
    """

    n_labels: int
    features_of: Callable[..., torch.Tensor]

    def begin(self, features):
        """What steps read of each image, and the memory before the first step.

        The memory is a tuple of Tensors (B, 1, n).
        """
        raise NotImplementedError

    def step(self, image, memory, label):
        """Logits (B, K, L + 1) of what comes next, the end last, and the memory after this step.

        `label` (B, K) are the last labels of K sequences of each image, L + 1 before the first.
        """
        raise NotImplementedError

    def first_of(self, scores, remaining):
        """Which of the remaining labels (B, L), bool, comes first, (B,); `scores` are (B, L)."""
        raise NotImplementedError

    def follow_sequences(self, n_classes, beam_width):
        """Set what the constructor's parameters of the same names say."""
        self.n_classes = n_classes
        self.beam_width = beam_width

    def head(self, features, states):
        """Logits (1, B, L) of features and states (B, L), which are the known ones.

        With states (B, 2 L), the shown and the true ones, losses (1, B, 1) of whole sequences.
        """
        if states.shape[1] == self.n_labels:
            return self._as_logits(self.marginals(features, states))[None]
        return self.losses(features, *states.split(self.n_labels, dim=1))[None, :, None]

    # ------------------------------------------------------------- training

    def losses(self, features, shown, true_states):
        """Losses (B,) of the hidden labels; a subclass may add others to those of sequences."""
        return self.sequence_losses(features, shown, true_states)

    def sequence_losses(self, features, shown, true_states):
        """Negative log-probability (B,) of the hidden labels' sequence, after the shown ones."""
        hidden = (shown == UNKNOWN) & (true_states != UNKNOWN)
        image, memory, logits, allowed = self._after(features, shown == POSITIVE, hidden)
        remaining = hidden & (true_states == POSITIVE)
        losses, is_open = 0.0, torch.ones_like(remaining[:, 0])
        for _ in range(int(remaining.sum(dim=1).max()) + 1):
            log_p = self._log_probabilities(logits, allowed)[:, 0]
            label = self._next_of(log_p[:, :-1], remaining)
            loss = -log_p.gather(1, label[:, None])[:, 0]
            losses = losses + torch.where(is_open, loss, 0.0)
            is_open = is_open & (label < self.n_labels)
            # Rows that have ended go on as well, without an effect.
            allowed = self._without(allowed, label[:, None])
            remaining = self._removed(remaining, label)
            logits, memory = self.step(image, memory, label[:, None])
        return losses

    def _next_of(self, scores, remaining):
        """The remaining label (B,) that comes first; the end, L, where none remains."""
        first = self.first_of(scores.detach(), remaining)
        return torch.where(remaining.any(dim=1), first, self.n_labels)

    def _removed(self, remaining, label):
        each = torch.arange(self.n_labels, device=label.device)
        return remaining & (each != label[:, None])

    def _after(self, features, known, possible):
        """Image, memory, logits (B, 1, L + 1) and allowed labels (B, 1, L), after known positives.

        `known` and `possible` are (B, L), bool.
        """
        image, memory = self.begin(features)
        start = torch.full((len(known), 1), self.n_labels + 1, device=known.device)
        logits, memory = self.step(image, memory, start)
        remaining = known
        for _ in range(int(known.sum(dim=1).max())):
            is_read = remaining.any(dim=1)[:, None, None]
            label = self._next_of(logits[:, 0, :-1], remaining)
            after, new = self.step(image, memory, label[:, None])
            logits = torch.where(is_read, after, logits)
            memory = tuple(torch.where(is_read, *pair) for pair in zip(new, memory, strict=True))
            remaining = self._removed(remaining, label)
        return image, memory, logits, possible[:, None]

    def _log_probabilities(self, logits, allowed):
        """Log-probabilities (B, K, L + 1) of what comes next, -inf where not allowed."""
        classes = allowed[..., : self.n_classes].any(dim=-1, keepdim=True)
        allowed = torch.cat([allowed, ~classes], dim=-1)
        logits = logits if logits.dtype == torch.float64 else logits.float()
        return logits.masked_fill(~allowed, -torch.inf).log_softmax(dim=-1)

    def _without(self, allowed, label):
        """Allowed labels (B, K, L) after one more label (B, K)."""
        each = torch.arange(self.n_labels, device=label.device)
        taken = each == label[..., None]
        if self.n_classes:
            taken = taken | ((label < self.n_classes)[..., None] & (each < self.n_classes))
        return allowed & ~taken

    # ------------------------------------------------------------- prediction

    def marginals(self, features, states):
        """Probabilities (B, L) that labels are in the sequence of an image, given known states.

        They are sums over sequences: of every beginning of a sequence that the search follows, its
        probability times that of the label as the next one. The search follows the `beam_width`
        most probable beginnings of each length. They stand for all that have not ended: their
        probabilities are scaled to the same sum. So all is exact where the beam holds every
        beginning, and no label has a probability of 0 for being outside.
        """
        image, memory, logits, allowed = self._begin_search(features, states)
        marginals = 0.0
        weight = None
        for _ in range(self.n_labels + 1):
            proba = self._log_probabilities(logits, allowed)[..., :-1].exp()
            proba = proba if weight is None else proba * weight[..., None]
            marginals = marginals + proba.sum(dim=1)
            is_open = proba.sum(dim=(1, 2))
            if (is_open < _LEFT_OPEN).all():
                break
            best, label, (*memory, allowed) = self._best(proba, (*memory, allowed))
            weight = best * (is_open / best.sum(dim=1).clamp(min=_LEAST))[:, None]
            # What becomes of a row must not depend on the others of its batch.
            weight = torch.where((is_open < _LEFT_OPEN)[:, None], 0.0, weight)
            allowed = self._without(allowed, label)
            logits, memory = self.step(image, tuple(memory), label)
        return torch.where(states == UNKNOWN, marginals, (states == POSITIVE).to(marginals.dtype))

    def best_sets(self, X, states, beam_width):
        """The label sets (B, L), bool, of the most probable sequences that beam search finds.

        It keeps the `beam_width` most probable beginnings of each length, and goes on until none is
        more probable than the best sequence that has ended.
        """
        features = self.features_of(X, states)
        image, memory, logits, allowed = self._begin_search(features, states)
        taken = (states == POSITIVE)[:, None]
        score = torch.zeros_like(logits[..., 0])
        best_score = torch.full_like(score[:, 0], -torch.inf)
        best_set = taken[:, 0]
        for _ in range(self.n_labels + 1):
            scores = score[..., None] + self._log_probabilities(logits, allowed)
            ended, which = scores[..., -1].max(dim=1)
            is_better = ended > best_score
            best_score = torch.where(is_better, ended, best_score)
            found = taken.gather(1, which[:, None, None].expand(-1, 1, self.n_labels))[:, 0]
            best_set = torch.where(is_better[:, None], found, best_set)
            held = (*memory, allowed, taken)
            score, label, held = self._best(scores[..., :-1], held, beam_width)
            *memory, allowed, taken = held
            if (score[:, 0] <= best_score).all():
                break
            taken = taken | nn.functional.one_hot(label, self.n_labels).bool()
            allowed = self._without(allowed, label)
            logits, memory = self.step(image, tuple(memory), label)
        return best_set

    def _begin_search(self, features, states):
        return self._after(features, states == POSITIVE, states == UNKNOWN)

    def _best(self, scores, held, beam_width=None):
        """The best continuations of each image, of scores (B, K, L).

        Returns their scores (B, K') and labels (B, K'), and what each of the K sequences `held`,
        Tensors (B, K, n), of the sequences that they continue.
        """
        width = min(beam_width or self.beam_width, scores[0].numel())
        best, where = scores.flatten(1).topk(width, dim=1)
        parent = (where // self.n_labels)[..., None]
        held = [each.gather(1, parent.expand(-1, -1, each.shape[2])) for each in held]
        return best, where % self.n_labels, held

    def _as_logits(self, proba):
        """Logits of probabilities; for classes, log-probabilities, which a softmax undoes."""
        log_odds = proba.clamp(_LEAST, _MOST).logit()
        classes = proba[:, : self.n_classes].clamp(min=_LEAST).log()
        return torch.cat([classes, log_odds[:, self.n_classes :]], dim=1)


class Recurrence(nn.Module):
    """A long short-term memory of K sequences of each image."""

    def __init__(self, n_inputs, n_hidden):
        super().__init__()
        self.n_hidden = n_hidden
        self.gates = nn.Linear(n_inputs + n_hidden, 4 * n_hidden)

    def forward(self, inputs, memory):
        """Inputs (B, K, n_inputs) and memory, of hidden units and cells (B, K, n_hidden) each."""
        hidden, cell = memory
        gates = self.gates(torch.cat([inputs, hidden.to(inputs.dtype)], dim=-1))
        enter, keep, leave, new = gates.chunk(4, dim=-1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(enter) * torch.tanh(new)
        return torch.sigmoid(leave) * torch.tanh(cell), cell


def log_frequencies(log_odds):
    """Biases (L + 1,) of what comes next, the end last, from the labels' log-odds (L,).

    Labels are as probable, compared with the end, as they are frequent: sequences then have about
    as many labels as an image has on average.
    """
    return torch.cat([nn.functional.logsigmoid(log_odds), log_odds.new_zeros(1)])


def search_width(beam_width, n_hidden):
    """Activations of a search per token and label, for estimates of memory."""
    return max(1, beam_width * n_hidden // 64)
