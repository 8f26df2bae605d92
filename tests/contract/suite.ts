/** Runs numbered rules against a system, each as a step of a test that carries its number. */
import assert from "node:assert/strict";
import { registerBuiltins } from "../../src/builtin.ts";
import { serversRequired } from "../servers/postgres_test_case.ts";
import { Bed, type System } from "./system.ts";

/** A rule of `docs/specs/connector.md`. */
export interface Rule {
  /** As the spec numbers it: `S4`. */
  readonly id: string;
  readonly title: string;
  /** Why it does not apply to a system; undefined where it does. */
  readonly unless?: (system: System) => string | undefined | false;
  readonly run: (bed: Bed, step: Step) => Promise<void>;
}

/** A case of a rule: a step below the rule's, ignored where the system says why. */
export type Step = (name: string, body: () => Promise<void>) => Promise<void>;

/** Makes the test of a set of rules. */
export function testRules(kind: string, rules: readonly Rule[], system: System): void {
  registerBuiltins();
  const ids = new Set(rules.map((rule) => rule.id));
  const gone = Object.keys(system.lacks ?? {}).filter((key) =>
    kindOf(key) === kindOf(rules[0]!.id) && !ids.has(key.split(" ")[0]!)
  );
  if (gone.length > 0) {
    throw new Error(`${system.name} excuses itself from rules that are none: ${gone.join(", ")}`);
  }
  const missing = system.missing;
  const left = missing !== undefined && !serversRequired();
  const name = `contract, ${kind}: ${system.name}`;
  Deno.test({
    name: left ? `${name} [${missing}]` : name,
    ignore: left,
    fn: async (t) => {
      if (missing !== undefined) throw new Error(`This test ${missing}.`);
      await using place = await system.open();
      const bed = new Bed(system, place);
      for (const rule of rules) await runRule(t, rule, bed);
    },
  });
}

async function runRule(t: Deno.TestContext, rule: Rule, bed: Bed): Promise<void> {
  const { lacks = {} } = bed.system;
  const reason = lacks[rule.id] ?? (rule.unless?.(bed.system) || undefined);
  await t.step({
    name: reason === undefined ? `${rule.id} ${rule.title}` : `${rule.id} ${rule.title} [${reason}]`,
    ignore: reason !== undefined,
    fn: async (rules) => {
      await rule.run(bed, async (name, body) => {
        const why = lacks[`${rule.id} ${name}`];
        await rules.step({
          name: why === undefined ? `${rule.id} ${name}` : `${rule.id} ${name} [${why}]`,
          ignore: why !== undefined,
          fn: body,
        });
      });
      assert.deepEqual(await bed.place.leftovers?.() ?? [], [], "nothing lies about");
      assert.deepEqual(bed.leaks(), [], "no secret was shown");
    },
  });
}

/** `S` of `S4` and of `S1 arrays`. */
function kindOf(id: string): string {
  return id[0]!;
}
