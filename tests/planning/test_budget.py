"""A budget of minutes: steps from seconds, kept while the pace changes."""

import pytest

from textgen.planning.budget import Budget, Timing, mean_step_seconds, next_epoch


class Clock:
    """A clock that a test sets."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


def begun(seconds, spent=0.0):
    return Budget(seconds, 0.0, Clock(spent))


def test_steps_and_epochs_fill_the_budget():
    budget = begun(100)
    # Ten milliseconds a step, an epoch's end 0.6 + 0.4 s: 6% of the budget pays for six ends, 94 s for steps.
    assert budget.settle(Timing(0.01, evaluation_start=0.6), 1500, held_out_steps=1) == pytest.approx(9400, abs=5)
    assert budget.epochs_left == 6
    # Ends are cheap: an epoch for each of the two passes that fit would be too few to show progress.
    budget = begun(100)
    budget.settle(Timing(0.01), 5000)
    assert budget.epochs_left == 4


def test_seconds_spent_before_count():
    # Four epochs' ends of 0.4 s, and 48.4 s for steps.
    assert begun(100, spent=50).settle(Timing(0.01), 1500) == pytest.approx(4840, abs=5)


def test_evaluation_reads_what_the_budget_affords():
    for held_out, step, read in [(50, 0.01, 50), (5000, 0.01, 200), (5000, 100.0, 1)]:  # 200 take two seconds
        budget = begun(100)
        budget.settle(Timing(0.01, 0.0, step), 1500, held_out)
        assert budget.evaluation_steps == read


def test_an_epoch_gets_its_share_of_the_time_that_is_left():
    budget = begun(100)
    budget.settle(Timing(0.01), 1500)
    budget.epochs_left = 4  # 98.4 s for steps
    assert budget.begin_epoch() == pytest.approx(2460, abs=2)
    extent = budget.follow(0, 10, None)
    assert (extent.epoch_end, extent.last_step) == (pytest.approx(2460, abs=2), pytest.approx(9840, abs=5))
    assert not extent.is_over
    budget.clock.now = 10.0  # of 24.6 s
    extent = budget.follow(500, 10, 0.02)  # twice as slow as was thought
    assert (extent.epoch_end, extent.last_step) == (pytest.approx(1230, abs=2), pytest.approx(4920, abs=5))


def test_an_epoch_ends_at_the_group_nearest_to_its_deadline():
    budget = begun(100)
    budget.settle(Timing(0.1), 1500)
    budget.epochs_left = 1
    budget.begin_epoch()  # 99.6 s
    budget.clock.now = 99.6 - 0.6
    assert not budget.follow(990, 10, 0.1).is_over  # six of ten steps still fit: four steps over is nearer
    budget.clock.now = 99.6 - 0.4
    assert budget.follow(990, 10, 0.1).is_over
    assert budget.follow(990, 10, 0.1).last_step == 990


@pytest.mark.parametrize("pause", [[20.0], [20.0, 0.5], [0.5, 20.0]])
def test_a_pause_in_an_epochs_end_is_not_expected_again(pause):
    budget = begun(100)
    budget.settle(Timing(0.01, 0.6), 500, 1)
    for seconds in [1.0, *pause]:
        budget.end_epoch(seconds)
    assert budget.end_seconds <= 1.0


def test_ends_that_keep_taking_long_are_believed():
    budget = begun(100)
    budget.settle(Timing(0.01), 500)
    for seconds in (3.0, 3.5):
        budget.end_epoch(seconds)
    assert budget.end_seconds == 3.0


def test_a_pause_between_steps_is_not_their_pace():
    assert mean_step_seconds([]) is None
    assert mean_step_seconds([1.0, 1.0, 4.0]) == pytest.approx(4 / 3)  # the third counts as 2
    assert mean_step_seconds([1.0, 1.5, 2.0]) == pytest.approx(1.5)  # uneven, not interrupted
    assert mean_step_seconds([9.0] * 50 + [1.0] * 16) == pytest.approx(1.0)  # the pace is that of the latest


def test_a_spent_budget_still_takes_one_step():
    budget = begun(10, spent=20)
    assert budget.settle(Timing(0.01), 1500) == 1
    assert budget.begin_epoch() == 1
    budget.end_epoch(1.0)
    assert budget.steps_left() == 0


def test_a_budget_spent_early_ends_the_training():
    budget = begun(100)
    budget.settle(Timing(0.01), 1500)
    budget.clock.now = 101.0
    budget.end_epoch(1.0)
    assert budget.epochs_left == budget.steps_left() == 0


def simulated(pace, seconds=900.0, group=4, end=4.0):
    """A training on a machine whose steps take `pace(share of the budget spent)` seconds: when it ended, and for each
    group of steps the share of the planned training that was done. The plan is made anew as BudgetKeeper does."""
    clock = Clock(12.0)  # start-up
    budget, step, shares = Budget(seconds, 0.0, clock), 0, []
    clock.now += 5.0  # the first steps are timed
    last = budget.settle(Timing(pace(0.0), 0.5, 0.01), 800, 100)
    while budget.epochs_left:
        budget.begin_epoch()
        latest = []
        while True:
            took = pace(clock.now / seconds)
            clock.now += group * took
            step += group
            latest.append(took)
            extent = budget.follow(step, group, mean_step_seconds(latest))
            last = extent.last_step
            shares.append(step / max(last, 1))
            if extent.is_over:
                break
        clock.now += end
        budget.end_epoch(end)
    return clock.now, shares


@pytest.mark.parametrize("at", [0.05, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_budget_is_kept_when_the_speed_changes_twofold(at, factor):
    """Fifteen minutes of steps of 0.3 s, until a program beside it starts or ends."""
    ended, shares = simulated(lambda spent: 0.3 * (factor if spent > at else 1.0))
    assert ended == pytest.approx(900, rel=0.02)
    assert shares[-1] == 1.0  # the learning rate has come to its end too


def test_a_budget_is_kept_when_the_first_steps_were_slow():
    """Another program was running while the first steps were timed, and ended soon after."""
    ended, _ = simulated(lambda spent: 0.6 if spent < 0.03 else 0.3)
    assert ended == pytest.approx(900, rel=0.02)


def test_a_budget_is_kept_on_a_machine_with_moods():
    ended, _ = simulated(lambda spent: 0.2 + 0.2 * (int(spent * 37) % 3))
    assert ended == pytest.approx(900, rel=0.02)


def test_epochs_share_the_steps_to_the_last():
    left, shares = 100, []
    for epochs_left in (7, 6, 5, 4, 3, 2, 1):
        shares.append(next_epoch(left, epochs_left))
        left -= shares[-1]
    assert left == 0
    assert set(shares) <= {14, 15}
