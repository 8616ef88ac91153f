# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by scripts/test, which sources this
#
# Which tests some of its groups have.

# VM tests that take each kind of client, each path and a change of each through the sanitized stack
SANITIZED_TESTS=(Clients.test_killed_clients_leave_the_guest_and_the_next_client_alone
                 Clients.test_local_and_remote_clients_are_each_served_their_way
                 Screen.test_a_remote_client_follows_six_sizes_while_streaming
                 Screen.test_the_cursor_is_seen
                 Screen.test_a_disabled_head_comes_back
                 Hardware.test_the_cards_encoder_gets_the_guests_own_buffers
                 Hardware.test_an_error_in_mid_stream_gives_way_to_software
                 EncoderFaults.test_clients_that_leave_while_an_encoder_stalls_keep_nobody_waiting
                 Migration.test_a_moving_guest_is_saved_whole_while_its_display_keeps_it_waiting
                 GlReset.test_a_lost_context_is_rebuilt_and_the_picture_goes_on)
SANITIZED_LONG_TESTS=(Clients.test_a_remote_client_comes_leaves_and_returns_while_the_guest_flips
                      Clients.test_a_local_client_comes_leaves_and_returns_while_the_guest_flips
                      Clients.test_a_local_client_that_never_answers_does_not_freeze_the_guest
                      Dmabuf.test_without_dmabufs_a_local_client_is_served_as_a_remote_one
                      Screen.test_a_local_client_follows_six_sizes_while_streaming
                      Screen.test_a_remote_client_sees_two_heads_on_one_framebuffer
                      Lifecycle.test_the_firmware_is_seen_again_after_a_reset
                      Hardware.test_heads_of_one_framebuffer_are_encoded_each_its_part
                      EncoderFaults.test_an_encoder_that_stalls_gives_way_to_the_next_path
                      Migration.test_a_client_follows_a_moving_guest_by_connecting_again
                      Migration.test_a_local_client_is_let_go_and_finds_the_guest_at_its_destination
                      Access.test_encrypted_clients_are_served_as_remote_ones
                      Access.test_sasl_users_are_served_and_nobody_else
                      Frozen.test_a_stopped_local_client_does_not_hold_up_the_guest)
# QEMU's own tests that reach what the queue touches: every display device, the monitor's
# commands and QAPI; and the queue's, in QEMU's form
QEMU_TESTS=(qtest-x86_64/display-vga-test qtest-x86_64/test-hmp qtest-x86_64/qmp-cmd-test
            qtest-x86_64/qmp-test qtest-x86_64/device-introspect-test qtest-x86_64/qos-test
            test-qmp-cmds test-qapi-util
            qtest-x86_64/screendump-test func-x86_64-spice_gl)
QEMU_TEST_TARGETS=(tests/qtest/display-vga-test tests/qtest/test-hmp tests/qtest/qmp-cmd-test
                   tests/qtest/qmp-test tests/qtest/device-introspect-test tests/qtest/qos-test
                   tests/unit/test-qmp-cmds tests/unit/test-qapi-util tests/qtest/screendump-test)
