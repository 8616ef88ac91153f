/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spicegl-exporter: Prometheus' text format */
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "../exporter/metrics.hpp"
#include "answers.hpp"

static std::string two_machines()
{
    return metrics({{"web", true, displays_of(Value::parse(spice_answer(100, 60, 5000)))}, {"gone", false, {}}});
}

static bool has_line(const std::string &text, const std::string &line)
{
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, HaveALineForEachClient)
{
    const auto text = two_machines();
    for (const char *const line : {
             "spicegl_up{vm=\"web\"} 1",
             "spicegl_up{vm=\"gone\"} 0",
             "spicegl_display_info{vm=\"web\",display=\"0\",platform=\"gbm\",node=\"/dev/dri/renderD128\","
             "renderer=\"A GPU\"} 1",
             "spicegl_display_draws_total{vm=\"web\",display=\"0\"} 100",
             "spicegl_display_longest_draw_seconds{vm=\"web\",display=\"0\"} 0.0025000000000000001",
             "spicegl_client_frames_total{vm=\"web\",display=\"0\",client=\"7\",path=\"software\",codec=\"h264\"} 60",
             "spicegl_client_frames_total{vm=\"web\",display=\"0\",client=\"8\",path=\"local\",codec=\"\"} 90",
             "spicegl_client_frames_late_total{vm=\"web\",display=\"0\",client=\"7\",path=\"software\","
             "codec=\"h264\"} 4"}) {
        EXPECT_TRUE(has_line(text, line)) << line << " is not in\n" << text;
    }
}

TEST(Metrics, OfALinkAreThoseOfRemoteClients)
{
    EXPECT_EQ(two_machines().find("round_trip_seconds{vm=\"web\",display=\"0\",client=\"8\""), std::string::npos);
}

TEST(Metrics, HaveAllSamplesOfANameTogether)
{
    std::istringstream stream(two_machines());
    std::set<std::string> types;
    std::string current;
    for (std::string line; std::getline(stream, line);) {
        if (line.compare(0, 7, "# TYPE ") == 0) {
            current = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(types.insert(current).second) << line;
        } else if (line[0] != '#') {
            EXPECT_EQ(line.substr(0, line.find('{')), current);
        }
    }
    EXPECT_GT(types.size(), 15u);
}

TEST(Metrics, EscapeWhatEndsALabel)
{
    const auto text = metrics({{"a\"b\\c\nd", true, {}}});
    EXPECT_TRUE(has_line(text, "spicegl_up{vm=\"a\\\"b\\\\c\\nd\"} 1")) << text;
}
