"""Hidden checks of the SVM notebook, against PyTorch's hinge loss and its automatic gradient."""

from assignments.standins.a1_classifiers.svm import naive, vectorized
from autograder.checks.a1_classifiers.svm import naive_loss, vectorized_loss

svm_loss_naive = naive_loss("svm-loss-naive", naive)
svm_loss_vectorized = vectorized_loss("svm-loss-vectorized", vectorized)
