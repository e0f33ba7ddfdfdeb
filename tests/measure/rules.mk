# What make bench needs. Which servers it measures was kept aside by the Makefile.

.PHONY: bench bench-peers bench-plots

BENCH = STAGES='$(BENCH_STAGES)' PEERS='$(BENCH_PEERS)' SCENE='$(SCENE)' \
        QUICK='$(QUICK)' REFERENCE='$(or $(REFERENCE),04)' \
        SERVER='$(SERVER)' CLIENTS='$(CLIENTS)' CC='$(CC)' CFLAGS='$(CFLAGS)' \
        tests/measure/bench

bench: all $(SIXES)
	@$(BENCH)

bench-peers: all $(SIXES) peers
	@$(BENCH) peers

bench-plots: all $(SIXES)
	@$(BENCH) plots
