"""Table 2: regular inference on VG-500.

Each cell is a fit, kept as a JSON file in ``--out``; one that is there is not computed again, and a
fit that was killed goes on. So a table is filled over days and machines; ``render.py`` shows it
beside the paper's figures. ``recipes.py`` has all settings. Usage::

    python benchmarks/paper/table2.py --data-home DATA
    python benchmarks/paper/table2.py --data-home ../shared/data --dataset corel5k --seeds 0 1 2
    python benchmarks/paper/table2.py --dataset digits --seeds 0 1 2
"""

from _tables import run_table

if __name__ == "__main__":
    run_table("table2", __doc__)
