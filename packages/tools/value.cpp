/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "value.hpp"

#include "failure.hpp"

Value::Value(JsonNode *owned): node(owned, json_node_unref) {}

Value Value::parse(const std::string &text)
{
    GError *error = nullptr;
    JsonNode *root = json_from_string(text.c_str(), &error);
    if (error) {
        const std::string why = error->message;
        g_error_free(error);
        throw Failure("invalid JSON: " + why);
    }
    return root ? Value(root) : Value();
}

Value Value::operator[](const char *member) const
{
    if (!node || !JSON_NODE_HOLDS_OBJECT(node.get())) {
        return {};
    }
    JsonNode *found = json_object_get_member(json_node_get_object(node.get()), member);
    return found ? Value(json_node_ref(found)) : Value();
}

std::vector<Value> Value::items() const
{
    std::vector<Value> found;
    if (node && JSON_NODE_HOLDS_ARRAY(node.get())) {
        JsonArray *array = json_node_get_array(node.get());
        for (guint i = 0; i < json_array_get_length(array); i++) {
            found.push_back(Value(json_node_ref(json_array_get_element(array, i))));
        }
    }
    return found;
}

std::string Value::text() const
{
    if (!node || json_node_get_value_type(node.get()) != G_TYPE_STRING) {
        return {};
    }
    return json_node_get_string(node.get());
}

int64_t Value::number() const
{
    return node && json_node_get_value_type(node.get()) == G_TYPE_INT64 ? json_node_get_int(node.get()) : 0;
}

bool Value::yes() const
{
    return node && json_node_get_value_type(node.get()) == G_TYPE_BOOLEAN &&
           json_node_get_boolean(node.get());
}

std::string Value::written() const
{
    gchar *text = node ? json_to_string(node.get(), FALSE) : nullptr;
    const std::string copy = text ? text : "";
    g_free(text);
    return copy;
}

std::string quoted(const std::string &text)
{
    /* json-glib accepts only UTF-8, and file names may be anything */
    gchar *valid = g_utf8_make_valid(text.c_str(), gssize(text.size()));
    JsonNode *node = json_node_init_string(json_node_alloc(), valid);
    gchar *written = json_to_string(node, FALSE);
    const std::string copy = written;
    g_free(written);
    json_node_unref(node);
    g_free(valid);
    return copy;
}
