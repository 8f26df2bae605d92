import type { Batch, Session } from "../sdk/mod.ts";

/** The session as a step gets it: what the step brings in from Arrow is noted in `made`, to be released with the batch. */
export function recordingSession(session: Session, made: Batch[]): Session {
  return {
    run: (sql) => session.run(sql),
    query: (sql) => session.query(sql),
    relation: (sql, metadata) => session.relation(sql, metadata),
    fromArrow: async (data, options) => {
      const batch = await session.fromArrow(data, options);
      made.push(batch);
      return batch;
    },
    release: (batch) => session.release(batch),
    attach: (path, options) => session.attach(path, options),
    transaction: (body) => session.transaction(body),
    temporaryName: (prefix) => session.temporaryName(prefix),
    progress: () => session.progress(),
    interrupt: () => session.interrupt(),
    registerAside: (take) => session.registerAside(take),
    close: () => session.close(),
  };
}
