# The models and the fuzz targets; see tests/harm/fuzz/README.md.

FUZZ    := build/tests/harm/fuzz
STEPS   ?= 1000000
SECONDS ?= 20
CLANG   ?= clang
MODELS  := build/tests/server_model build/tests/channel_stress

.PHONY: models fuzz

tools: $(MODELS)

models: $(MODELS)
	@for model in $^; do $$model $(STEPS) $(SEED) || exit; done

fuzz:
	@CLANG='$(CLANG)' tests/harm/fuzz/fuzz '$(SECONDS)'

# The real code, unchanged, with a fake in the place of the system.
FAKE = $(COMPILE) -include tests/harm/fuzz/fake_system.h -c $< -o $@

$(FUZZ)/faked-%.o: common/%.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  compile  $<, faked'
	$(DO)$(FAKE)

$(FUZZ)/faked-%.o: 06-timeouts/%.c build/flags
	@mkdir -p $(@D)
	$(SAY) '  compile  $<, faked'
	$(DO)$(FAKE)

# The model stands between the server and these.
$(FUZZ)/faked-server.o: EXTRA_CPPFLAGS = -Dmain=server_main -Wno-return-type \
  -Dlisteners_open=model_listeners_open -Dconnection_advance=model_advance
$(FUZZ)/faked-net.o: EXTRA_CPPFLAGS = -Dnet_accept=unused_net_accept
$(FUZZ)/channel_stress.o: EXTRA_CPPFLAGS = -I02-threads

build/tests/server_model: $(patsubst %,$(FUZZ)/%.o,server_model \
  connection_model listener_model fake_socket fake_memory model \
  $(addprefix faked-,server connection deadlines listener array net)) \
  build/common/address.o
	$(link)

build/tests/channel_stress: $(FUZZ)/channel_stress.o $(FUZZ)/model.o \
  build/02-threads/channel.o
	$(link)
