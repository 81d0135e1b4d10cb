"""`/v1/conversations`: sessions and their messages as conversations and items.

`input` reads what clients send, `views` answers, `schema` describes both for OpenAPI.
"""
