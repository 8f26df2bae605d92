/** The session of batches that were made without one. Open as long as there is such a batch. */
import { createSession, type DuckSession } from "./session.ts";

let current: { readonly session: Promise<DuckSession>; users: number } | undefined;

/** A session to use, and how to say that it is used no more. */
export async function borrowSession(): Promise<{ session: DuckSession; giveBack: () => Promise<void> }> {
  const shared = current ??= { session: createSession(), users: 0 };
  shared.users++;
  let given = false;
  const giveBack = async () => {
    if (given) return;
    given = true;
    shared.users--;
    if (shared.users > 0) return;
    if (current === shared) current = undefined;
    await (await shared.session).close();
  };
  try {
    return { session: await shared.session, giveBack };
  } catch (error) {
    // Not opened, so there is nothing to close, and the next caller may try again.
    if (current === shared) current = undefined;
    throw error;
  }
}
