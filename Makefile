# make tour             all six servers side by side: half a minute
# make watch STAGE=04   a server at work, live: which client waits for what
# make exercise NAME=03-truncated
#                       a server with a bug to find, until its test passes
# make check SERVER=./mine STAGE=04
#                       a stage's tests on a server of your own: a minute or two
# make torture          every stage against every disaster: ten minutes
#
# make                  builds the server of every stage, NN-stage/server
# make deps             installs what these need, and says what that is
# make test             tests the servers: two minutes; STAGE=04, only that one
# make bench            what the stages cost: a quarter of an hour, QUICK=1 less
# make diff STAGE=04    what stage 04 changes in stage 03
# make book             the book as one page, as EPUB and as PDF, in build/book
# make pictures         who waits for whom in each stage, drawn from real runs
# make help-all         what else you can tell these, and what keeps them right
#
# --- What else a reader does, and what you can tell the targets above ---
#
# make 04-epoll         builds one stage
# make watch            OPTIONS='--edge 8080' is what the server is started
#                       with; SERVER='python3 mine.py' is one of your own
# make exercise         SERVER=./mine is your fixed one; FIX=1 shows our fix
# make check            TEST='slow reader' is a part of the tests
# make torture          SERVER=./mine STAGE=04 is one of your own;
#                       DISASTER='slow reader' is a part of the table
# make bench            QUICK=1 is less exact; SCENE='busy idle' STAGES='04 06'
#                       is a part; SERVER='python3 mine.py' is one of your own;
#                       SCENE=instructions counts what doesn't vary;
#                       SCENE=million holds a million idle clients
# make faults STAGE=04  lets every call of a stage's server fail, one at a time
#                       (without STAGE, of all; SERVER=./mine, of your own)
# make pictures         COMMIT=1 draws the book's recordings, where it shows them
# make bench-plots      measures what idle clients cost, and draws it
# make bench-peers      measures ours beside what others would use
# make peers            builds those: echo servers on libevent, libuv, libev, Go
# make beyond           builds what the last chapter shows: one loop per core,
#                       io_uring, and the echo servers in Go
#
# --- What a maintainer does ---
#
# make deps-all         installs what `make test-all` and all targets here need
# make test-all         runs all tests: a quarter of an hour
# make verify           lint, analyze, memcheck, coverage, models and fuzz
# make lint             checks shell scripts and the layout of the code
# make analyze          lets gcc, clang-tidy and cppcheck read it
# make memcheck         lets valgrind look for leaks in 04 to 06
# make coverage         shows which lines of the servers the tests run
# make models STEPS=1000000
#                       runs the loop of 06 and the channel of 02 in a made-up
#                       world, in all orders, and compares them with a model
# make fuzz SECONDS=60  looks for input that breaks addresses, options or log
# make cross            the tests with musl, and on i386, arm64 and s390x with
#                       QEMU: ten minutes; TARGET=musl is one, SUITE=echo a part
# make bare             the README's two commands on a bare Debian (debootstrap),
#                       as root and as an ordinary user: five minutes
# make soak MINUTES=10  lets crowds of good and bad clients loose on 02, 04 and
#                       06, or on one STAGE; SEED=N repeats one, RATE=N is how
#                       many clients come a second
# make exercises        runs all: the broken ones fail, the fixed ones pass
# make check-book       compares the book with the code and the results, and
#                       types its sessions; SECTION=WORDS some, V=1 shows all
# make test-book        looks at that edition in a Chromium without a window
# make record           records what the page build/book/step.html steps through,
#                       again; SCENE='01 04' is a part
# make contents         writes the table of contents of the book
# make container        a shell in a small Debian that has all of this, with
#                       podman or docker; the next time, one beside it;
#                       RUN='make tour' is a command instead
# make format           lays out the code
# make clean            removes everything that was built
# make help             shows the first part of this
#
# Variables:
#   CC, CFLAGS          the compiler and your flags for it
#   SAN=LIST            builds with sanitizers: address,undefined or thread
#   HARDEN=no           builds without hardening, to see what it costs
#   POLLER=NAME         what 06 waits in: epoll or kqueue
#   KQUEUE=NAME         where Linux gets kqueue from: own or libkqueue
#   V=1                 shows the commands that build

