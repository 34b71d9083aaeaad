/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "@answer ...": how a script bends what the honest server says. */
#pragma once

#include "imap-script-expand.h"

/* answer_style: what must be known before the command is done. */
void answer_style (Session *session, const Step *step);
/* answer_bend: the collected reply afterwards. */
void answer_bend (Session *session, const Names *names, const Step *step);
/* answer_known: whether the words are a change that exists. */
gboolean answer_known (char *const *words);
