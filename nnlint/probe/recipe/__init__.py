"""The checks of Andrej Karpathy's recipe (https://karpathy.github.io/2019/04/25/recipe/), on the script's own run.

While the script runs, observers keep its first training step (`capture`), and what goes through the layers and into
the parameters (`statistics`). When it has ended, the step is replayed (`replay`) and judged (`checks`), so that nothing
of it can change what the script does.
"""
