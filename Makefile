# A thin face over the CMake presets and the scripts in tools/. `make help` lists what there is.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 300
ONLY ?=
JOBS := $(shell nproc)

.PHONY: all help setup demo test bench fuzz lint format install clean

all: ## a release build: build/bin/linx, the library, and build/bin/linx_process where Erlang's ei is found
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building and testing needs (Debian, as root)
	@tools/setup build test beam vm

demo: ## install what is missing, build, and show what linx does, on this very machine
	@tools/demo

test: ## install what is missing and run every tier of tests
	@tools/test_all

# The groups on the BEAM are beam/...; all others are those of linx_bench. CMake's own agent is not measured: Mix builds it.
bench: ## benchmarks beside a bare C floor, and on the BEAM; ONLY=launch or ONLY=beam for one group
	@tools/setup build bench $(if $(filter beam%,$(ONLY)),beam)
	@cmake --preset bench -DLINX_BUILD_AGENT=OFF >/dev/null
	@cmake --build --preset bench -j $(JOBS) $(if $(filter beam%,$(ONLY)),--target linx_bench_beam)
	@code=0; \
	$(if $(filter beam%,$(ONLY)),,build/bench/bin/linx_bench $(if $(ONLY),--benchmark_filter="$(ONLY)") || code=1;) \
	$(if $(filter-out beam%,$(ONLY)),,bench/beam/run build/bench "$(ONLY)" || code=1;) \
	exit $$code

fuzz: ## run the fuzz targets for FUZZ_SECONDS in all (default 300)
	@tools/setup build test beam
	@tools/fuzz $(FUZZ_SECONDS)

lint: ## formatting (C++ and Elixir), clang-tidy and the law of floors
	@tools/setup lint
	@tools/lint

format: ## format every C++ and Elixir file in place
	@tools/setup lint
	@tools/lint --fix-format

install: all ## install linx, the library, man pages and completions: PREFIX=/usr/local DESTDIR=
	@DESTDIR='$(DESTDIR)' cmake --install build --prefix '$(PREFIX)'

clean: ## remove everything that was built
	rm -rf build elixir/_build
