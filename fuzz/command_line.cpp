/// Fuzzes whole command lines: the first line of the input is the command, each further line a word. What is
/// accepted is planned as well, as `linx plan` would.
#include "cli/command_line.hpp"
#include "fuzz/plan_claims.hpp"

#include <sstream>

namespace {

using namespace linx::cli;

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) {
        result.push_back(line.substr(0, line.find('\0')));
    }
    return result;
}

void plan(const Request& request) {
    // A plan pins pids: those of the machine that the fuzzer runs on are no part of the input.
    if (request.target || !request.spec.join.empty()) {
        return;
    }
    if (const auto planned = linx::plan(request.spec)) {
        fuzz::require_good_spec(request.spec);
        fuzz::require_good_plan(*planned);
    } else {
        fuzz::require_good_error(planned.error());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto words = lines(std::string{reinterpret_cast<const char*>(bytes), size});
    const CommandInfo* const command = words.empty() ? nullptr : command_named(words.front());
    if (command == nullptr) {
        return -1;  // of no interest to the corpus
    }
    std::vector<const char*> arguments;
    for (std::size_t i = 1; i < words.size(); ++i) {
        arguments.push_back(words[i].c_str());
    }
    const auto parsed = parse_command_line(command->command, arguments);
    if (!parsed) {
        LINX_REQUIRE(!parsed.error().empty());
    } else if (const auto* const request = std::get_if<Request>(&*parsed)) {
        plan(*request);
    }
    return 0;
}
