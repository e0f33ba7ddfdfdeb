# Fault injection: a library that makes calls fail.
.PHONY: faults
ifeq ($(SYSTEM),Darwin)
faults:
	@echo "skipped faults: macOS has no LD_PRELOAD"
else
tools: build/tests/faults.so
faults: all tools
	@STAGE='$(STAGE)' SERVER='$(SERVER)' tests/harm/faults/walk
endif

build/tests/faults.so: tests/harm/faults/faults.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  library  $@'
	$(DO)$(CC) -std=gnu11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	  -Werror -O2 -g -fPIC -shared -pthread -fno-builtin $< -ldl -o $@
