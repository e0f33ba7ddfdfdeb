# make beyond: the programs of the book's last chapter, and its echo servers in
# Go. What the system cannot have is skipped, with a line that says why.

BEYOND     := build/tests/beyond/cores
BEYOND_GO  := $(patsubst tests/book/go/%/main.go,%,$(wildcard tests/book/go/*/main.go))
NOT_BEYOND :=
ifneq ($(SYSTEM),Linux)
BEYOND_GO  := $(filter-out epoll,$(BEYOND_GO))
NOT_BEYOND += 'tests/book/go/epoll: only Linux has epoll'
endif

# It asks for what came with Linux 6.1; older headers do not know the names.
ifneq ($(shell $(CC) -E -dM -include linux/io_uring.h -x c /dev/null \
         2>/dev/null | grep IORING_SETUP_DEFER_TASKRUN),)
BEYOND     += build/tests/beyond/uring
else
NOT_BEYOND += 'uring: it needs linux/io_uring.h of Linux 6.1 or later'
endif

ifneq ($(shell command -v go),)
BEYOND     += $(BEYOND_GO:%=build/go/%)
else
NOT_BEYOND += 'tests/book/go: go is missing; make deps-all installs it'
endif

.PHONY: beyond
tools: $(BEYOND)
beyond: $(BEYOND)
	@for reason in $(NOT_BEYOND); do echo "skipped $$reason"; done

build/tests/beyond/%: build/tests/book/beyond/%.o $(SHARED)
	$(link)

build/tests/beyond/cores: $(POLLER_$(POLLER))
ifeq ($(POLLER),kqueue)
build/tests/beyond/cores: EXTRA_LIBS = $(KQUEUE_LIBS)
endif

# Go writes below build/ only, and fetches nothing.
build/go/%: tests/book/go/%/main.go
	@mkdir -p $(@D)
	$(SAY) '  go build $<'
	$(DO)GO111MODULE=off GOENV=off GOFLAGS= CGO_ENABLED=0 \
	  GOPATH=$(CURDIR)/build/go GOCACHE=$(CURDIR)/build/go/cache \
	  HOME=$(CURDIR)/build/go go build -o $@ $<
