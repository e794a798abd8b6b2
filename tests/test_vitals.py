import os
import signal
import subprocess
import sys

import pytest

from lib import vitals


@pytest.mark.parametrize(
    ("exit_status", "words"),
    [(3, "left with exit status 3"), (-signal.SIGSEGV, "ended by SIGSEGV"), (-99, "ended by signal 99")],
)
def test_the_cause_of_death_follows_the_exit_status(exit_status, words):
    assert words in vitals.Watch(os.getpid(), None, lambda: None).cause_of_death(exit_status)


def test_a_kill_is_put_down_to_memory_only_if_the_system_killed_for_memory_meanwhile(monkeypatch):
    watch = vitals.Watch(os.getpid(), None, lambda: None)
    assert "ended by SIGKILL" in watch.cause_of_death(-9)
    one_more = vitals.oom_kills() + 1
    monkeypatch.setattr(vitals, "oom_kills", lambda: one_more)
    assert "the system killed it because memory ran out" in watch.cause_of_death(-9)
    assert "left with exit status 1" in watch.cause_of_death(1)


def test_the_last_words_are_passed_on():
    assert vitals.Watch(os.getpid(), None, lambda: None).cause_of_death(1, "no such device").endswith("no such device")


def test_memory_of_the_children_counts():
    child = "import time; data = b'x' * 300_000_000; print('ready', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.readline()
        with vitals.Watch(process.pid, 200, lambda: os.killpg(process.pid, signal.SIGKILL)) as watch:
            process.wait(60)
    assert watch.over_limit
    assert watch.peak_mb > 200
