"""A chart of learning curves in plain characters, for a terminal. Knows nothing of runs or of the command line."""

from itertools import pairwise

MARKS = "ox+*#@%&"


def sketch(curves, width=72, height=14):
    """Lines of a chart.

    Args:
        curves: for each, its points: pairs of step and loss, by step; a mark of MARKS each.
        width, height: characters of the chart without its axes.
    """
    points = [point for curve in curves for point in curve]
    if not points:
        return []
    last = max(step for step, _ in points)
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    spread = (high - low) or 1.0
    grid = [[" "] * width for _ in range(height)]

    def mark(step, loss, sign, over):
        column, row = round(step / max(last, 1) * (width - 1)), round((high - loss) / spread * (height - 1))
        if over or grid[row][column] == " ":
            grid[row][column] = sign

    for curve in curves:
        for (step, loss), (next_step, next_loss) in pairwise(curve):
            for part in range(1, width):
                share = part / width
                mark(step + share * (next_step - step), loss + share * (next_loss - loss), ".", over=False)
    for number, curve in enumerate(curves):
        for step, loss in curve:
            mark(step, loss, MARKS[number % len(MARKS)], over=True)
    labels = {
        0: f"{high:.3f}",
        height // 2: f"{high - spread * (height // 2) / (height - 1):.3f}",
        height - 1: f"{low:.3f}",
    }
    wide = max(map(len, labels.values()))
    lines = [f"{labels.get(row, ''):>{wide}} |{''.join(cells).rstrip()}" for row, cells in enumerate(grid)]
    lines.append(" " * wide + " +" + "-" * width)
    return [*lines, " " * wide + f"  0{f'{last:,} steps':>{width - 1}}"]
