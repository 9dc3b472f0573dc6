"""How fast it is: `python -m benchmarks` measures, `RESULTS.md` tells what came out."""
