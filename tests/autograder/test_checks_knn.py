"""The kNN notebook: what its last questions are served."""

from autograder.answer_key import answer_key
from autograder.course import Course

SOURCE = Course().assignment("a1_classifiers").notebooks["knn"]


def test_work_that_builds_on_lost_questions_gets_a_second_chance():
    for question in ("knn-predict", "knn-cross-validate"):
        served = {
            name
            for check in answer_key(SOURCE).checks[question]
            for names in check.marker.builds_on.values()
            for name in names
        }
        assert "KNearestNeighbor.compute_distances_no_loops" in served
        assert "KNearestNeighbor.predict_labels" in served
        assert "cross_validate_k" not in served
