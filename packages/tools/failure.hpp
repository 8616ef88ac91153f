/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, in words for the user */
#pragma once

#include <stdexcept>
#include <string>

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
