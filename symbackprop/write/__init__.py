"""One report, several documents: LaTeX, Markdown, JSON, plain text."""
