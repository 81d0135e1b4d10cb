"""What every benchmark shares. To add one, write `benchmarks/<name>.py`:

    \"\"\"The question, in one sentence? Then how it is measured.\"\"\"

    from benchmarks.harness import conversations, report, rounds, store

    def main() -> None:
        parser = store.arguments(__doc__)                  # --short, --dir, --skip
        parser.add_argument("--rounds", type=int)
        options = parser.parse_args()
        number = options.rounds or (20 if options.short else 200)
        result = report.Report("<name>")
        with store.own_store(options.dir, result):         # a mongod of its own, the services on it
            variants = {"one way": ..., "another way": ...}   # calls that take no argument
            samples = rounds.interleaved(variants, rounds=number)
            for name, taken in samples.items():
                result.add(name, **report.timing(taken))   # a JSON line on stdout
        result.table()                                     # the same for people, on stderr

    if __name__ == "__main__":
        main()

Rules: variants are measured in turn, so that the noise of the machine falls on all alike; a figure
with `ratio` and `target` says whether it `holds`. Then add a case to
`tests/benchmarks/test_each_benchmark_runs.py`, and, if a document shows the figures, a function in
`benchmarks/tables.py`, marks (`<!-- <name> -->`, `<!-- end -->`) in the document and the results of
`python -m benchmarks.publish --run <name>`.

- `store`: a `mongod` of the benchmark's own and the services of this process on it; options
- `report`, `rounds`: JSON lines and tables; timing variants in turn
- `conversations`, `bulk`, `searched`, `short_sessions`: what fills a store: through the services,
  or inserted
- `contexts`, `window_reads`: planning windows, and what one reads
- `service`, `load`, `paced`, `chatters`, `uploads`: the service over HTTP, and clients that load it
- `bare_view`: the floor that the service is measured against; `steps`: views that stop half-way
- `streams`, `slow_model`, `model_server`: many streamed answers at once
- `markdown`, `plot`: tables and charts of the documents
"""
