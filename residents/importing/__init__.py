"""Bringing a community's own lists into the register: dwellings, people, owners and cards, from CSV or XLSX.

An uploaded file is looked at in memory and never written. What is kept of it, until the import is forgotten, is one
sealed row for each of its lines, under a key of the import's own; an identity number is dropped while the file is read
and reaches nothing else. In the order of the work: `packing` (is the file safe to open), `headings` (which column is
what), `reading` (bytes to lines), `cleaning` (a line to an entry), `planning` (what each entry would change),
`uploading` (the dry run), `applying`, `undoing`, and `life` (how long it is kept).
"""
