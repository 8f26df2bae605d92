import assert from "node:assert/strict";
import { errorToJson, exitCodeFor, flattenErrors, renderError, UsageError } from "../../../src/cli/errors.ts";
import { styleFor } from "../../../src/cli/style.ts";
import { ConnectorError, RecipeError, RecipeErrors } from "../../../src/sdk/mod.ts";

const location = { file: "/home/ada/recipes/orders.yaml", line: 2, column: 9 };
const readLines = (file: string) =>
  file === location.file ? ["source:", "  type: postgress", "  password: hunter2"] : undefined;

Deno.test("renderError shows code, place, message, excerpt and hint", () => {
  const error = new RecipeError("UNKNOWN_CONNECTOR", 'Connector "postgress" is not known.', {
    location,
    hint: 'did you mean "postgres"?',
  });
  assert.equal(
    renderError(error, { cwd: "/home/ada", readLines }),
    `error[UNKNOWN_CONNECTOR] recipes/orders.yaml:2:9
  Connector "postgress" is not known.
    2 |   type: postgress
      |         ^
  hint: did you mean "postgres"?
`,
  );
});

Deno.test("renderError names the recipe that extends the file", () => {
  const error = new RecipeError("X", "Wrong.", {
    location: { ...location, extendedBy: "/home/ada/main.yaml" },
  });
  const text = renderError(error, { cwd: "/home/ada" });
  assert.equal(text.split("\n")[0], "error[X] recipes/orders.yaml:2:9 (extended by main.yaml)");
});

Deno.test("renderError shows no line that may hold a secret, and redacts the rest", () => {
  const secretLine = new RecipeError("X", "Wrong.", { location: { ...location, line: 3 } });
  assert.doesNotMatch(renderError(secretLine, { cwd: "/", readLines }), /hunter2/);
  const inMessage = new RecipeError("X", "hunter2 is wrong.", { hint: "not hunter2" });
  const redact = (text: string) => text.replaceAll("hunter2", "•••");
  assert.doesNotMatch(renderError(inMessage, { cwd: "/", redact }), /hunter2/);
});

Deno.test("renderError sends no control characters of a message to the terminal", () => {
  const text = renderError(new ConnectorError("X", "bad \x1b[2J value"), { cwd: "/" });
  // deno-lint-ignore no-control-regex -- the escape character is what must not be there.
  assert.doesNotMatch(text, /\x1b/);
});

Deno.test("renderError shows causes and stacks only for debugging", () => {
  const error = new ConnectorError("X", "Wrong.", { cause: new Error("deeper"), context: { host: "a" } });
  assert.doesNotMatch(renderError(error, { cwd: "/" }), /deeper|host/);
  const debug = renderError(error, { cwd: "/", debug: true });
  assert.match(debug, /caused by Error: deeper/);
  assert.match(debug, /context: \{"host":"a"\}/);
});

Deno.test("renderError colours only with a coloured style", () => {
  const error = new RecipeError("X", "Wrong.");
  // deno-lint-ignore no-control-regex -- colours are what is looked for.
  assert.match(renderError(error, { cwd: "/", style: styleFor({ color: true }) }), /\x1b\[1;31merror/);
  // deno-lint-ignore no-control-regex -- as above.
  assert.doesNotMatch(renderError(error, { cwd: "/" }), /\x1b/);
});

Deno.test("exit codes: a wrong recipe or call is 2, everything else 1", () => {
  assert.equal(exitCodeFor(new RecipeError("X", "")), 2);
  assert.equal(exitCodeFor(new RecipeErrors([new RecipeError("X", "")])), 2);
  assert.equal(exitCodeFor(new UsageError("X", "")), 2);
  assert.equal(exitCodeFor(new ConnectorError("X", "")), 1);
  assert.equal(exitCodeFor(new Error("bug")), 1);
});

Deno.test("flattenErrors gives each part, and makes any thrown value an error of ours", () => {
  const parts = [new RecipeError("A", "a"), new RecipeError("B", "b")];
  assert.deepEqual(flattenErrors(new RecipeErrors(parts)), parts);
  assert.equal(flattenErrors("text")[0]!.message, "text");
  assert.equal(flattenErrors(new TypeError("bug"))[0]!.code, "UNEXPECTED");
});

Deno.test("errorToJson gives fields with paths as people see them", () => {
  const error = new RecipeError("X", "Wrong.", { location, hint: "do it" });
  assert.deepEqual(errorToJson(error, { cwd: "/home/ada" }), {
    name: "RecipeError",
    code: "X",
    message: "Wrong.",
    hint: "do it",
    location: { file: "recipes/orders.yaml", line: 2, column: 9 },
    retryable: false,
    context: {},
  });
});
