# The clients: build/tests/client for the tests, tests/crowd for load.

CLIENT := $(call objects,tests/clients)
ENGINE := build/tests/clients/engine.o
CROWD  := $(call objects,tests/clients/crowd)
$(CLIENT) $(CROWD): EXTRA_CPPFLAGS = -Itests/clients

all: tests/crowd
tools: build/tests/client tests/crowd

build/tests/client: $(CLIENT) $(SHARED)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

tests/crowd: $(CROWD) $(ENGINE) $(POLLER_$(POLLER)) $(SHARED)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

ifeq ($(POLLER),kqueue)
tests/crowd: EXTRA_LIBS = $(KQUEUE_LIBS) -lm
else
tests/crowd: EXTRA_LIBS = -lm
endif
build/tests/client: EXTRA_LIBS = -lm
