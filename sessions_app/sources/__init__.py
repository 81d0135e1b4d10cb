"""The sources of imports: files and databases of other programs, read and never written.

- `files`: JSON values from a file, an archive, a folder or stdin, a bounded part at a time
- `packing`: how a file is packed and encoded; `archives`: texts and pictures of a zip or a folder
- `json_text`: values and lines of a text; `nested`: those that are nested very deeply
- `agents_sqlite`: the SQLite file of the OpenAI Agents SDK
- `mongodb`: opens another MongoDB; `langchain_mongodb`, `agents_mongodb`, `langgraph_mongodb`: what
  those programs store there; `checkpoints`: unpacks LangGraph's
- `grouping`: puts documents of one conversation together on disk
"""
