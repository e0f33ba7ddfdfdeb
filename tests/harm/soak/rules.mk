# make soak: see tests/harm/soak/soak.

.PHONY: soak
soak: all build/tests/client
	@MINUTES='$(MINUTES)' SEED='$(SEED)' RATE='$(RATE)' SERVER='$(SERVER)' \
	  tests/harm/soak/soak $(STAGE)
