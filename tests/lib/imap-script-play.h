/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the player of scripts is made of; its functions stand in imap-server.h. */
#pragma once

#include "imap-script-answer.h"
#include "imap-script-expand.h"
#include "imap-server.h"
