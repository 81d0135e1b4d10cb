"""LangChain's `trim_messages`, in an environment that has it: JSON lines in, JSON lines out.

A line in is `{"costs": [tokens of each message], "roles": […], "budgets": […]}`; a line out is the
places, from 0, of the messages kept under each budget.
"""

import json
import sys

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, trim_messages


def main() -> None:
    """Trim each conversation that comes in."""
    for line in sys.stdin:
        asked = json.loads(line)
        costs = asked["costs"]
        messages = [
            (HumanMessage if role == "user" else AIMessage)(content=f"{at}", id=f"{at}")
            for at, role in enumerate(asked["roles"])
        ]

        def count(some: list[BaseMessage], costs: list[int] = costs) -> int:
            return sum(costs[int(message.id or 0)] for message in some)

        kept = [
            trim_messages(messages, max_tokens=budget, token_counter=count, strategy="last")
            for budget in asked["budgets"]
        ]
        print(json.dumps([[int(message.id or 0) for message in some] for some in kept]), flush=True)


if __name__ == "__main__":
    main()
