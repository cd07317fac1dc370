"""nbgrader's settings for this course: the ``nbgrader`` command and formgrader in JupyterLab.

The folders and the gradebook have nbgrader's own names, beside this file: source/, release/,
submitted/, autograded/, feedback/, gradebook.db.
"""

from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader puts it here

c.CourseDirectory.course_id = "vision-assignments"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)

# What a solution region becomes in the students' version.
c.ClearSolutions.code_stub = {"python": "# Write your code here.\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "Write your answer here."

# Plain `nbgrader autograde` runs whole notebooks, training included: seconds for each cell.
c.Execute.timeout = 300

# nbgrader's own steps, and before the last one ours: a written answer is shown as text, never run.
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.Execute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "autograder.autograded.Sanitize",
    "nbgrader.preprocessors.CheckCellMetadata",
]
