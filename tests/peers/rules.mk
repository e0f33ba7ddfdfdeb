# make peers: echo servers on what people would use instead of a loop of their
# own, to be measured beside the stages. peers.txt says what each was given.

PEERS_LIBEVENT := libevent bufferevent
PEERS_GO       := go go-all go-deadline go-deadline-all
PEERS_IN_C     := $(PEERS_LIBEVENT) libuv libev lean lean-threads
PEERS          := $(PEERS_IN_C) $(PEERS_GO) socat ncat
PEERS_ON_LINUX := libev lean

# What each needs, by the name that tests/tools/deps has for it.
PEERS_NEED := $(PEERS_LIBEVENT:%=%:libevent) libuv:libuv libev:libev \
              lean: lean-threads: $(PEERS_GO:%=%:go) socat:socat ncat:ncat

# One line for each that is skipped; the others are built in one make.
peers:
	@ready=; for peer in $(PEERS_NEED); do \
	  name=$${peer%%:*}; missing=$$(tests/tools/deps --missing $${peer#*:}); \
	  if [ $(SYSTEM) != Linux ] && \
	    echo ' $(PEERS_ON_LINUX) ' | grep -q " $$name "; then \
	    echo "skipped $$name: it calls what only Linux has"; \
	  elif [ -n "$$missing" ]; then echo "skipped $$name: $$missing is" \
	    "missing; make deps-all installs it"; \
	  else ready="$$ready build/peers/$$name"; fi; done; \
	$(MAKE) --no-print-directory peers-ready READY="$$ready"

peers-ready: $(READY)
	@:

peer-names:
	@echo $(PEERS)

.PHONY: peers peers-ready peer-names

PEER_OBJECTS := $(patsubst %.c,build/%.o,$(wildcard tests/peers/*.c))
$(PEER_OBJECTS): EXTRA_CPPFLAGS = -DNDEBUG $(PEER_CPPFLAGS)

$(PEERS_LIBEVENT:%=build/tests/peers/%.o): \
  PEER_CPPFLAGS = $(shell pkg-config --cflags libevent_core)
$(PEERS_LIBEVENT:%=build/peers/%): \
  EXTRA_LIBS = $(shell pkg-config --libs libevent_core)
build/tests/peers/libuv.o: PEER_CPPFLAGS = $(shell pkg-config --cflags libuv)
build/peers/libuv: EXTRA_LIBS = $(shell pkg-config --libs libuv)
build/peers/libev: EXTRA_LIBS = -lev

$(PEERS_IN_C:%=build/peers/%): build/peers/%: build/tests/peers/%.o \
                                              build/tests/peers/peer.o \
                                              build/common/process.o
	@mkdir -p $(@D)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

build/peers/%: tests/peers/%.sh
	@mkdir -p $(@D)
	$(SAY) '  copy     $@'
	$(DO)cp $< $@

$(PEERS_GO:%=build/peers/%): build/tests/peers/echo
build/peers/socat build/peers/ncat: build/tests/client

# Go writes below build/ only, and fetches nothing.
build/tests/peers/echo: tests/peers/echo.go
	@mkdir -p $(@D)
	$(SAY) '  go build $<'
	$(DO)GO111MODULE=off GOENV=off GOFLAGS= CGO_ENABLED=0 \
	  GOPATH=$(CURDIR)/build/go GOCACHE=$(CURDIR)/build/go/cache \
	  HOME=$(CURDIR)/build/go go build -o $@ $<
