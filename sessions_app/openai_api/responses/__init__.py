"""`/v1/responses`: turns as OpenAI's Responses.

    views ──▶ requests ──▶ parameters, tools        what is asked for, or refused by name
          ──▶ services.responses                    what becomes of it
          ──▶ wire                                  a response, whole
          ──▶ events ──▶ pieces                     the same as events, numbered alike for everyone

An event's `sequence_number` follows from the text alone, not from how it arrived: `pieces` divides
a reply the same way for whoever reads it, whenever, at whichever worker.
"""
