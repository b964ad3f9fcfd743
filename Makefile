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

bench: ## benchmarks beside a bare C floor; ONLY=launch for one group
	@tools/setup build bench
	@cmake --preset bench >/dev/null
	@cmake --build --preset bench -j $(JOBS)
	@build/bench/bin/linx_bench $(if $(ONLY),--benchmark_filter="$(ONLY)")

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
