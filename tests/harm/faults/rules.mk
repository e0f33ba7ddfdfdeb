# Fault injection: a library that makes calls fail, and a server that minds.
FAULTS := build/tests/faults.so build/tests/careless

.PHONY: faults
ifeq ($(SYSTEM),Darwin)
faults:
	@echo "skipped faults: macOS has no LD_PRELOAD"
else
tools: $(FAULTS)
faults: all tools
	@STAGE='$(STAGE)' SERVER='$(SERVER)' tests/harm/faults/walk
endif

build/tests/faults.so: tests/harm/faults/faults.c tests/harm/faults/faults.h build/flags
	@mkdir -p $(@D)
	$(SAY) '  library  $@'
	$(DO)$(CC) -std=gnu11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	  -Werror -O2 -g -fPIC -shared -pthread -fno-builtin $< -ldl -o $@

build/tests/careless: build/tests/harm/faults/careless.o
	$(link)
