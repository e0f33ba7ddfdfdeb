# The load client: see tests/crowd --help.

LOAD := $(filter-out %_test.o,$(call objects,tests/load))

all: tests/crowd

tools: tests/crowd build/tests/histogram_test

tests/crowd: $(LOAD) build/common/poller_$(POLLER).o $(SHARED)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

ifeq ($(POLLER),kqueue)
tests/crowd: $(KQUEUE_OBJECTS)
tests/crowd: EXTRA_LIBS = $(KQUEUE_LIBS) -lm
else
tests/crowd: EXTRA_LIBS = -lm
endif

build/tests/histogram_test: build/tests/load/histogram_test.o \
                            build/tests/load/histogram.o
	$(SAY) '  link     $@'
	$(DO)$(LINK)

build/tests/histogram_test: EXTRA_LIBS = -lm
