# make beyond: the programs of the book's last chapter, and its echo servers in
# Go. What the system cannot have is skipped, with a line that says why.

BEYOND    := build/tests/beyond/cores
BEYOND_GO := $(patsubst tests/book/go/%/main.go,%,$(wildcard tests/book/go/*/main.go))
ifneq ($(SYSTEM),Linux)
BEYOND_GO := $(filter-out epoll,$(BEYOND_GO))
beyond: no-epoll
endif

# It asks for what came with Linux 6.1; older headers do not know the names.
ifneq ($(shell $(CC) -E -dM -include linux/io_uring.h -x c /dev/null \
         2>/dev/null | grep IORING_SETUP_DEFER_TASKRUN),)
BEYOND += build/tests/beyond/uring
else
beyond: no-uring
endif

ifneq ($(shell command -v go),)
BEYOND += $(BEYOND_GO:%=build/go/%)
else
beyond: no-go
endif

.PHONY: beyond no-uring no-go no-epoll
beyond: $(BEYOND)
tools: $(BEYOND)

no-uring:
	@echo 'skipped uring: it needs linux/io_uring.h of Linux 6.1 or later'

no-epoll:
	@echo 'skipped tests/book/go/epoll: only Linux has epoll'

no-go:
	@echo 'skipped tests/book/go: go is missing; make deps-all installs it'

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
