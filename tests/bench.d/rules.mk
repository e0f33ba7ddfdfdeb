# rules.mk: what make bench needs. STAGES is the Makefile's own list, unless it
# was given by hand; then it is the bench's.

.PHONY: bench bench-peers bench-plots

BENCH = SCENE='$(SCENE)' QUICK='$(QUICK)' PEERS='$(PEERS)' \
        REFERENCE='$(or $(REFERENCE),04)' CC='$(CC)' CFLAGS='$(CFLAGS)' \
        STAGES='$(if $(filter command environment,$(origin STAGES)),$(STAGES))' \
        tests/bench

bench: all tools
	@$(BENCH)

bench-peers: all tools peers
	@$(BENCH) peers

bench-plots: all tools
	@$(BENCH) plots
