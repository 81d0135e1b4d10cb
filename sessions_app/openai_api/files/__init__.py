"""`/v1/files`: attachments as OpenAI's clients send, list and fetch files.

`views` answers, `schema` describes it for OpenAPI.
"""
