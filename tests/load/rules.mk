# The load client; see tests/crowd --help.

tools: tests/crowd

tests/crowd: $(call objects,tests/load) build/common/poller_$(POLLER).o \
             $(SHARED)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

ifeq ($(POLLER),kqueue)
tests/crowd: $(KQUEUE_OBJECTS)
tests/crowd: EXTRA_LIBS = $(KQUEUE_LIBS) -lm
else
tests/crowd: EXTRA_LIBS = -lm
endif
