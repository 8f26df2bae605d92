/** Statements as PostgreSQL and systems like it write them. */
import type { Meeting, Statements } from "./dialect.ts";

/** `t.k = s.k AND …` */
export function matching(meeting: Meeting): string {
  return meeting.keys.map((key) => `t.${key} = s.${key}`).join(" AND ");
}

/** `c = s.c, …` for all columns but the keys. */
export function assignments(meeting: Meeting, value: (index: number) => string): string {
  return meeting.columns.flatMap((column, index) =>
    meeting.keys.includes(column) ? [] : [`${column} = ${value(index)}`]
  ).join(", ");
}

const insert = ({ target, staged, columns, values }: Meeting): string =>
  `INSERT INTO ${target} (${columns.join(", ")}) SELECT ${values.join(", ")} FROM ${staged} AS s`;

export const standardStatements: Statements = {
  createTemporary: (name, columns) => `CREATE TEMPORARY TABLE ${name} (${columns.join(", ")})`,
  temporary: (name) => name,
  insert,
  insertMissing: (meeting) =>
    `${insert(meeting)} WHERE NOT EXISTS (SELECT 1 FROM ${meeting.target} AS t WHERE ${matching(meeting)})`,
  updateMatching: (meeting) => {
    const differs = meeting.differs("s");
    return `UPDATE ${meeting.target} AS t SET ${
      assignments(meeting, (i) => meeting.values[i]!)
    } FROM ${meeting.staged} AS s WHERE ${matching(meeting)}${
      differs === undefined ? "" : ` AND (${differs})`
    }`;
  },
  deleteMatching: (meeting) =>
    `DELETE FROM ${meeting.target} AS t USING ${meeting.staged} AS s WHERE ${matching(meeting)}`,
};
