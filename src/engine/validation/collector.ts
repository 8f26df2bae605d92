/** What a batch's pass over its rules comes to: counts, samples, and the rows to quarantine. */
import { DIVIDER, type Fate, type NumberedCheck } from "../../validate/mod.ts";
import { TextSpool } from "./text_spool.ts";

/** Rows kept of each check, for reports. */
const SAMPLES = 5;
/** A run that is to fail does not need to know of more rows than these. */
const ENOUGH_FAILURES = 1_000;

/** Rows of a batch, by what becomes of them, and by check. */
export interface BatchCount {
  readonly fail: number;
  readonly quarantine: number;
  readonly skip: number;
  readonly warn: number;
  /** By index of the check. */
  readonly checks: readonly number[];
}

/** A row that breaks a check. */
export interface Sample {
  readonly value: string | null;
  readonly message: string;
  /** The text of a JSON object. */
  readonly row: string;
}

/** The strongest first: a row that breaks several rules gets what the strongest asks. */
const FATES: readonly Fate[] = ["fail", "quarantine", "skip", "warn"];

export class Collector {
  readonly #checks: readonly NumberedCheck[];
  readonly #maxRejected: number | undefined;
  readonly quarantined: TextSpool;
  #fates = { fail: 0, quarantine: 0, skip: 0, warn: 0 };
  #counts: number[];
  /** Texts of the first rows of each check, of the whole run. */
  readonly #samples: string[][];
  #stopped = false;

  constructor(
    checks: readonly NumberedCheck[],
    options: { maxRejected?: number; temporaryDirectory?: string },
  ) {
    this.#checks = checks;
    this.#maxRejected = options.maxRejected;
    this.quarantined = new TextSpool(options.temporaryDirectory);
    this.#counts = checks.map(() => 0);
    this.#samples = checks.map(() => []);
  }

  /** Forgets the batch before, or the attempt before. */
  begin(): void {
    this.quarantined.clear();
    this.#fates = { fail: 0, quarantine: 0, skip: 0, warn: 0 };
    this.#counts = this.#checks.map(() => 0);
    this.#stopped = false;
  }

  /** True where it ended the statement, because there is no use in going on. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes rows as `splitSql` hands them over. */
  take(texts: readonly string[]): void {
    for (const text of texts) {
      const end = text.indexOf(DIVIDER);
      const broken = text.slice(0, end).split(",").map(Number);
      let strongest = FATES.length - 1;
      for (const index of broken) {
        this.#counts[index]!++;
        const samples = this.#samples[index]!;
        if (samples.length < SAMPLES) samples.push(text);
        strongest = Math.min(strongest, FATES.indexOf(this.#checks[index]!.rule.fate));
      }
      const fate = FATES[strongest]!;
      this.#fates[fate]++;
      if (fate === "quarantine") this.quarantined.push(text.slice(end + 1));
    }
    const { fail, quarantine, skip } = this.#fates;
    const tooMany = this.#maxRejected !== undefined && quarantine + skip > this.#maxRejected;
    if (fail < ENOUGH_FAILURES && !tooMany) return;
    this.#stopped = true;
    throw new Error("validation stops the load");
  }

  get count(): BatchCount {
    return { ...this.#fates, checks: [...this.#counts] };
  }

  /** The first rows that break a check. */
  samples(index: number): Sample[] {
    const { name } = this.#checks[index]!.check;
    return this.#samples[index]!.map((text) => {
      const [, faults, row] = split(text);
      const fault = (JSON.parse(faults) as { rule: string; value: string | null; message: string }[])
        .find(({ rule }) => rule === name);
      return { value: fault?.value ?? null, message: fault?.message ?? "", row };
    });
  }
}

/** The parts of a text that is handed over. */
export function split(text: string): [indexes: string, faults: string, row: string] {
  const first = text.indexOf(DIVIDER);
  return [text.slice(0, first), ...splitKept(text.slice(first + 1))];
}

/** The parts of a text that quarantine keeps. */
export function splitKept(text: string): [faults: string, row: string] {
  const at = text.indexOf(DIVIDER);
  return [text.slice(0, at), text.slice(at + 1)];
}
