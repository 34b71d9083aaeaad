/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members of JSON objects, as all reports write them. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

/* json_add_string: "name": "value", what is no UTF-8 made valid; NULL adds nothing. */
void json_add_string (JsonBuilder *builder, const char *name, const char *value);
/* json_add_number: "name": value. */
void json_add_number (JsonBuilder *builder, const char *name, guint64 value);
/* json_add_flag: "name": true or false. */
void json_add_flag (JsonBuilder *builder, const char *name, gboolean value);
/* json_add_element: a string of the array that is open. */
void json_add_element (JsonBuilder *builder, const char *value);
