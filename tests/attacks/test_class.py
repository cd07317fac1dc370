"""A hostile class and killed runs, in small; ``bench/hostile_class.py`` runs them in full."""

from boxes import needs_bubblewrap
from harness import stopped
from hostile_class import HOSTILE, HOSTILE_NAMES, earned, hostile_run, killed_runs

pytestmark = needs_bubblewrap

STUDENTS, KILLS = 6, 4
#: Seconds for a submission: some sleep for as long as they may.
BUDGET = 40


def test_hostile_submissions_change_nobody_elses_grade(tmp_path):
    assert {attack.name for attack in HOSTILE} == HOSTILE_NAMES
    alone, among = hostile_run(tmp_path, STUDENTS, BUDGET)
    assert not stopped(alone)
    assert not stopped(among)
    assert len(earned(alone)) == STUDENTS
    assert earned(among) == earned(alone)


def test_kills_at_any_moment_are_made_up_for(tmp_path):
    assert killed_runs(tmp_path, STUDENTS, KILLS) == []
