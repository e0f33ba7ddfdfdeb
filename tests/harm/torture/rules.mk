# make torture: every stage against every disaster.

.PHONY: torture
torture: all tools
	@STAGE='$(STAGE)' DISASTER='$(DISASTER)' SERVER='$(SERVER)' \
	  VARIANTS='$(VARIANTS)' SAN='$(SAN)' tests/harm/torture/run

# A server that torture.bats expects to fail.
tools: build/tests/torture/broken
build/tests/torture/broken: build/tests/harm/torture/broken.o $(SHARED)
	$(link)
