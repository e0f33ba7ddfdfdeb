# What make bench needs. Whom it measures was kept aside by the Makefile.

.PHONY: bench bench-peers bench-plots

BENCH = STAGES='$(BENCH_STAGES)' PEERS='$(BENCH_PEERS)' SCENE='$(SCENE)' \
        QUICK='$(QUICK)' REFERENCE='$(or $(REFERENCE),04)' \
        CLIENTS='$(CLIENTS)' CC='$(CC)' CFLAGS='$(CFLAGS)' tests/bench

bench: all tools
	@$(BENCH)

bench-peers: all tools peers
	@$(BENCH) peers

bench-plots: all tools
	@$(BENCH) plots
