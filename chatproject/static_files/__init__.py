"""Static files: what the chat page takes from npm, and how files are stored to be served.

`page_libraries` installs the browser libraries at set-up, `collecting` copies every app's files to
`STATIC_ROOT`, `hashed` stores them there compressed and under names that change with their content,
`minified` takes comments and types out of the page's own modules. `apps` says which files of other
packages no page asks for.
"""
