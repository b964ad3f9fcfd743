/// linx-bench: runs the rows, prints the table, and leaves the numbers in results.json of the build folder.
#include "groups.hpp"
#include "program.hpp"
#include "table.hpp"

#include <cstdio>
#include <cstring>

namespace {

bool given(int argc, char** argv, const char* flag) {
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], flag, std::strlen(flag)) == 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    // Defaults that a command line can still override.
    std::string random = "--benchmark_enable_random_interleaving=true";
    std::string out = "--benchmark_out=" + (bench::bin_folder().parent_path() / "results.json").string();
    std::vector<char*> words(argv, argv + argc);
    words.insert(words.begin() + 1, random.data());
    if (!given(argc, argv, "--benchmark_out=")) {
        words.insert(words.begin() + 1, out.data());
    }
    int count = static_cast<int>(words.size());
    words.push_back(nullptr);
    benchmark::Initialize(&count, words.data());
    if (benchmark::ReportUnrecognizedArguments(count, words.data())) {
        return 2;
    }
    bench::add_command_rows();
    bench::add_launch_rows();
    bench::TableReporter table;
    if (benchmark::RunSpecifiedBenchmarks(&table) == 0) {
        std::fputs("no row matches the filter\n", stderr);
        return 2;
    }
    benchmark::Shutdown();
    if (table.missed() > 0) {
        std::printf("%d rows missed their target or failed\n", table.missed());
    }
    return table.missed() > 0 ? 1 : 0;
}
