"""Staff's pages about conversations: the list, one conversation, and what staff do with them.

`listing` is the list, with `filters`, `dates` (drilling down by day) and `cursors` (its pages).
`views` shows one conversation, after asking for a reason. `actions` confirms and carries out
actions, `forms` are its forms, `recent_actions` the admin's own list, `exports` streams files,
`attachments` serves pictures and files, `presentation` has the words of all of them.
"""
