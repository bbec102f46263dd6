import os
import signal
import threading

import pytest

from textgen.system.interrupts import HungUp, Interrupt, Terminated, ending, raising_on_signals


def test_the_first_ctrl_c_waits_and_the_second_does_not():
    with Interrupt() as interrupt:
        interrupt.check()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_program_keeps_a_handler_of_its_own():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            interrupt.check()
        assert heard == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_works_in_another_thread():
    outcome = []

    def work():
        with Interrupt() as interrupt:
            interrupt.check()
        outcome.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == ["done"]


def test_a_terminal_that_closes_never_hurries():
    with Interrupt() as interrupt:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        with pytest.raises(HungUp):  # the first
            interrupt.check()
        with pytest.raises(Terminated):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [(signal.SIGINT, KeyboardInterrupt, 130), (signal.SIGTERM, Terminated, 143), (signal.SIGHUP, HungUp, 129)],
)
def test_each_signal_raises_in_a_block(number, error, code):
    before = signal.getsignal(number)
    with raising_on_signals() as received, raising_on_signals() as inner:
        with pytest.raises(error) as raised:
            os.kill(os.getpid(), number)
        assert received.error is inner.error is raised.type is error
        if number == signal.SIGHUP:
            os.kill(os.getpid(), number)  # says nothing new
    assert signal.getsignal(number) is before
    assert received.error is None
    assert ending(error)[0] == code


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with raising_on_signals(), Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            interrupt.check()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_noted_signal_is_known_to_the_command_line():
    """Whatever foreign code makes of it."""
    with raising_on_signals() as received, Interrupt():
        os.kill(os.getpid(), signal.SIGTERM)
        assert received.error is Terminated
