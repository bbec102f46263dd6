import time

import pytest

from textgen.planning.budget import Budget, mean_step_seconds, next_epoch


def begun(seconds, spent=0.0):
    return Budget(seconds, time.monotonic() - spent)


def test_steps_and_epochs_fill_the_budget():
    budget = begun(100)
    # Ten milliseconds a step, an epoch's end 0.6 + 0.4 s: 6% of the budget pays for six ends, 94 s for steps.
    assert budget.settle(0.01, 0.6, steps_per_pass=1500) == pytest.approx(9400, abs=5)
    assert budget.epochs_left == 6
    # Cheap ends: an epoch for each of the two passes that fit would be too few to follow the machine.
    budget = begun(100)
    budget.settle(0.01, 0.0, steps_per_pass=5000)
    assert budget.epochs_left == 4


def test_what_is_spent_already_counts():
    # Four epochs' ends of a second, and 46 s for steps.
    assert begun(100, spent=50).settle(0.01, 0.6, 1500) == pytest.approx(4600, abs=5)


def test_an_epoch_slower_than_the_first_steps_leaves_fewer():
    budget = begun(100, spent=50)
    budget.settle(0.01, 0.6, 500)
    budget.epochs_left = 3
    # Two epochs of one second's end each are left, and 48 s for steps of 20 ms.
    assert budget.epoch_ended(step_seconds=0.02, end_seconds=1.0) == pytest.approx(2400, abs=5)
    assert budget.epochs_left == 2


def test_an_epoch_too_short_to_time_leaves_the_pace_as_it_was():
    budget = begun(100, spent=50)
    budget.settle(0.01, 0.6, 500)
    budget.epochs_left = 3
    assert budget.epoch_ended(step_seconds=None, end_seconds=1.0) == pytest.approx(4800, abs=5)


@pytest.mark.parametrize("ends", [[20.0], [20.0, 0.5], [0.5, 20.0]])
def test_a_pause_of_the_machine_in_an_epoch_s_end_is_not_expected_again(ends):
    budget = begun(100)
    budget.settle(0.01, 0.6, 500)
    for seconds in ends:
        budget.epoch_ended(0.01, end_seconds=seconds)
    assert budget.end_seconds == 1.0


def test_ends_that_take_long_again_are_believed():
    budget = begun(100)
    budget.settle(0.01, 0.6, 500)
    for seconds in (3.0, 3.5):
        budget.epoch_ended(0.01, end_seconds=seconds)
    assert budget.end_seconds == 3.0


def test_a_pause_between_steps_is_not_their_pace():
    assert mean_step_seconds([]) is None
    assert mean_step_seconds([1.0, 1.0, 4.0]) == pytest.approx(4 / 3)  # the third counts as 2
    assert mean_step_seconds([1.0, 1.5, 2.0]) == pytest.approx(1.5)  # uneven, not interrupted


def test_a_spent_budget_still_takes_one_step():
    budget = begun(10, spent=20)
    assert budget.settle(0.01, 0.6, 1500) == 1
    assert budget.epoch_ended(0.01, 1.0) == 0


def test_a_budget_spent_early_ends_the_training():
    budget = begun(100, spent=101)
    budget.settle(0.01, 0.6, 1500)
    budget.epochs_left = 5
    assert budget.epoch_ended(1.0, 1.0) == 0


def test_the_last_epoch_ends_where_the_budget_does():
    budget = begun(100, spent=90)
    budget.settle(0.01, 3.6, 1500)  # the end takes 4 s: 6 s are left for steps
    assert budget.last_epoch_holds(300, 0.01) == 300
    assert budget.last_epoch_holds(603, 0.01) == 603  # so nearly that it is left alone
    assert budget.last_epoch_holds(600, 0.02) == pytest.approx(300, abs=2)
    budget.seconds = 50
    assert budget.last_epoch_holds(600, 0.02) == 0


def test_evaluation_reads_what_the_budget_affords():
    budget = begun(100)
    assert budget.evaluation_steps(50, 0.01) == 50
    assert budget.evaluation_steps(5000, 0.01) == 200  # two seconds
    assert budget.evaluation_steps(5000, 100.0) == 1


def test_epochs_share_the_steps_to_the_last():
    left, shares = 100, []
    for epochs_left in (7, 6, 5, 4, 3, 2, 1):
        shares.append(next_epoch(left, epochs_left))
        left -= shares[-1]
    assert left == 0
    assert set(shares) <= {14, 15}
