# The front door: a thin face over Meson and Ninja. `make help` lists what it does.
BUILD ?= build
SOURCES = $(shell git ls-files '*.c' '*.h' '*.cc')

.PHONY: all help setup test catboost demo bench bench-services bench-models services services-stop lint format docs clean
.NOTPARALLEL:

all:
	@tools/setup.sh build ui
	@tools/build.sh $(BUILD) haechi

help:
	@echo "make            build $(BUILD)/haechi (installs what is missing first)"
	@echo "make setup      install everything: to build, test, lint and measure"
	@echo "make test       build, then run every test"
	@echo "make catboost   set up the Python environment that 'haechi train catboost' trains in"
	@echo "make demo       watch frauds being caught; RATE=5 a second, FOR=30s to end by itself,"
	@echo "                DATA=DIR to use the published fraudTrain.csv and fraudTest.csv"
	@echo "make bench      measure what docs/benchmarks.md promises; make bench-services what it"
	@echo "                promises beside a real Kafka and Neo4j; make bench-models how good the"
	@echo "                models are (docs/models.md), on BENCH_DATA=DIR as the page says"
	@echo "make services   start a real Kafka, Neo4j and MLflow to test against, on loopback;"
	@echo "                make services-stop ends them, tools/services.py --help tells more"
	@echo "make lint       the formatter's check, the rooms, the static checkers"
	@echo "make format     format the sources"
	@echo "make docs       write docs/features.md anew from the catalogue of features"
	@echo "make clean      remove what was built and the demo's data"

setup:
	@tools/setup.sh build ui test lint bench

test:
	@tools/setup.sh build ui test
	@tools/build.sh $(BUILD) all
	@tools/python_env.py catboost >/dev/null || echo "make test: the tests with CatBoost are skipped"
	@tools/test.sh $(BUILD)

catboost:
	@tools/setup.sh python
	@tools/python_env.py catboost

# exec: on Ctrl-C a shell between would die at once, and make not wait for the demo to clean up.
demo:
	@exec env RATE='$(RATE)' FOR='$(FOR)' DATA='$(DATA)' BUILD='$(BUILD)' tools/demo.sh

bench:
	@tools/setup.sh build ui bench python
	@tools/build.sh $(BUILD) all
	@tools/python_env.py catboost >/dev/null || echo "make bench: CatBoost is not measured"
	@tools/bench.py $(BUILD)

bench-services:
	@tools/setup.sh build ui test services python
	@tools/build.sh $(BUILD) all
	@tools/services.py fetch
	@tools/bench_services.py $(BUILD)

bench-models:
	@tools/setup.sh build ui bench python
	@tools/build.sh $(BUILD) all
	@tools/python_env.py catboost >/dev/null || echo "make bench-models: CatBoost is not measured"
	@HAECHI=$(abspath $(BUILD))/haechi bench/models.py $(if $(BENCH_DATA),--data $(BENCH_DATA))

services:
	@tools/setup.sh services
	@tools/services.py start

services-stop:
	@tools/services.py stop

lint:
	@tools/setup.sh build ui lint
	@tools/lint.sh

format:
	@tools/setup.sh lint
	@clang-format -i $(SOURCES)

docs: all
	@$(BUILD)/haechi features --markdown > $(BUILD)/features.md
	@cp $(BUILD)/features.md docs/features.md

clean:
	@[ ! -d build/services ] || tools/services.py stop
	rm -rf build build-* ui/node_modules ui/dist demo-data
