"""The sections of a document, as plain blocks that every format can show."""
