"""No attack succeeds; see README.md beside this file, and docs/security.md."""

from collections import Counter

import pytest
from attacks import ATTACKS
from boxes import needs_bubblewrap
from harness import A1, A2, Act, Submitted, course_of, hand_in_honestly, try_class

pytestmark = needs_bubblewrap


def handed_in(attackers: str, assignment: str) -> list[Submitted]:
    return [
        attack
        for attack in ATTACKS
        if isinstance(attack, Submitted)
        and attack.attacker in attackers
        and attack.assignment == assignment
        and not attack.sleeps
    ]


CLASSES = {
    "bundle": handed_in("bundle", A1),
    "clone": handed_in("clone", A1),
    "neighbour": handed_in("neighbour", A1),
    "networks": handed_in("bundle clone", A2),
    "asleep": [attack for attack in ATTACKS if isinstance(attack, Submitted) and attack.sleeps],
}


@pytest.mark.parametrize("attacks", CLASSES.values(), ids=CLASSES)
def test_no_submission_succeeds(attacks, tmp_path, subtests):
    """One class run for many attacks: what one does to the others is seen, too."""
    for name, found in try_class(attacks, tmp_path).items():
        with subtests.test(name):
            assert not found, found


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if isinstance(a, Act)], ids=lambda attack: attack.name
)
def test_no_act_of_a_neighbour_succeeds(attack, tmp_path):
    course = course_of(tmp_path)
    hand_in_honestly(course)
    assert not attack.act(course)


def test_there_are_enough_for_each_attacker():
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names) >= 85
    assert min(Counter(attack.attacker for attack in ATTACKS).values()) >= 16


def test_every_class_has_what_it_needs():
    assert sum(map(len, CLASSES.values())) + sum(isinstance(a, Act) for a in ATTACKS) == len(
        ATTACKS
    )
