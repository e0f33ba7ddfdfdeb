# make peers: echo servers on what people would use instead of a loop of their
# own, to be measured beside the stages. peers.txt says what each was given.

HERE       := tests/measure/peers
PEERS_IN_C := libevent bufferevent libuv libev lean

# Each with what it needs, by the name that tests/deps has for it.
PEERS_NEED := libevent:libevent bufferevent:libevent libuv:libuv libev:libev \
              lean: go:go
ifneq ($(SYSTEM),Linux)
PEERS_NEED := $(filter-out libev:% lean:%,$(PEERS_NEED)) # they call accept4, epoll
endif

.PHONY: peers peers-ready

# One line for each that is skipped; the others are built in one make.
peers:
	@ready=; for peer in $(PEERS_NEED); do \
	  name=$${peer%%:*}; missing=$$(tests/tools/deps --missing $${peer#*:}); \
	  if [ -z "$$missing" ]; then ready="$$ready build/peers/$$name"; \
	  else echo "skipped $$name: $$missing is missing (make deps-all)"; fi; \
	done; $(MAKE) --no-print-directory peers-ready READY="$$ready"

peers-ready: $(READY)
	@:

PEER_OBJECTS := $(patsubst %.c,build/%.o,$(wildcard $(HERE)/*.c))
$(PEER_OBJECTS): EXTRA_CPPFLAGS = -DNDEBUG $(PEER_CPPFLAGS)
build/$(HERE)/libevent.o build/$(HERE)/bufferevent.o: \
  PEER_CPPFLAGS = $(shell pkg-config --cflags libevent_core)
build/peers/libevent build/peers/bufferevent: \
  EXTRA_LIBS = $(shell pkg-config --libs libevent_core)
build/$(HERE)/libuv.o: PEER_CPPFLAGS = $(shell pkg-config --cflags libuv)
build/peers/libuv: EXTRA_LIBS = $(shell pkg-config --libs libuv)
build/peers/libev: EXTRA_LIBS = -lev

$(PEERS_IN_C:%=build/peers/%): build/peers/%: build/$(HERE)/%.o \
                               build/$(HERE)/peer.o $(SHARED)
	@mkdir -p $(@D)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

# Go writes below build/ only, and fetches nothing.
build/peers/go: $(HERE)/go.go
	@mkdir -p $(@D)
	$(SAY) '  go build $<'
	$(DO)GO111MODULE=off GOENV=off GOFLAGS= CGO_ENABLED=0 \
	  GOPATH='$(CURDIR)/build/go' GOCACHE='$(CURDIR)/build/go/cache' \
	  HOME='$(CURDIR)/build/go' go build -o $@ $<
