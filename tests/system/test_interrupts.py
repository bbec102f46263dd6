import os
import signal
import threading

import pytest

from textgen.system.interrupts import Interrupt


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