# Whom make bench is told to measure; below, these names are lists of our own.
BENCH_STAGES := $(STAGES)
BENCH_PEERS  := $(PEERS)

CFLAGS ?= -O2 -g
SYSTEM := $(shell uname -s)
override STAGES := $(wildcard 0[1-9]-*)

ifeq ($(SYSTEM),Linux)
POLLER  ?= epoll
POLLERS := epoll kqueue
KQUEUE  ?= own
SKIPPED :=
else
POLLER  ?= kqueue
POLLERS := kqueue
KQUEUE  := system
SKIPPED := $(filter 04-%,$(STAGES))
endif

# kqueue comes from the system, from libkqueue or from our header for Linux.
KQUEUE_CPPFLAGS_own       := -Icommon/linux
KQUEUE_CPPFLAGS_libkqueue  = $(shell pkg-config --cflags libkqueue)
KQUEUE_OBJECTS_own        := build/common/linux/kqueue_on_epoll.o
KQUEUE_LIBS_libkqueue      = $(shell pkg-config --libs libkqueue)
KQUEUE_CPPFLAGS := $(KQUEUE_CPPFLAGS_$(KQUEUE))
KQUEUE_OBJECTS  := $(KQUEUE_OBJECTS_$(KQUEUE))
KQUEUE_LIBS     := $(KQUEUE_LIBS_$(KQUEUE))

# Hardening, where compiler and linker take it: they are asked when something is
# to be built, and once. (Not -fstack-clash-protection: it touches each page of
# the buffer on a thread's stack, and an idle client of 02 costs six times as
# much memory.)
HARDEN ?= yes
ifneq ($(filter-out no,$(HARDEN)),)
HARDEN_CFLAGS  = $(eval HARDEN_CFLAGS := $(shell tests/tools/taken '$(CC)' \
  -fstack-protector-strong -fPIE))$(HARDEN_CFLAGS)
HARDEN_LDFLAGS = $(eval HARDEN_LDFLAGS := $(shell tests/tools/taken '$(CC)' \
  -pie -Wl,-z,relro -Wl,-z,now))$(HARDEN_LDFLAGS)
# This has to be optimised, and sanitizers look at the same calls themselves. A
# C library that goes no further than 2 takes 3 for it.
ifneq ($(if $(SAN),,$(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))),)
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
endif

ALL_CFLAGS  = -std=gnu11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
              -pthread $(HARDEN_CFLAGS) $(CFLAGS) $(FORTIFY)
ifdef SAN
ALL_CFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all \
              -fno-omit-frame-pointer
endif
ifndef V
SAY = @echo
DO  = @
else
SAY = @:
endif
COMPILE = $(CC) -Icommon $(CPPFLAGS) $(ALL_CFLAGS) $(EXTRA_CPPFLAGS) -MMD -MP
LINK    = $(CC) $(ALL_CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) $(filter %.o,$^) \
          $(EXTRA_LIBS) -o $@

