# make soak: see tests/soak/run.

.PHONY: soak
tools: build/tests/soak/soak

build/tests/soak/soak: $(filter-out %/spoil.o,$(call objects,tests/soak))

ifeq ($(SYSTEM),Linux)
tools: build/tests/soak/spoil.so
build/tests/soak/spoil.so: tests/soak/spoil.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  link     $@'
	$(DO)$(COMPILE) -fPIC -shared $< -o $@
endif

soak: all build/tests/soak/soak
	@MINUTES='$(MINUTES)' SEED='$(SEED)' RATE='$(RATE)' \
	  tests/soak/run $(STAGE)
