"""What proves who somebody is: passwords, tokens, API keys.

`tokens` has the kinds of SimpleJWT tokens, `api_keys` the keys of programs, `passwords` the rules
for a new password, `hashers` how one is stored. `expired_tokens` removes what has expired.
"""
