/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A JSON value that may differ from what is expected, since QEMU's versions differ in what they report.
 * A value that is absent, or of another type, reads as empty or 0. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <json-glib/json-glib.h>

class Value
{
public:
    Value() = default;

    /* Throws Failure if the text is not JSON */
    static Value parse(const std::string &text);

    /* Is there one? */
    explicit operator bool() const { return node != nullptr; }

    Value operator[](const char *member) const;
    std::vector<Value> items() const;
    std::string text() const;
    int64_t number() const;
    bool yes() const;
    /* As JSON */
    std::string written() const;

private:
    explicit Value(JsonNode *owned);

    std::shared_ptr<JsonNode> node;
};

/* As a JSON string, with its quotes */
std::string quoted(const std::string &text);
