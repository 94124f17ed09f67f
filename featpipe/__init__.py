"""From raw EEG and eye-tracker recordings to feature tables."""

__version__ = "0.1.0"
