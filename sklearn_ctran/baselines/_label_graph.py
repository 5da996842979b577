"""What baselines on a graph of labels share: two parameters, read before any image."""

from dataclasses import dataclass
from typing import Literal

import torch
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import HasMethods, StrOptions

from sklearn_ctran._labels.graphs import COOCCURRENCE, cooccurrence, read_label_graph
from sklearn_ctran._utils.typing import DataFrame
from sklearn_ctran.baselines._label_vectors import VECTOR_PARAMETERS, LabelVectorBaseline
from sklearn_ctran.modules.fingerprint import describe

#: Parameters of every one.
GRAPH_PARAMETERS = {
    **VECTOR_PARAMETERS,
    "graph": ["array-like", "sparse matrix", HasMethods("iloc"), StrOptions({COOCCURRENCE})],
}


@dataclass(eq=False, repr=False, kw_only=True)
class LabelGraphBaseline(LabelVectorBaseline):
    """Base of networks whose module has the labels' vectors and a graph of the labels.

    The module has `n_dimensions` and `learned` among its arguments, ``vectors`` (LabelVectors) and
    ``set_graph``.
    """

    _LEARNED_SIZE = 128

    graph: ArrayLike | DataFrame | Literal["cooccurrence"] = COOCCURRENCE

    def _check_vectors(self):
        super()._check_vectors()
        self._given_graph()

    def _given_graph(self):
        if isinstance(self.graph, str):
            return None
        return read_label_graph(self.graph, self.task_.all_names)

    def _structure_params(self):
        return super()._structure_params() | {
            "digest of graph": describe(self._given_graph()),
        }

    def _module_params(self):
        return super()._module_params() | {
            "n_dimensions": self._n_dimensions or self._LEARNED_SIZE,
            "learned": self._n_dimensions is None,
        }

    def _inform(self, module, true_states, weights):
        super()._inform(module, true_states, weights)
        graph = self._given_graph()
        if graph is None:
            graph = self._counted_graph(true_states, weights)
        module.set_graph(torch.from_numpy(graph), **self._graph_params())

    def _counted_graph(self, true_states, weights):
        """The graph of the training table."""
        return cooccurrence(true_states, weights)

    def _graph_params(self):
        """Further arguments of the module's ``set_graph``."""
        return {}
