/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inputs.hpp"

static void on_event(SpiceChannel *, SpiceChannelEvent event, bool *open)
{
    *open = event == SPICE_CHANNEL_OPENED;
}

Inputs::~Inputs()
{
    if (inputs) {
        g_signal_handlers_disconnect_by_data(inputs, &open);
    }
    g_clear_object(&main);
    g_clear_object(&inputs);
}

void Inputs::take(SpiceChannel *channel)
{
    if (SPICE_IS_MAIN_CHANNEL(channel)) {
        g_set_object(&main, channel);
    } else if (SPICE_IS_INPUTS_CHANNEL(channel) && !inputs) {
        g_set_object(&inputs, channel);
        g_signal_connect(inputs, "channel-event", G_CALLBACK(on_event), &open);
    }
}

bool Inputs::connect()
{
    if (!main || !inputs) {
        return false;
    }
    spice_main_channel_request_mouse_mode(SPICE_MAIN_CHANNEL(main), SPICE_MOUSE_MODE_CLIENT);
    return spice_channel_connect(inputs);
}

void Inputs::press(unsigned scancode)
{
    spice_inputs_channel_key_press_and_release(SPICE_INPUTS_CHANNEL(inputs), scancode);
}

void Inputs::move(int x, int y, int display)
{
    spice_inputs_channel_position(SPICE_INPUTS_CHANNEL(inputs), x, y, display, 0);
}

void Inputs::report(JsonBuilder *builder) const
{
    int mode = 0;
    if (main) {
        g_object_get(main, "mouse-mode", &mode, nullptr);
    }
    json_builder_set_member_name(builder, "inputs");
    json_builder_add_boolean_value(builder, open);
    json_builder_set_member_name(builder, "places_pointer");
    json_builder_add_boolean_value(builder, mode == SPICE_MOUSE_MODE_CLIENT);
}
