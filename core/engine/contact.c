/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first contact of an account: both sessions open and both sides listed, before
 * anything is changed. A peer that is busy or just coming back is asked again, after a
 * wait that is said aloud. Account's thread.
 */
#include "engine/contact.h"

#include "engine/retry.h"

void
account_wait (const Account *account, gint64 delay_us)
{
  GCancellable *const reasons[] = { account->request->stop, account->request->cancel,
                                    account->abandoned };
  GCancellable *polled[G_N_ELEMENTS (reasons)];
  GPollFD fds[G_N_ELEMENTS (reasons)];
  guint count = 0;
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (reasons[i] != NULL && g_cancellable_make_pollfd (reasons[i], &fds[count]))
      polled[count++] = reasons[i];
  (void) g_poll (fds, count, (gint) (delay_us / 1000));
  for (guint i = 0; i < count; i++)
    g_cancellable_release_fd (polled[i]);
}

void
account_say_retry (Account *account, gboolean source_side, const GError *reason,
                   gint64 delay_us)
{
  const char *side = source_side ? "source" : "destination";
  account_result_notice (account->result, "%s: %s; connecting again", side,
                         reason->message);
  g_autofree char *text = g_strdup_printf ("%s: %s; connecting again in %.1f s", side,
                                           reason->message,
                                           (double) delay_us / G_USEC_PER_SEC);
  Event event = { .kind = EVENT_NOTICE, .account = account->result->name, .text = text };
  events_post (account->events, &event);
}

gboolean
contact_make (Account *account, Contact *out_contact, gboolean *out_source,
              GError **error)
{
  for (guint attempt = 1;; attempt++)
    {
      GError *reason = NULL;
      Contact contact = { .lane = lane_open (account, out_source, &reason) };
      if (contact.lane != NULL)
        contact.folders = folder_set_load (contact.lane, out_source, &reason);
      if (contact.folders != NULL)
        {
          *out_contact = contact;
          return TRUE;
        }
      lane_close (contact.lane);
      RetryDecision decision = retry_decide_first (reason, attempt, g_random_int (),
                                                   account->retry_unit_us);
      if (decision.action != RETRY_RECONNECT || lane_account_should_stop (account))
        {
          g_propagate_error (error, reason);
          return FALSE;
        }
      account_say_retry (account, *out_source, reason, decision.delay_us);
      g_error_free (reason);
      account_wait (account, decision.delay_us);
    }
}

void
contact_end (Contact *self)
{
  folder_set_free (self->folders);
  lane_close (self->lane);
}