BUILT   := $(filter-out $(SKIPPED),$(STAGES))
SERVERS := $(BUILT:%=%/server)
SHARED  := $(patsubst %.c,build/%.o,$(wildcard common/*.c))
objects  = $(patsubst %.c,build/%.o,$(wildcard $1/*.c))

# The programs that wait in a poller link one of these.
POLLER_epoll  := build/04-epoll/poller.o
POLLER_kqueue := build/05-kqueue/poller.o $(KQUEUE_OBJECTS)
SIXES   := $(POLLERS:%=build/%/06-timeouts/server)

.PHONY: all tools tour watch test test-all check check-book contents diff deps \
        deps-all lint analyze memcheck coverage verify format clean help \
        help-all cross container bare \
        $(STAGES) FORCE writable
.SECONDARY:

all: $(SERVERS) build/tests/client
	@for stage in $(SKIPPED); do \
	  echo "skipped $$stage: $(SYSTEM) has no epoll; 05-kqueue is its twin"; \
	done

tools: $(SIXES)

$(BUILT): %: %/server

define server_rule
$1/server: $$(call objects,$1) $$(SHARED)
	$$(SAY) '  link     $$@'
	$$(DO)$$(LINK)
endef
$(foreach stage,$(filter-out 05-% 06-%,$(BUILT)),\
  $(eval $(call server_rule,$(stage))))

05-kqueue/server: $(call objects,05-kqueue) $(SHARED) $(KQUEUE_OBJECTS)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

build/%/06-timeouts/server: $(call objects,06-timeouts) $(SHARED)
	@mkdir -p $(@D)
	$(SAY) '  link     $@'
	$(DO)$(LINK)

build/epoll/06-timeouts/server: $(POLLER_epoll)
build/kqueue/06-timeouts/server: $(POLLER_kqueue)

06-timeouts/server: build/$(POLLER)/06-timeouts/server
	$(SAY) '  copy     $@'
	$(DO)rm -f $@ && cp $< $@

define link
@mkdir -p $(@D)
$(SAY) '  link     $@'
$(DO)$(LINK)
endef

# These include <sys/event.h>, so they have to know where it is.
KQUEUE_USERS := build/05-kqueue/poller.o build/common/linux/kqueue_on_epoll.o
$(KQUEUE_USERS): EXTRA_CPPFLAGS = $(KQUEUE_CPPFLAGS)
05-kqueue/server build/kqueue/06-timeouts/server: EXTRA_LIBS = $(KQUEUE_LIBS)

build/%.o: %.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  compile  $<'
	$(DO)$(COMPILE) -c $< -o $@

writable:
	@mkdir -p build 2>/dev/null && [ -w build ] || { echo "cannot write to" \
	  "$(CURDIR)/build: copy the project to a place of your own"; exit 1; }

# Changes when the compiler or a flag does, and everything is built anew.
build/flags: FORCE | writable
	@new=$@.$$$$; echo '$(subst ','\'',$(CC) $(CPPFLAGS) $(ALL_CFLAGS) \
	  $(HARDEN_LDFLAGS) $(LDFLAGS) $(POLLER) $(KQUEUE))' >$$new; \
	  if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

diff:
	@tests/tools/diff '$(STAGE)'

watch: all build/tests/client
	@SERVER='$(SERVER)' tests/tools/watch '$(STAGE)' $(OPTIONS)

tour: all build/tests/client
	@tests/tools/tour

# What the tests that are not slow meet.
test: all $(SIXES) build/tests/client build/tests/kqueue_conformance tests/crowd \
      $(if $(filter Linux,$(SYSTEM)),build/tests/faults.so)
	@SAN='$(SAN)' CC='$(CC)' tests/run $(STAGE)

test-all: all tools
	@SAN='$(SAN)' CC='$(CC)' tests/run --all $(STAGE)

check: build/tests/client
	@STRICT='$(STRICT)' tests/tools/check '$(SERVER)' '$(STAGE)' '$(TEST)'

check-book: all tools
	@tests/book/check --replay

contents:
	@tests/book/check --contents

deps:
	@tests/tools/deps basic

deps-all:
	@tests/tools/deps all

cross:
	@SUITE='$(SUITE)' tests/tools/cross $(TARGET)

bare:
	@tests/tools/bare

container:
	@tests/tools/container $(RUN)

lint:
	@tests/tools/lint

memcheck: all $(SIXES) build/tests/client
	@command -v valgrind >/dev/null || \
	  { echo 'valgrind is missing; make deps-all installs it'; exit 1; }
	@tests/run --all memcheck

coverage:
	@tests/tools/coverage

analyze:
	@tests/tools/analyze

verify:
	@failed=; \
	for target in lint analyze memcheck coverage models fuzz; do \
	  echo "== make $$target"; \
	  $(MAKE) --no-print-directory $$target || failed="$$failed $$target"; \
	done; \
	echo "== $${failed:+failed:}$${failed:-nothing is wrong}"; [ -z "$$failed" ]

format:
	@find 0* common tests -name '*.[ch]' -exec clang-format -i {} + && \
	  echo 'the C files are laid out'

clean:
	rm -rf build tests/crowd $(STAGES:%=%/server)

# What a reader does comes first in the comment above, then a line with ---.
help:
	@sed '/^# ---/,$$d; s/^# \{0,1\}//' Makefile

help-all:
	@sed '/^#/!q; s/^# \{0,1\}//; s/^--- \(.*\) ---$$/\1:/' Makefile

# What else the tests build stands beside them.
-include $(wildcard tests/*/rules.mk tests/*/*/rules.mk)
-include $(wildcard build/*/*.d build/*/*/*.d build/*/*/*/*.d)
