"""The tables and plots of the study, by document."""
