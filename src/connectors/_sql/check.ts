/** What can be said of `source.incremental` before anything is opened. Pure. */
import type { ConfigProblem, Incremental, WriteMode } from "../../sdk/mod.ts";

const NUMBER = /^\d+(\.\d+)?$/;
const UNIT = "(microsecond|millisecond|second|sec|minute|min|hour|day|week|month|quarter|year)s?";
const INTERVAL = new RegExp(`^(\\d+(\\.\\d+)?\\s*${UNIT}[\\s,]*)+$`, "i");

/** Whether a lag is a plain number (for number cursors) rather than an interval (for dates and times). */
export function isNumberLag(lag: string): boolean {
  return NUMBER.test(lag.trim());
}

/**
 * Problems with an `incremental` block that need no look at the data. Keys are relative to the source block.
 * Strategies that need no column (`modified_time`, `cdc`, `custom`) are the connector's own to check.
 */
export function checkIncremental(incremental: Incremental, writeMode?: WriteMode): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const byColumn = ["cursor", "timestamp", "watermark"].includes(incremental.strategy);
  if (byColumn && (incremental.cursorColumn ?? "").trim() === "") {
    problems.push({
      key: ["incremental", "cursor_column"],
      message: `The strategy "${incremental.strategy}" needs a column to go by.`,
      hint: "name the column that grows with every new or changed row, such as updated_at",
    });
  }
  if (incremental.lag !== undefined) problems.push(...checkLag(incremental.lag, { byColumn, writeMode }));
  const { initialValue, endValue } = incremental;
  if (initialValue !== undefined && endValue !== undefined && !inOrder(initialValue, endValue)) {
    problems.push({
      key: ["incremental", "end_value"],
      message:
        `The end value ${endValue} is not above the initial value ${initialValue}, so nothing would be read.`,
      hint: "end_value is exclusive: the first value that is not wanted any more",
    });
  }
  return problems;
}

function checkLag(lag: string, use: { byColumn: boolean; writeMode?: WriteMode }): ConfigProblem[] {
  const key = ["incremental", "lag"];
  if (!use.byColumn) {
    return [{ key, message: "A lag has no meaning without a cursor column.", hint: "remove it" }];
  }
  if (!isNumberLag(lag) && !INTERVAL.test(lag.trim())) {
    return [{
      key,
      message: `The lag "${lag}" is neither an interval nor a number.`,
      hint: 'write "15 minutes" or "1 day" for dates and times, a number such as "100" for number columns',
    }];
  }
  if (use.writeMode === "append") {
    return [{
      key,
      message: "A lag reads rows a second time, and with write_mode append they would be there twice.",
      hint: "use write_mode: merge with merge_keys, or remove the lag",
    }];
  }
  return [];
}

/** False only where both values are plain numbers, or both ISO dates or times, and the order is wrong. */
function inOrder(low: string, high: string): boolean {
  const number = /^-?\d+(\.\d+)?$/;
  if (number.test(low) && number.test(high)) return Number(low) < Number(high);
  const date = /^\d{4}-\d\d-\d\d(T|\s|$)/;
  const zone = /[+-]\d\d(:?\d\d)?$/;
  const sameForm = [low, high].every((text) => date.test(text) && !zone.test(text.slice(10)));
  return !sameForm || low.replace("T", " ").replace(/Z$/, "") < high.replace("T", " ").replace(/Z$/, "");
}
