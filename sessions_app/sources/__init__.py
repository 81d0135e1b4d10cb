"""The sources of imports: files and databases of other programs, read and never written.

`files` reads JSON values and lines from a file, an archive or stdin. `agents_sqlite` reads the
SQLite file of the OpenAI Agents SDK, `langchain_mongodb` LangChain's collection. `grouping` puts
documents of one conversation together on disk.
"""
