# make torture: every stage against every disaster.

.PHONY: torture
torture: all tools
	@STAGE='$(STAGE)' DISASTER='$(DISASTER)' SERVER='$(SERVER)' SAN='$(SAN)' \
	  tests/harm/torture/run
