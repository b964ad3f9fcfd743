/// `linx plan`: a launch as its steps, for people and for machines.
#include "cli/command_line.hpp"
#include "cli/entries.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/voice.hpp"
#include "vocabulary/escaped.hpp"

#include <linx/plan.hpp>

namespace linx::cli {

namespace {

std::string as_json(const std::vector<StepView>& steps) {
    Json list = Json::array();
    for (const StepView& step : steps) {
        list.push_back({{"phase", name(step.phase)},
                        {"actor", name(step.actor)},
                        {"stage", name(step.stage)},
                        {"detail", step.detail},
                        {"words", step.words}});
    }
    return written(list);
}

std::string as_text(const std::vector<StepView>& steps) {
    constexpr std::size_t actor_width = 15;
    std::string text;
    std::optional<Phase> phase;
    for (const StepView& step : steps) {
        if (phase != step.phase) {
            text += (phase ? "\n" : "") + std::string(name(step.phase)) + "\n";
            phase = step.phase;
        }
        std::string line = "  " + std::string(name(step.actor));
        line.resize(std::max(line.size() + 1, actor_width), ' ');
        text += line + escaped(step.words) + "\n";
    }
    return text;
}

}  // namespace

int plan(Arguments words) {
    auto parsed = parse_command_line(Command::plan, words);
    if (!parsed) {
        return complain_about_usage("plan", parsed.error());
    }
    if (std::holds_alternative<HelpWanted>(*parsed)) {
        return say(help_of(Command::plan));
    }
    auto& request = std::get<Request>(*parsed);
    if (request.spec.leads == Leads::nothing) {
        request.spec.leads = Leads::process_group;  // as linx run has it
    }
    const auto plan =
        request.target ? linx::plan_enter(*request.target, request.spec) : linx::plan(request.spec);
    if (!plan) {
        complain(plan.error());
        return exit_failed;
    }
    return say(request.json ? as_json(plan->steps()) : as_text(plan->steps()));
}

}  // namespace linx::cli
