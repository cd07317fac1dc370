"""The course as a web site that needs no server: ``build/site``, made by ``autograder site``.

Notebooks stand there as students get them, with the figures of the solved run and no solution.
``figures`` runs the notebooks, ``pages`` writes what Sphinx reads, ``faults`` looks at the result.
"""
