/// What a fuzz target claims about the code under test.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the run, so that libFuzzer keeps the input, unless the claim holds.
#define LINX_REQUIRE(claim)                                                            \
    do {                                                                               \
        if (!(claim)) {                                                                \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim); \
            std::abort();                                                              \
        }                                                                              \
    } while (false)
