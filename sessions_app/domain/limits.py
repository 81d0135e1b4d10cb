"""All fixed bounds. Those that an operator may change are settings instead."""

# --- what a client may send -------------------------------------------------------------------
TITLE_MAX_CHARS = 200
METADATA_MAX_KEYS = 16
METADATA_KEY_MAX_CHARS = 64
METADATA_VALUE_MAX_CHARS = 512
TAGS_MAX = 16
TAG_MAX_CHARS = 64
CLIENT_ID_MAX_CHARS = 128
EXTERNAL_ID_MAX_CHARS = 128
NAME_MAX_CHARS = 64
ITEM_ID_MAX_CHARS = 128
TOOL_CALLS_MAX = 128
TOOLS_MAX = 128
TOOL_CALL_ID_MAX_CHARS = 128
JSON_MAX_DEPTH = 32
REPLY_MAX_CHARS = 500_000  # of what a model says
SEED_MAX_MESSAGES = 1_000
BATCH_MAX_MESSAGES = 100
PAGE_DEFAULT = 50
PAGE_MAX = 500
# MongoDB's `$slice` takes 31 bits; a page that begins here ends within them.
SEQ_LAST = 2**31 - 1 - PAGE_MAX
QUERY_MAX_CHARS = 4_000
SESSIONS_COUNTED = 10_000  # of a user's, for one filter
VALUES_COUNTED = 100  # of tags, or of a key of the metadata
BULK_MAX_SESSIONS = 100  # deleted or archived by one request
SEARCH_MAX_CHARS = 200
SEARCH_LIMIT_DEFAULT = 20
SEARCH_LIMIT_MAX = 100
TTL_MAX_SECONDS = 3_153_600_000  # a hundred years
USER_ID_MAX_CHARS = 255
SESSION_NAME_MAX_CHARS = EXTERNAL_ID_MAX_CHARS  # names that are made here are shorter

# A lease is renewed so early that one which MongoDB holds up for ten seconds is still good.
TURN_LEASE_SECONDS = 15
TURN_RENEW_SECONDS = 3
# Of a message's pictures, files and sounds.
PARTS_MAX = 256
PART_URL_MAX_CHARS = 8_192
PART_NAME_MAX_CHARS = 200
ALT_MAX_CHARS = 1_000
# Of a file: what of it is searched and sent, why there is none, and what its client says it is for.
ATTACHMENT_TEXT_MAX_CHARS = 1_000_000
ATTACHMENT_NOTE_MAX_CHARS = 300
FILE_PURPOSE_MAX_CHARS = 64
MODEL_NAME_MAX_CHARS = 200
FINISH_REASON_MAX_CHARS = 40
# What a model thinks before it answers, and what its server wants back (as JSON text).
REASONING_MAX_CHARS = 64_000
EXTRA_MAX_CHARS = 64_000
# What the items of a message have beyond it: an opaque item, members, ids (as JSON text).
ITEMS_MAX_CHARS = 256_000

# The longest life of an access token, and so how long a revocation is kept.
ACCESS_TOKEN_MAX_MINUTES = 60

# How many system messages at the start of a session count as its prompt.
OPENING_MAX_MESSAGES = 16

# --- how a session is stored ------------------------------------------------------------------
# When the tail holds more than TAIL_MAX_MESSAGES, its oldest messages move to buckets until
# TAIL_KEEP_MESSAGES are left: an append then rewrites a bounded document whatever the length of
# the session, and the newest page of the default size needs no bucket.
TAIL_KEEP_MESSAGES = 64
TAIL_MAX_MESSAGES = 128
TAIL_MAX_BYTES = 512 * 1024
# No append is accepted onto a tail beyond this; it spills first. With the largest request (5 MB)
# on top, whose texts stand twice where it has pictures, a session document stays below 13 MB.
TAIL_HARD_BYTES = 2 * 1024 * 1024
BUCKET_MAX_MESSAGES = 64
BUCKET_MAX_BYTES = 1024 * 1024
ANNOTATION_BLOCK = 64  # messages whose vectors and topics are stored together
RECENT_SHIFTS = 32  # how many shifts a session's own document remembers
FEEDBACK_MAX_CHARS = 2_000  # of a comment on a reply
READS_SHOWN = 100  # of staff's reads, to the user whose sessions they read
BRANCHES_MESSAGES = 5_000  # how far back from the newest a branch may have been left
RESETS_KEPT = 16  # how many context resets can be undone
SEQ_DIGITS = 12  # zero-padding of `first_seq` in a bucket's _id, so that ids sort like numbers

CONTEXT_MAX_MESSAGES_DEFAULT = 1_000
# Shown for a session whose own cannot be read; a new one gets the setting CONTEXT_MAX_TOKENS.
CONTEXT_TOKENS_DEFAULT = 4_000

# --- how sessions end -------------------------------------------------------------------------
SWEEP_BATCH = 25  # sessions in one transaction of a sweep: larger ones make appends wait
SWEEP_BATCH_MAX = 1_000
# With all that belongs to them. MongoDB advises against transactions of many thousands.
SWEEP_BATCH_DOCUMENTS = 4_000
SWEEPS_KEPT_SECONDS = 31_536_000  # receipts of sweeps, a year
JOB_RUNS_KEPT_SECONDS = 2_592_000  # the history of jobs, 30 days
JOB_ERROR_MAX_CHARS = 500

# --- attachments -------------------------------------------------------------------------------
# What has been checked of an attachment is believed for so long.
ATTACHMENT_TRUSTED_SECONDS = 30
# An upload has ended after this long, or its process has.
UPLOAD_SECONDS = 3_600
THUMBNAIL_SIDE = 512
PREPARE_ATTEMPTS = 3

# --- imports -----------------------------------------------------------------------------------
IMPORTS_KEPT_SECONDS = 86_400  # how an import of a user's went
IMPORT_REASON_MAX_CHARS = 1_000  # why a conversation was refused, or the whole file
IMPORT_COUNTED_MAX_CHARS = 1_000_000  # what was changed and left, by name

# --- what a client may repeat ------------------------------------------------------------------
CREATIONS_KEPT_SECONDS = 86_400  # which session a key has created

# --- what staff see and write -----------------------------------------------------------------
REASON_MAX_CHARS = 500
NOTE_MAX_CHARS = 4_000
REVIEW_PAGE = 50  # conversations, or lines of the log, on a page
REVIEW_MESSAGES = 100  # messages on a page of a transcript
REVIEW_COUNTED = 1_000  # more are shown as "1,000+"
# Index entries that one page of the list scans before it stops and says how far it got.
REVIEW_LOOKED_THROUGH = 15_000
# Documents, where the filter's values are not all in the index.
REVIEW_READ_THROUGH = 1_000
REVIEW_BULK = 100  # conversations that one action is carried out on
