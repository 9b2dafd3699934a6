"""What nnlint knows of torch and its frameworks: tables, not code."""
